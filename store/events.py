"""Events: what happened, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

_TURN = 0x6576656E7473  # "events"


@dataclass(frozen=True)
class Origin:
    """The chain of executions that an event came out of; a person's doing has none."""

    root_id: UUID | None = None
    depth: int = 0


async def insert_event(
    connection: Connection,
    kind: str,
    record_id: UUID | None,
    event_at: datetime,
    payload: dict[str, Any],
    root_id: UUID | None = None,
    depth: int = 0,
) -> UUID:
    """To be written in the transaction of the change that it tells of."""
    event_id = new_id()
    await QUERIES.insert_event(
        connection, id=event_id, kind=kind, record_id=record_id, event_at=event_at, payload=payload, root_id=root_id, depth=depth
    )
    return event_id


async def read_event(connection: Connection, event_id: UUID) -> Any | None:
    return await QUERIES.read_event(connection, id=event_id)


async def take_turn_with_events(connection: Connection) -> bool:
    """False while another process evaluates events. Holds until the end of the transaction, which must not stand idle."""
    return (await QUERIES.take_turn_with_events(connection, turn=_TURN))["is_ours"]


async def list_new_events(connection: Connection, size: int) -> list[Any]:
    """Those that nobody has evaluated, in the order they were written."""
    return [row async for row in QUERIES.list_new_events(connection, size=size)]


async def mark_evaluated(connection: Connection, event_ids: list[UUID], now: datetime) -> None:
    await QUERIES.mark_evaluated(connection, ids=event_ids, now=now)


async def insert_evaluation(
    connection: Connection,
    event_id: UUID,
    automation_id: UUID,
    trigger_id: str,
    outcome: str,
    reason: str | None,
    execution_id: UUID | None,
    evaluated_at: datetime,
) -> None:
    """Why a trigger started an execution at this event, or did not."""
    await QUERIES.insert_evaluation(
        connection, id=new_id(), event_id=event_id, automation_id=automation_id, trigger_id=trigger_id, outcome=outcome,
        reason=reason, execution_id=execution_id, evaluated_at=evaluated_at,
    )  # fmt: skip
