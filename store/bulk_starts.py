"""Bulk starts: what was asked for, the records that have yet to have their turn, and what became of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from automations.bulk_starts import BulkState, Outcome, Selection, Turn
from automations.model import Priority
from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class NewBulkStart:
    """`variables` are in canonical form. Without a priority its executions have that of the automation."""

    id: UUID
    automation_id: UUID
    state: BulkState
    selection: Selection
    variables: dict[str, Any]
    priority: Priority | None
    resume_paused: bool
    by: str
    now: datetime


async def insert_bulk_start(connection: Connection, new: NewBulkStart) -> None:
    await QUERIES.insert_bulk_start(
        connection, id=new.id, automation_id=new.automation_id, state=new.state,
        selection=new.selection.model_dump(mode="json", exclude_unset=True), variables=new.variables, priority=new.priority,
        resume_paused=new.resume_paused, by=new.by, now=new.now,
    )  # fmt: skip


async def add_bulk_start_records(connection: Connection, bulk_start_id: UUID, found: Mapping[UUID, str | None]) -> None:
    """Records with the reason why they cannot be started, or None; those that are there already stay as they are."""
    await QUERIES.add_bulk_start_records(
        connection, id=bulk_start_id, record_ids=list(found), reasons=list(found.values())
    )  # fmt: skip


async def read_bulk_start(connection: Connection, bulk_start_id: UUID) -> Any | None:
    """All columns, and `api_name`."""
    return await QUERIES.read_bulk_start(connection, id=bulk_start_id)


async def list_bulk_starts(
    connection: Connection, automation_id: UUID, *, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """Newest first."""
    rows = QUERIES.list_bulk_starts(connection, automation_id=automation_id, cursor=cursor, size=size)
    return [row async for row in rows]


async def list_bulk_start_records(
    connection: Connection,
    bulk_start_id: UUID,
    *,
    outcome: Outcome | None = None,
    cursor: UUID | None = None,
    size: int = 50,
) -> list[Any]:
    rows = QUERIES.list_bulk_start_records(connection, id=bulk_start_id, outcome=outcome, cursor=cursor, size=size)
    return [row async for row in rows]


async def take_bulk_start(connection: Connection) -> Any | None:
    """One whose next page is due, locked; with `api_name`, `active`, `object_id` and `revision` of its automation."""
    return await QUERIES.take_bulk_start(connection)


async def list_records_left(connection: Connection, bulk_start_id: UUID, size: int) -> list[UUID]:
    rows = QUERIES.list_bulk_start_records_left(connection, id=bulk_start_id, size=size)
    return [row["record_id"] async for row in rows]


async def mark_collected(connection: Connection, bulk_start_id: UUID, *, cursor: UUID, is_all: bool, now: datetime) -> None:
    """How far it has looked."""
    state = "running" if is_all else "collecting"
    await QUERIES.mark_collected(connection, id=bulk_start_id, cursor=cursor, state=state, now=now)


async def write_turns(
    connection: Connection, bulk_start_id: UUID, turns: Sequence[Turn], *, pause: timedelta, now: datetime
) -> None:
    """The next page is due after the pause."""
    await QUERIES.write_turns(
        connection, id=bulk_start_id, record_ids=[turn.record_id for turn in turns], outcomes=[turn.outcome for turn in turns],
        reasons=[turn.reason for turn in turns], execution_ids=[turn.execution_id for turn in turns], pause=pause, now=now,
    )  # fmt: skip


async def end_bulk_start(
    connection: Connection,
    bulk_start_id: UUID,
    state: Literal["completed", "canceled"],
    *,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """False if it is over already. Waits for the page that is being worked on."""
    return bool(await QUERIES.end_bulk_start(connection, id=bulk_start_id, state=state, reason=reason, now=now))


async def postpone_bulk_start(connection: Connection, bulk_start_id: UUID, pause: timedelta) -> None:
    await QUERIES.postpone_bulk_start(connection, id=bulk_start_id, pause=pause)
