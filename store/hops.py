"""From records to others, over relationships."""

from collections.abc import Collection
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


async def follow_field(connection: Connection, ids: Collection[UUID], field: str, size: int) -> list[UUID]:
    """The records that this field of theirs names, in the order of their ids; never archived ones."""
    return [row["id"] async for row in QUERIES.follow_field(connection, ids=list(ids), field=field, size=size)]


async def follow_back(connection: Connection, ids: Collection[UUID], object: str, field: str, size: int) -> list[UUID]:
    """The records of an object whose field names one of them, likewise."""
    rows = QUERIES.follow_back(connection, ids=list(ids), object=object, field=field, size=size)
    return [row["id"] async for row in rows]
