"""Crm activities: each thing done to one is written with the event that tells of it, or not at all.

`now` is the time of the event, `origin` the chain of executions it comes out of, `by` who does it; who did the last thing
is kept. All of them raise RecordArchivedError. Employees are named by the ids of those who exist.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from automations.crm_activities import ActivityStatus, told
from store.database import Connection
from store.errors import ActivityClosedError, RecordArchivedError
from store.events import BY_HAND, Origin, insert_event
from store.ids import new_id
from store.sql import QUERIES


class ActivityChange(TypedDict, total=False):
    """What is left out stays as it is."""

    note: str
    due_at: datetime
    assigned_to: UUID | None
    assigned_role: str | None


class _State(ActivityChange, total=False):
    status: ActivityStatus
    completed_at: datetime
    execution_id: UUID | None


async def log_activity(
    connection: Connection,
    record_id: UUID,
    *,
    type: str,
    note: str = "",
    assigned_to: UUID | None = None,
    assigned_role: str | None = None,
    by: str = "",
    now: datetime,
    origin: Origin = BY_HAND,
) -> Any | None:
    """The new row of what is done already; None if there is no such record."""
    state = _State(
        status="completed", note=note, assigned_to=assigned_to, assigned_role=assigned_role, completed_at=now
    )  # fmt: skip
    return await _insert(connection, "activity_logged", record_id, type, state, by, now, origin)


async def schedule_activity(
    connection: Connection,
    record_id: UUID,
    *,
    type: str,
    due_at: datetime,
    note: str = "",
    assigned_to: UUID | None = None,
    assigned_role: str | None = None,
    execution_id: UUID | None = None,
    by: str = "",
    now: datetime,
    origin: Origin = BY_HAND,
) -> Any | None:
    """The new row of what is to be done; None if there is no such record. `execution_id` is the execution that schedules it."""
    state = _State(
        status="scheduled", note=note, due_at=due_at, assigned_to=assigned_to, assigned_role=assigned_role,
        execution_id=execution_id,
    )  # fmt: skip
    return await _insert(connection, "activity_scheduled", record_id, type, state, by, now, origin)


async def _insert(
    connection: Connection, event: str, record_id: UUID, type: str, state: _State, by: str, now: datetime, origin: Origin
) -> Any | None:
    async with connection.transaction():
        record = await QUERIES.hold_record_of_activity(connection, id=record_id)
        if record is None:
            return None
        _refuse_archived(record)
        columns = {"due_at": None, "completed_at": None, "execution_id": None, **state}
        row = await QUERIES.insert_crm_activity(
            connection, id=new_id(), record_id=record_id, type=type, by=by, now=now, **columns
        )
        return await _told(connection, event, row, now, origin)


async def change_activity(
    connection: Connection,
    activity_id: UUID,
    *,
    by: str = "",
    now: datetime,
    origin: Origin = BY_HAND,
    **change: Unpack[ActivityChange],
) -> Any | None:
    """The row after the change; None if there is no such crm activity. Raises ActivityClosedError unless it is scheduled.

    A change that changes nothing tells nobody.
    """
    async with connection.transaction():
        row = await _held(connection, activity_id)
        if row is None:
            return None
        if row["status"] != "scheduled":
            raise ActivityClosedError(activity_id, row["status"], "changed")
        if all(row[name] == value for name, value in change.items()):
            return row
        return await _update(connection, "activity_changed", row, _State(**change), by, now, origin)


async def complete_activity(
    connection: Connection, activity_id: UUID, *, by: str = "", now: datetime, origin: Origin = BY_HAND
) -> Any | None:
    """The row; None if there is no such crm activity. Raises ActivityClosedError if it is canceled."""
    return await _close(connection, activity_id, _State(status="completed", completed_at=now), by, now, origin)


async def cancel_activity(
    connection: Connection, activity_id: UUID, *, by: str = "", now: datetime, origin: Origin = BY_HAND
) -> Any | None:
    """The row; None if there is no such crm activity. Raises ActivityClosedError if it is completed."""
    return await _close(connection, activity_id, _State(status="canceled"), by, now, origin)


async def _close(connection: Connection, activity_id: UUID, state: _State, by: str, now: datetime, origin: Origin) -> Any | None:
    """Asked twice, the second time changes nothing and tells nobody."""
    async with connection.transaction():
        row = await _held(connection, activity_id)
        status = state.get("status")
        if row is None or row["status"] == status:
            return row
        if row["status"] != "scheduled":
            raise ActivityClosedError(activity_id, row["status"], str(status))
        return await _update(connection, f"activity_{status}", row, state, by, now, origin)


async def _held(connection: Connection, activity_id: UUID) -> Any | None:
    """As it is once nobody else can change it."""
    record = await QUERIES.hold_record_by_activity(connection, id=activity_id)
    if record is None:
        return None
    _refuse_archived(record)
    return await read_activity(connection, activity_id)


def _refuse_archived(record: Any) -> None:
    if record["archived_at"] is not None:
        raise RecordArchivedError(record["id"])


_CHANGING = ("status", "note", "due_at", "assigned_to", "assigned_role", "completed_at")


async def _update(connection: Connection, event: str, row: Any, state: _State, by: str, now: datetime, origin: Origin) -> Any:
    columns = {name: row[name] for name in _CHANGING} | state
    changed = await QUERIES.update_crm_activity(connection, id=row["id"], by=by, now=now, **columns)
    return await _told(connection, event, changed, now, origin)


async def _told(connection: Connection, event: str, row: Any, now: datetime, origin: Origin) -> Any:
    chain = origin.root_id, origin.depth
    await insert_event(connection, event, row["record_id"], now, {"activity": told(row)}, *chain, priority=origin.priority)
    return row


async def read_activity(connection: Connection, activity_id: UUID) -> Any | None:
    return await QUERIES.read_crm_activity(connection, id=activity_id)


async def list_activities(
    connection: Connection, record_id: UUID, *, open: bool = False, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """Newest first; with `open` those that are still to be done."""
    rows = QUERIES.list_crm_activities(connection, record_id=record_id, open=open, cursor=cursor, size=size)
    return [row async for row in rows]


async def list_activities_to_cancel(
    connection: Connection,
    record_ids: Collection[UUID],
    *,
    types: Collection[str] = (),
    execution_id: UUID | None = None,
    automation_id: UUID | None = None,
    size: int,
) -> list[UUID]:
    """The ids of what is still to be done on these records, of any type unless some are named; never of archived ones.

    Only those that this execution, or any of this automation, has scheduled, where one is named.
    """
    rows = QUERIES.list_activities_to_cancel(
        connection, record_ids=list(record_ids), types=list(types) or None, execution_id=execution_id,
        automation_id=automation_id, size=size,
    )  # fmt: skip
    return [row["id"] async for row in rows]
