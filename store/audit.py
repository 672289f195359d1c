"""The audit log: who did what, and what it changed, written in the transaction that did it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

_SHOWN_BYTES = 8 * 1024
"""Of what was before and after, as Postgres keeps it, in a list."""


@dataclass(frozen=True)
class Actor:
    """Who acts: the key, and the name it goes by or speaks for."""

    key_id: UUID | None
    name: str
    request_id: str | None = None

    def speaking_for(self, by: str) -> "Actor":
        """The same key for somebody that its caller names; blank: for itself."""
        return replace(self, name=by.strip() or self.name)


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
    await write_audits(connection, actor, [deed])


async def write_audits(connection: Connection, actor: Actor, deeds: Iterable[Deed]) -> None:
    """What was done to several things at once."""
    now = datetime.now(UTC)
    await QUERIES.insert_audits(connection, [_row(actor, deed, now) for deed in deeds])


def _row(actor: Actor, deed: Deed, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(), "at": now, "key_id": actor.key_id, "actor": actor.name, "action": deed.action, "kind": deed.kind,
        "target": deed.target, "why": deed.why, "before": deed.before, "after": deed.after, "request_id": actor.request_id,
    }  # fmt: skip


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
    """Newest first, with `key_name`. Where it is `shortened`, what was before or after is large and left out."""
    rows = QUERIES.list_audit(
        connection, kind=kind, target=target, action=action, key_id=key_id, since=since, until=until, cursor=cursor, size=size,
        shown_bytes=_SHOWN_BYTES,
    )  # fmt: skip
    return [row async for row in rows]


async def read_audit(connection: Connection, audit_id: UUID) -> Any | None:
    """Whole, with `key_name`."""
    return await QUERIES.read_audit(connection, id=audit_id)
