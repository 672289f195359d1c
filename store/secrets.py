"""Secrets of steps, as sealed bytes: what is in them the store cannot know."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from store.database import Connection
from store.sql import QUERIES


async def put_secret(connection: Connection, name: str, sealed: bytes, *, by: str, now: datetime) -> Any:
    """The row, with `is_new`; without what is sealed."""
    return await QUERIES.put_secret(connection, name=name, sealed=sealed, updated_by=by, now=now)


async def sealed_secrets(connection: Connection, names: Collection[str]) -> dict[str, bytes]:
    """Those that exist, by name."""
    return {row["name"]: row["sealed"] async for row in QUERIES.read_secrets(connection, names=list(names))}


async def list_secrets(connection: Connection, *, cursor: str | None = None, size: int = 50) -> list[Any]:
    """By name, without what is sealed."""
    return [row async for row in QUERIES.list_secrets(connection, cursor=cursor, size=size)]


async def existing_secrets(connection: Connection, names: Collection[str]) -> set[str]:
    return {row["name"] async for row in QUERIES.existing_secrets(connection, names=list(names))}


async def delete_secret(connection: Connection, name: str) -> bool:
    """False if there is none such."""
    return bool(await QUERIES.delete_secret(connection, name=name))


async def documents_with_secrets(connection: Connection) -> list[Any]:
    """`api_name` and `document` of the automations that may name one."""
    return [row async for row in QUERIES.documents_with_secrets(connection)]


async def lock_secrets_unlike(connection: Connection, mark: bytes, *, after: str = "", size: int) -> list[Any]:
    """`name` and `sealed` of those that do not begin with the mark, by name."""
    return [row async for row in QUERIES.lock_secrets_unlike(connection, mark=mark, after=after, size=size)]


async def reseal_secret(connection: Connection, name: str, sealed: bytes) -> None:
    await QUERIES.reseal_secret(connection, name=name, sealed=sealed)
