"""API keys: kept as hashes, which is enough for texts of 256 random bits."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

PREFIX = "esk_"


@dataclass(frozen=True)
class NewKey:
    """A row to be. None for `expires_at`: never; for `requests_per_minute`: the limit of the settings.

    `replaces`: the key whose caller has this one from now on.
    """

    name: str
    scopes: Iterable[str]
    created_by: str
    now: datetime
    expires_at: datetime | None = None
    requests_per_minute: int | None = None
    replaces: UUID | None = None


def new_key() -> str:
    """What a caller sends as its bearer token."""
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def key_hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


async def insert_api_key(connection: Connection, new: NewKey, key: str) -> Any:
    """The row. The key itself is nowhere in it."""
    return await QUERIES.insert_api_key(
        connection, id=new_id(), name=new.name, hash=key_hash(key), hint=key[-4:], scopes=list(new.scopes), now=new.now,
        requests_per_minute=new.requests_per_minute, created_by=new.created_by, expires_at=new.expires_at,
        replaces=new.replaces,
    )  # fmt: skip


async def find_api_key(connection: Connection, key: str) -> Any | None:
    """By the key itself; also one that is expired or revoked."""
    return await QUERIES.find_api_key(connection, hash=key_hash(key))


async def touch_api_key(connection: Connection, key_id: UUID, now: datetime) -> None:
    await QUERIES.touch_api_key(connection, id=key_id, now=now)


async def read_api_key(connection: Connection, key_id: UUID) -> Any | None:
    return await QUERIES.read_api_key(connection, id=key_id)


async def lock_api_key(connection: Connection, key_id: UUID) -> Any | None:
    return await QUERIES.lock_api_key(connection, id=key_id)


async def list_api_keys(
    connection: Connection, *, revoked: bool = False, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """Newest first; with `revoked`, those as well."""
    return [row async for row in QUERIES.list_api_keys(connection, revoked=revoked, cursor=cursor, size=size)]


async def revoke_api_key(connection: Connection, key_id: UUID, by: str, now: datetime) -> Any | None:
    """The row if this revoked it."""
    return await QUERIES.revoke_api_key(connection, id=key_id, revoked_by=by, now=now)


async def replace_api_key(connection: Connection, key_id: UUID, replaced_by: UUID, expires_at: datetime) -> Any:
    """The row. The key is taken until that time at most."""
    return await QUERIES.replace_api_key(connection, id=key_id, replaced_by=replaced_by, expires_at=expires_at)


async def lock_admin_keys(connection: Connection) -> list[UUID]:
    """Those that are not revoked. Before one of them is: how many are left must not change meanwhile."""
    return [row["id"] async for row in QUERIES.lock_admin_keys(connection)]


async def count_admin_keys(connection: Connection, now: datetime) -> int:
    return await QUERIES.count_admin_keys(connection, now=now)
