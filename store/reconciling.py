"""What the reconciler looks at: rows that may no longer say what Temporal says."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


async def list_open(connection: Connection, after: UUID, size: int) -> list[Any]:
    """The open executions by id, with `archived_at` of their record."""
    return [row async for row in QUERIES.list_open(connection, after=after, size=size)]


async def list_open_by_id(connection: Connection, ids: Collection[UUID]) -> list[Any]:
    return [row async for row in QUERIES.list_open_by_id(connection, ids=list(ids))]


async def list_open_among(connection: Connection, workflow_ids: list[str]) -> list[Any]:
    """Those of these workflows whose execution is open."""
    return [row async for row in QUERIES.list_open_among(connection, workflow_ids=workflow_ids)]


async def list_finished(connection: Connection, after: tuple[datetime, UUID], before: datetime, size: int) -> list[Any]:
    """What finished since, in order; `after` is the moment and the id of the last one seen."""
    moment, last = after
    return [row async for row in QUERIES.list_finished(connection, after=moment, after_id=last, before=before, size=size)]


async def list_requested(connection: Connection, standing: timedelta, known: list[str], size: int) -> list[Any]:
    """Open executions on which a request stands for that long, but for the requests known by these ids."""
    return [row async for row in QUERIES.list_requested(connection, standing=standing, known=known, size=size)]
