"""Executions whose workflow task fails again and again, as far as they were found."""

from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


async def list_open_to_look_at(connection: Connection, after: UUID, before: datetime, size: int) -> list[Any]:
    """The open executions by id; `is_late` if one should have moved before that moment."""
    return [row async for row in QUERIES.list_open_to_look_at(connection, after=after, before=before, size=size)]


async def list_failing_workflows(connection: Connection, size: int) -> list[Any]:
    return [row async for row in QUERIES.list_failing_workflows(connection, size=size)]


async def read_failing_workflow(connection: Connection, execution_id: UUID) -> Any | None:
    return await QUERIES.read_failing_workflow(connection, id=execution_id)


async def mark_failing_workflow(connection: Connection, execution_id: UUID, attempts: int, reason: str, now: datetime) -> bool:
    """Returns whether nobody knew of it before."""
    marked = await QUERIES.mark_failing_workflow(connection, id=execution_id, attempts=attempts, reason=reason, now=now)
    return bool(marked)


async def unmark_failing_workflow(connection: Connection, execution_id: UUID) -> bool:
    return bool(await QUERIES.unmark_failing_workflow(connection, id=execution_id))
