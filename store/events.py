"""Events: what happened, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.model import Priority
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

_TURN = 0x6576656E7473  # "events"
_LOW = 100
"""Events of low priority in a batch at most: regular ones that come meanwhile wait no longer than these take."""
_PROBLEM = 500
"""Characters of what went wrong that are kept."""


@dataclass(frozen=True)
class Origin:
    """The chain of executions that an event came out of, and its priority; a person's doing has no chain, and is regular."""

    root_id: UUID | None = None
    depth: int = 0
    priority: Priority = "regular"


BY_HAND = Origin()


async def insert_event(
    connection: Connection,
    kind: str,
    record_id: UUID | None,
    event_at: datetime,
    payload: dict[str, Any],
    root_id: UUID | None = None,
    depth: int = 0,
    *,
    priority: Priority = "regular",
    automation_id: UUID | None = None,
    trigger_id: str | None = None,
    idempotency_key: str | None = None,
    evaluated_at: datetime | None = None,
) -> UUID | None:
    """To be written in the transaction of the change that it tells of. None if the idempotency key was there already.

    An event that concerns one trigger alone names it and its automation. One that is evaluated at once says so.
    """
    return await QUERIES.insert_event(
        connection, id=new_id(), kind=kind, record_id=record_id, event_at=event_at, payload=payload, root_id=root_id, depth=depth,
        priority=priority, automation_id=automation_id, trigger_id=trigger_id, idempotency_key=idempotency_key,
        evaluated_at=evaluated_at,
    )  # fmt: skip


async def read_event(connection: Connection, event_id: UUID) -> Any | None:
    return await QUERIES.read_event(connection, id=event_id)


async def take_turn_with_events(connection: Connection) -> bool:
    """False while another process evaluates events. Holds until the end of the transaction, which must not stand idle."""
    return (await QUERIES.take_turn_with_events(connection, turn=_TURN))["is_ours"]


async def list_new_events(connection: Connection, size: int) -> list[Any]:
    """Those that nobody has evaluated or set aside: regular ones before those of low priority, of which a few come along.

    They come in the order they were written, and none before an earlier one of its record.
    """
    return [row async for row in QUERIES.list_new_events(connection, size=size, low=_LOW)]


async def list_unevaluated_events(connection: Connection, event_ids: Sequence[UUID]) -> list[Any]:
    """As list_new_events, those of them that are still to be evaluated."""
    return [row async for row in QUERIES.list_unevaluated_events(connection, ids=list(event_ids))]


async def list_events_to_retry(connection: Connection, now: datetime, size: int) -> list[Any]:
    """As list_new_events, those that were set aside and are to be tried again by now."""
    return [row async for row in QUERIES.list_events_to_retry(connection, now=now, size=size)]


async def count_failed_evaluation(connection: Connection, event_id: UUID) -> None:
    await QUERIES.count_failed_evaluation(connection, id=event_id)


async def set_aside(connection: Connection, event_id: UUID, problem: str, now: datetime) -> datetime | None:
    """When the event is tried again; None if it was evaluated meanwhile."""
    return await QUERIES.set_aside(connection, id=event_id, problem=problem[:_PROBLEM], now=now)


async def mark_evaluated(connection: Connection, event_ids: list[UUID], now: datetime) -> None:
    await QUERIES.mark_evaluated(connection, ids=event_ids, now=now)


@dataclass(frozen=True)
class Evaluation:
    """Why a trigger started an execution at an event, or did not: `reason` is one of automations.evaluation.Reason."""

    event_id: UUID
    automation_id: UUID
    trigger_id: str
    record_id: UUID | None
    event_at: datetime
    evaluated_at: datetime
    reason: str | None = None
    detail: str | None = None
    execution_id: UUID | None = None

    @property
    def outcome(self) -> str:
        if self.reason == "unreadable":
            return "waiting"
        return "started" if self.execution_id else "not_started"


async def insert_evaluations(connection: Connection, evaluations: Sequence[Evaluation]) -> None:
    """Once for an event and a trigger."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in evaluations] for name in _EVALUATED}
    await QUERIES.insert_evaluations(connection, ids=[new_id() for _ in evaluations], **columns)


_EVALUATED = (
    "event_id", "automation_id", "trigger_id", "record_id", "event_at", "evaluated_at", "outcome", "reason", "detail",
    "execution_id",
)  # fmt: skip
