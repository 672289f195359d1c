"""The open executions that a save of their automation may affect."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.executions import Request
from store.database import Connection
from store.sql import QUERIES

_BATCH = 1_000
_FIRST = UUID(int=0)


async def open_of_automation(connection: Connection, automation_id: UUID) -> AsyncIterator[Any]:
    """The rows of `list_open_of_automation`, by id."""
    after = _FIRST
    while True:
        batch = [
            row
            async for row in QUERIES.list_open_of_automation(connection, automation_id=automation_id, after=after, size=_BATCH)
        ]
        for row in batch:
            yield row
        if len(batch) < _BATCH:
            return
        after = batch[-1]["id"]


async def lock_open(connection: Connection, ids: Sequence[UUID]) -> list[Any]:
    """Those that are still open, held until the end of the transaction."""
    return [row async for row in QUERIES.lock_open(connection, ids=ids)]


async def ask_to_pause(connection: Connection, ids: Sequence[UUID], request: Request, now: datetime) -> list[Any]:
    """Writes the request on the rows and into the histories. The answered rows are what it takes to hand it over."""
    rows = QUERIES.ask_to_pause(
        connection, ids=ids, request=request.model_dump(), request_id=request.id, asked_by=request.by, why=request.why, now=now
    )
    return [row async for row in rows]
