"""Open executions whose workflow Temporal does not know, and what an operator decided for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES

Decision = Literal["start_again", "end"]


async def mark_missing(connection: Connection, execution_id: UUID) -> None:
    await QUERIES.mark_missing(connection, execution_id=execution_id)


async def mark_ended(connection: Connection, execution_id: UUID) -> None:
    """One of a few, which was ended because its workflow is missing."""
    await QUERIES.mark_missing_ended(connection, execution_id=execution_id)


async def unmark_missing(connection: Connection, execution_id: UUID) -> None:
    await QUERIES.unmark_missing(connection, execution_id=execution_id)


async def count_missing(connection: Connection) -> int:
    """Those that are open."""
    return await QUERIES.count_missing(connection)


async def count_lately_missing(connection: Connection, lately: timedelta) -> int:
    """Those that are open, and those that were ended for it a short time ago."""
    return await QUERIES.count_lately_missing(connection, lately=lately)


async def list_missing(connection: Connection, *, cursor: UUID | None = None, size: int = 50) -> list[Any]:
    """By the execution's id."""
    rows = QUERIES.list_missing(connection, cursor=cursor, size=size)
    return [row async for row in rows]


@dataclass(frozen=True)
class Handled:
    """What became of the executions of one page of a recovery."""

    started: int = 0
    reloaded: int = 0
    ended: int = 0
    closed: int = 0


async def insert_recovery(connection: Connection, id: UUID, decision: Decision, *, by: str, why: str, now: datetime) -> bool:
    """False if another one is under way."""
    return bool(await QUERIES.insert_recovery(connection, id=id, decision=decision, by=by, why=why, now=now))


async def read_recovery(connection: Connection, recovery_id: UUID) -> Any | None:
    return await QUERIES.read_recovery(connection, id=recovery_id)


async def list_recoveries(connection: Connection, *, cursor: UUID | None = None, size: int = 50) -> list[Any]:
    """Newest first."""
    rows = QUERIES.list_recoveries(connection, cursor=cursor, size=size)
    return [row async for row in rows]


async def take_recovery(connection: Connection, lease: timedelta) -> Any | None:
    """The one under way, for that long; None if there is none, or another worker has it."""
    return await QUERIES.take_recovery(connection, lease=lease)


async def give_back_recovery(connection: Connection, recovery_id: UUID) -> None:
    """Whoever comes next does its page anew."""
    await QUERIES.give_back_recovery(connection, id=recovery_id)


async def list_to_recover(connection: Connection, recovery: Any, size: int) -> list[Any]:
    """The next open executions, by id: all there were, or only those that are missing."""
    query = QUERIES.list_missing_to_end if recovery["decision"] == "end" else QUERIES.list_open_to_recover
    rows = query(connection, after=recovery["cursor"], before=recovery["created_at"], size=size)
    return [row async for row in rows]


async def write_recovered(
    connection: Connection,
    recovery_id: UUID,
    handled: Handled,
    *,
    looked_at: int,
    cursor: UUID,
    is_over: bool,
    now: datetime,
) -> None:
    await QUERIES.write_recovered(
        connection, id=recovery_id, started=handled.started, reloaded=handled.reloaded,
        ended=handled.ended, closed=handled.closed, looked_at=looked_at, cursor=cursor,
        is_over=is_over, now=now,
    )  # fmt: skip


async def list_over_among(connection: Connection, workflow_ids: list[str]) -> list[Any]:
    """Those of these workflows whose execution is over."""
    rows = QUERIES.list_over_among(connection, workflow_ids=workflow_ids)
    return [row async for row in rows]
