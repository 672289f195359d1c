"""Files: what the files fields of records name, and mails carry."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class NewFile:
    id: UUID
    name: str
    media_type: str
    content: bytes
    by: str


async def insert_file(connection: Connection, new: NewFile, now: datetime) -> Any:
    """The row without the content."""
    return await QUERIES.insert_file(
        connection,
        id=new.id,
        name=new.name,
        media_type=new.media_type,
        size=len(new.content),
        content=new.content,
        by=new.by,
        now=now,
    )


async def read_file(connection: Connection, file_id: UUID) -> Any | None:
    """Without the content."""
    return await QUERIES.read_file(connection, id=file_id)


async def list_files(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Those that there are, by id, without what is in them."""
    return {row["id"]: row async for row in QUERIES.list_files(connection, ids=list(ids))}


async def read_files(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Those that there are, by id, with their `content`."""
    return {row["id"]: row async for row in QUERIES.read_files(connection, ids=list(ids))}


async def delete_file(connection: Connection, file_id: UUID) -> Any | None:
    """The row as it was, without the content; None if there is none such."""
    return await QUERIES.delete_file(connection, id=file_id)
