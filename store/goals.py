"""Goals that wait: for which events, and by which one they were met."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.event_triggers import Listen
from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class GoalWait:
    """A step run that waits for one of its `triggers`, which listen to such events. `since` is the execution's clock."""

    execution_id: UUID
    sequence: int
    record_id: UUID
    listens: Collection[Listen]
    triggers: list[dict[str, Any]]
    since: datetime


@dataclass(frozen=True)
class GoalMeeting:
    """The first event that fits, and the trigger that it fits."""

    execution_id: UUID
    sequence: int
    event_id: UUID
    trigger: dict[str, Any]


async def insert_goal_wait(connection: Connection, wait: GoalWait) -> None:
    """To be written in the step's transaction: what happens to the record from now on counts, nothing that happened before."""
    await QUERIES.insert_goal_wait(
        connection, execution_id=wait.execution_id, sequence=wait.sequence, record_id=wait.record_id, triggers=wait.triggers,
        listens=sorted(map(str, wait.listens)), since=wait.since,
    )  # fmt: skip


async def lock_goal_wait(connection: Connection, execution_id: UUID, sequence: int) -> Any | None:
    """The row, with the event that met it if one did; nothing can meet it until the end of the transaction."""
    return await QUERIES.lock_goal_wait(connection, execution_id=execution_id, sequence=sequence)


async def delete_goal_wait(connection: Connection, execution_id: UUID, sequence: int) -> None:
    await QUERIES.delete_goal_wait(connection, execution_id=execution_id, sequence=sequence)


async def lock_open_goal_waits(connection: Connection, record_ids: Collection[UUID], listens: Collection[Listen]) -> list[Any]:
    """Those that wait for such events of these records and were not met yet."""
    rows = QUERIES.lock_open_goal_waits(connection, record_ids=list(record_ids), listens=sorted(map(str, listens)))
    return [row async for row in rows]


async def mark_goals_met(connection: Connection, met: Sequence[GoalMeeting], now: datetime) -> None:
    """Their workflows are to be signalled."""
    await QUERIES.mark_goals_met(
        connection, execution_ids=[each.execution_id for each in met], sequences=[each.sequence for each in met],
        event_ids=[each.event_id for each in met], triggers=[each.trigger for each in met], now=now,
    )  # fmt: skip


async def take_met_goals(connection: Connection, now: datetime, again_at: datetime, size: int) -> list[Any]:
    """Those whose workflows are to be signalled now; nobody else takes them before `again_at`."""
    return [row async for row in QUERIES.take_met_goals(connection, now=now, again_at=again_at, size=size)]


async def mark_signalled(connection: Connection, rows: Sequence[Any]) -> None:
    """Of rows of `take_met_goals`."""
    ids, sequences = [row["execution_id"] for row in rows], [row["sequence"] for row in rows]
    await QUERIES.mark_goals_signalled(connection, execution_ids=ids, sequences=sequences)
