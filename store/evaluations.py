"""What triggers made of events, and the events that they have not come to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES

_SHOWN_BYTES = 8 * 1024
"""Of a payload, as Postgres keeps it."""
_MOST_WAITING = 10_000


async def list_evaluations(
    connection: Connection,
    automation_id: UUID,
    *,
    outcome: str | None = None,
    reason: str | None = None,
    record_id: UUID | None = None,
    cursor: UUID | None = None,
    size: int = 50,
) -> list[Any]:
    """Newest first, each with its event's kind and payload, which is None where it is large, and the record's name."""
    rows = QUERIES.list_evaluations(
        connection, automation_id=automation_id, outcome=outcome, reason=reason, record_id=record_id, cursor=cursor, size=size,
        payload_bytes=_SHOWN_BYTES,
    )  # fmt: skip
    return [row async for row in rows]


@dataclass(frozen=True)
class Subject:
    """A trigger of an automation (with the object that this is about), and the record that it is asked about, or all."""

    automation_id: UUID
    trigger_id: str
    object_id: UUID | None = None
    record_id: UUID | None = None


async def list_trigger_evaluations(
    connection: Connection, subject: Subject, *, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """As list_evaluations, of one trigger."""
    rows = QUERIES.list_trigger_evaluations(
        connection, automation_id=subject.automation_id, trigger_id=subject.trigger_id, record_id=subject.record_id,
        cursor=cursor, size=size, payload_bytes=_SHOWN_BYTES,
    )  # fmt: skip
    return [row async for row in rows]


async def read_listening_since(connection: Connection, subject: Subject) -> datetime | None:
    """None for a trigger that listens to no events."""
    return await QUERIES.read_listening_since(connection, automation_id=subject.automation_id, trigger_id=subject.trigger_id)


async def count_waiting_events(connection: Connection, subject: Subject, kinds: Collection[str]) -> Any:
    """in_all, of_trigger (those of these kinds that it may answer) and oldest_at of these; of the first 10,000.

    Of the trigger's own: how many are set_aside, and the problem of the first of them.
    """
    return await QUERIES.count_waiting_events(
        connection, automation_id=subject.automation_id, trigger_id=subject.trigger_id, object_id=subject.object_id,
        record_id=subject.record_id, kinds=list(kinds), most=_MOST_WAITING,
    )  # fmt: skip


async def read_last_event(connection: Connection, subject: Subject, kinds: Collection[str]) -> Any | None:
    """kind, payload and event_at of the record's newest event of these kinds, unless another trigger alone is told of it."""
    return await QUERIES.read_last_event_of_kinds(
        connection, automation_id=subject.automation_id, trigger_id=subject.trigger_id, record_id=subject.record_id,
        kinds=list(kinds),
    )  # fmt: skip


async def list_waiting_triggers(connection: Connection, size: int) -> list[Any]:
    """Those that a worker could not read: automation_id, trigger_id, revision, definition (None where they are gone)."""
    return [row async for row in QUERIES.list_waiting_triggers(connection, size=size)]


async def list_waiting_evaluations(connection: Connection, triggers: Sequence[Any], size: int) -> list[Any]:
    """Of rows of `list_waiting_triggers`: each with its event, in the order in which the events were written."""
    rows = QUERIES.list_waiting_evaluations(
        connection, automation_ids=[row["automation_id"] for row in triggers],
        trigger_ids=[row["trigger_id"] for row in triggers], size=size,
    )  # fmt: skip
    return [row async for row in rows]
