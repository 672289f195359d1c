"""Bulk requests: what was asked of many executions, and what became of it for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from automations.bulk_requests import Item, ItemOutcome
from automations.executions import RequestKind
from store.audit import Actor
from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class NewBulkRequest:
    id: UUID
    kind: RequestKind
    actor: Actor
    why: str
    path: str | None
    now: datetime


async def insert_bulk_request(connection: Connection, new: NewBulkRequest, items: Sequence[Item]) -> None:
    """Items with an outcome have had their turn."""
    await QUERIES.insert_bulk_request(
        connection, id=new.id, kind=new.kind, by=new.actor.name, why=new.why, path=new.path,
        key_id=new.actor.key_id, request_id=new.actor.request_id, now=new.now,
    )  # fmt: skip
    await QUERIES.insert_bulk_request_items(connection, id=new.id, **_columns(items))
    await QUERIES.count_bulk_request(connection, id=new.id)


def _columns(items: Sequence[Item]) -> dict[str, list[Any]]:
    return {
        "places": [item.place for item in items],
        "execution_ids": [item.execution_id for item in items],
        "outcomes": [item.outcome for item in items],
        "codes": [item.code for item in items],
        "sentences": [item.sentence for item in items],
    }


async def read_bulk_request(connection: Connection, bulk_request_id: UUID) -> Any | None:
    return await QUERIES.read_bulk_request(connection, id=bulk_request_id)


async def list_bulk_requests(
    connection: Connection,
    *,
    key_id: UUID | None = None,
    cursor: UUID | None = None,
    size: int = 50,
) -> list[Any]:
    """Newest first; only those of a key, if one is said."""
    rows = QUERIES.list_bulk_requests(connection, key_id=key_id, cursor=cursor, size=size)
    return [row async for row in rows]


async def list_bulk_request_items(
    connection: Connection,
    bulk_request_id: UUID,
    *,
    outcome: ItemOutcome | None = None,
    after: int = -1,
    size: int = 50,
) -> list[Any]:
    rows = QUERIES.list_bulk_request_items(connection, id=bulk_request_id, outcome=outcome, after=after, size=size)
    return [row async for row in rows]


async def take_bulk_request(connection: Connection) -> Any | None:
    """One whose next page is due, locked."""
    return await QUERIES.take_bulk_request(connection)


async def list_items_left(connection: Connection, bulk_request_id: UUID, size: int) -> list[Any]:
    rows = QUERIES.list_bulk_request_items_left(connection, id=bulk_request_id, size=size)
    return [row async for row in rows]


async def write_items(
    connection: Connection,
    bulk_request_id: UUID,
    items: Sequence[Item],
    *,
    pause: timedelta,
    now: datetime,
) -> None:
    """The next page is due after the pause."""
    await QUERIES.write_bulk_request_items(connection, id=bulk_request_id, pause=pause, now=now, **_columns(items))


async def end_bulk_request(
    connection: Connection,
    bulk_request_id: UUID,
    state: Literal["completed", "canceled"],
    *,
    reason: str | None = None,
    now: datetime,
) -> bool:
    """False if it is over already. Waits for the page that is being worked on."""
    return bool(await QUERIES.end_bulk_request(connection, id=bulk_request_id, state=state, reason=reason, now=now))


async def postpone_bulk_request(connection: Connection, bulk_request_id: UUID, pause: timedelta) -> None:
    await QUERIES.postpone_bulk_request(connection, id=bulk_request_id, pause=pause)
