"""Calls of webhooks as they came, and what came of each."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class Delivery:
    """A row to be. `query` is that of the address as it was written, `outcome` "started" or "not_started" with a reason.

    `fingerprint` is what a signed call is known by if it comes again.
    """

    id: UUID
    automation_id: UUID
    webhook: str
    method: str
    content_type: str
    query: str
    body: bytes
    received_at: datetime
    idempotency_key: str | None
    replay_of: UUID | None
    event_id: UUID | None
    outcome: str
    reason: str | None = None
    detail: str | None = None
    execution_id: UUID | None = None
    fingerprint: bytes | None = None
    sender_id: UUID | None = None


async def first_delivery(
    connection: Connection,
    automation_id: UUID,
    webhook: str,
    key: str,
    sender_id: UUID | None,
    *,
    method: str,
    query: str,
    body: bytes,
) -> Any | None:
    """What was taken under this key of the sender before, with `is_same` where it was the same call.

    Until the end of the transaction nobody else takes a call of this webhook under the key.
    """
    await QUERIES.lock_delivery_key(connection, key=f"delivery/{automation_id}/{webhook}/{key}")
    return await QUERIES.find_delivery_by_key(
        connection, automation_id=automation_id, webhook=webhook, idempotency_key=key, sender_id=sender_id, method=method,
        query=query, body=body,
    )  # fmt: skip


async def first_signed_delivery(connection: Connection, automation_id: UUID, webhook: str, fingerprint: bytes) -> Any | None:
    """What was taken with this signature before. Until the end of the transaction nobody else takes such a call."""
    await QUERIES.lock_delivery_key(connection, key=f"signed/{automation_id}/{webhook}/{fingerprint.hex()}")
    return await QUERIES.find_signed_delivery(connection, automation_id=automation_id, webhook=webhook, fingerprint=fingerprint)


async def insert_delivery(connection: Connection, delivery: Delivery) -> None:
    await QUERIES.insert_delivery(connection, **asdict(delivery))


async def read_delivery(connection: Connection, delivery_id: UUID) -> Any | None:
    """All columns, `api_name` of the automation, and the body's `size` in bytes."""
    return await QUERIES.read_delivery(connection, id=delivery_id)


async def list_deliveries(
    connection: Connection, automation_id: UUID, webhook: str, *, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """Newest first, without the bodies."""
    rows = QUERIES.list_deliveries(connection, automation_id=automation_id, webhook=webhook, cursor=cursor, size=size)
    return [row async for row in rows]
