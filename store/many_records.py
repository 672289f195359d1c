"""Many records in one transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.events import Origin
from store.ids import new_id
from store.requests import end_executions_of_records
from store.sql import QUERIES


async def lock_records(connection: Connection, ids: Collection[UUID]) -> list[Any]:
    """Those that are there, archived or not, by id. They stay as they are until the transaction's end."""
    return [row async for row in QUERIES.lock_records(connection, ids=list(ids))]


async def archive_records(
    connection: Connection, ids: Collection[UUID], *, now: datetime, origin: Origin, spared: UUID
) -> set[UUID]:
    """Which of them were not archived before. Call it in a transaction.

    Their open executions but the `spared` one are asked to end; whoever archives hands that over, see `list_being_canceled`.
    """
    by = f"execution {origin.root_id}" if origin.root_id else ""
    await end_executions_of_records(connection, ids, f"archive-{new_id()}", now, by, spared=spared)
    rows = QUERIES.archive_records(
        connection, ids=list(ids), event_ids=[new_id() for _ in ids], now=now, root_id=origin.root_id, depth=origin.depth,
        priority=origin.priority,
    )  # fmt: skip
    return {row["record_id"] async for row in rows}
