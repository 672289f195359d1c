"""The secrets that callers sign with: two of a webhook at most, while one takes the place of the other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class NewWebhookSecret:
    """`hint` is the end of it, for people; the secret itself is only in `sealed`."""

    id: UUID
    sealed: bytes
    hint: str


async def list_live_secrets(connection: Connection, automation_id: UUID, webhook: str, now: datetime) -> list[Any]:
    """Newest first."""
    return [row async for row in QUERIES.list_live_secrets(connection, automation_id=automation_id, webhook=webhook, now=now)]


async def insert_webhook_secret(
    connection: Connection, automation_id: UUID, webhook: str, new: NewWebhookSecret, *, grace: timedelta, now: datetime
) -> Any:
    """The row. The newest one before it retires after the grace time, older ones at once; hold the automation meanwhile."""
    previous = (await list_live_secrets(connection, automation_id, webhook, now))[:1]
    key = {"automation_id": automation_id, "webhook": webhook}
    await QUERIES.delete_secrets_but(connection, **key, keep=[row["id"] for row in previous])
    for row in previous:
        await QUERIES.retire_webhook_secret(connection, id=row["id"], retires_at=now + grace)
    return await QUERIES.insert_webhook_secret(connection, id=new.id, **key, sealed=new.sealed, hint=new.hint, now=now)


async def delete_webhook_secret(connection: Connection, automation_id: UUID, webhook: str, secret_id: UUID) -> bool:
    """False if there is none such."""
    return bool(await QUERIES.delete_webhook_secret(connection, automation_id=automation_id, webhook=webhook, id=secret_id))


async def lock_webhook_secrets_unlike(connection: Connection, mark: bytes, *, after: UUID, size: int) -> list[Any]:
    """Those that are not sealed, or do not begin with the mark, by id."""
    return [row async for row in QUERIES.lock_webhook_secrets_unlike(connection, mark=mark, after=after, size=size)]


async def reseal_webhook_secret(connection: Connection, secret_id: UUID, sealed: bytes) -> None:
    await QUERIES.reseal_webhook_secret(connection, id=secret_id, sealed=sealed)
