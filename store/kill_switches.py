"""Kill switches: which stand, which stood, and the executions that they concern."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.kill_switches import KillSwitch, SwitchMode, SwitchScope
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES


async def set_kill_switch(
    connection: Connection, scope: SwitchScope, key: str, *, mode: SwitchMode, by: str, why: str, now: datetime
) -> tuple[Any, bool]:
    """The row, and whether none stood there before. One that says something else is lifted for it; call it in a transaction."""
    await QUERIES.lock_kill_switches(connection)
    standing = await QUERIES.find_standing_switch(connection, scope=scope, key=key)
    if standing and (standing["mode"], standing["set_by"], standing["why"]) == (mode, by, why):
        return standing, False
    if standing:
        await lift_kill_switch(connection, standing["id"], by=by, why="set anew", now=now)
    row = await QUERIES.insert_kill_switch(connection, id=new_id(), scope=scope, key=key, mode=mode, set_by=by, why=why, now=now)
    return row, standing is None


async def trip_kill_switch(connection: Connection, automation: str, *, limit: str, why: str, now: datetime) -> KillSwitch | None:
    """Holds what is created from now on. None if a switch stands for the automation already."""
    row = await QUERIES.trip_kill_switch(connection, id=new_id(), key=automation, tripped_by=limit, why=why, now=now)
    return _switch(row) if row else None


async def lift_kill_switch(connection: Connection, switch_id: UUID, *, by: str, why: str, now: datetime) -> Any | None:
    """None if it does not stand (any more)."""
    return await QUERIES.lift_kill_switch(connection, id=switch_id, lifted_by=by, lifted_why=why, now=now)


async def read_kill_switch(connection: Connection, switch_id: UUID) -> Any | None:
    return await QUERIES.read_kill_switch(connection, id=switch_id)


async def list_standing_switches(connection: Connection) -> list[KillSwitch]:
    return [_switch(row) async for row in QUERIES.list_standing_switches(connection)]


async def list_kill_switches(
    connection: Connection, *, standing: bool = False, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """Newest first."""
    return [row async for row in QUERIES.list_kill_switches(connection, standing=standing, cursor=cursor, size=size)]


def _switch(row: Any) -> KillSwitch:
    return KillSwitch.model_validate(dict(row))


async def lock_executions_to_cancel(connection: Connection, switch: KillSwitch, size: int) -> list[Any]:
    """Open executions that a switch of scope `all` or `automation` ends, locked."""
    wanted: dict[str, Any] = {"created_after": switch.created_after, "size": size}
    if switch.scope == "all":
        rows = QUERIES.lock_executions_to_cancel(connection, **wanted)
    else:
        rows = QUERIES.lock_executions_of_automation_to_cancel(connection, automation=switch.key, **wanted)
    return [row async for row in rows]


async def write_cancel_requests(connection: Connection, asked: Sequence[tuple[UUID, Any]]) -> None:
    """Each on its row of `lock_executions_to_cancel`; their workflows are to be told of it."""
    ids, requests = [execution_id for execution_id, _ in asked], [request for _, request in asked]
    await QUERIES.write_cancel_requests(connection, ids=ids, requests=requests)


async def list_lifted_switches(connection: Connection) -> list[Any]:
    """Those that were lifted and whose executions have not all gone on yet."""
    return [row async for row in QUERIES.list_lifted_switches(connection)]


async def settle_held(connection: Connection, switch_id: UUID, now: datetime) -> None:
    """Ends the step runs that a lifted switch held, where the execution has gone on."""
    await QUERIES.settle_held(connection, switch=str(switch_id), now=now)


async def lock_held(connection: Connection, switch_id: UUID, *, not_since: datetime, size: int) -> list[Any]:
    """A row for each lane that a lifted switch holds and that was not told to go on since then."""
    return [row async for row in QUERIES.lock_held(connection, switch=str(switch_id), not_since=not_since, size=size)]


async def mark_told(connection: Connection, rows: Sequence[Any], now: datetime) -> None:
    """Of rows of `lock_held`."""
    ids, sequences = [row["id"] for row in rows], [row["sequence"] for row in rows]
    await QUERIES.mark_told(connection, ids=ids, sequences=sequences, now=now)


async def mark_released(connection: Connection, switch_id: UUID, now: datetime, *, lifted_before: datetime) -> None:
    """Where nothing is held by it any more."""
    await QUERIES.mark_released(connection, id=switch_id, switch=str(switch_id), now=now, lifted_before=lifted_before)
