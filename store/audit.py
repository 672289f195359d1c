"""The audit log: who did what, and what it changed, written in the transaction that did it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES


@dataclass(frozen=True)
class Actor:
    """Who acts: the key, and the name it goes by or speaks for."""

    key_id: UUID | None
    name: str
    request_id: str | None = None


@dataclass(frozen=True)
class Deed:
    """`action` as in automation.saved, `kind` and `target` as in automation and demo-request."""

    action: str
    kind: str
    target: str
    before: Any = None
    after: Any = None
    why: str = ""


async def write_audit(connection: Connection, actor: Actor, deed: Deed) -> None:
    """Never give it a secret: what stands here is read by people."""
    await QUERIES.insert_audit(
        connection, id=new_id(), at=datetime.now(UTC), key_id=actor.key_id, actor=actor.name, action=deed.action, kind=deed.kind,
        target=deed.target, why=deed.why, before=deed.before, after=deed.after, request_id=actor.request_id,
    )  # fmt: skip


async def list_audit(
    connection: Connection,
    *,
    kind: str | None = None,
    target: str | None = None,
    action: str | None = None,
    key_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: UUID | None = None,
    size: int = 50,
) -> list[Any]:
    """Newest first, with `key_name`."""
    rows = QUERIES.list_audit(
        connection, kind=kind, target=target, action=action, key_id=key_id, since=since, until=until, cursor=cursor, size=size
    )
    return [row async for row in rows]
