"""The step runs that tell why an execution is where it is."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


async def last_runs(connection: Connection, execution_id: UUID, lanes: Collection[str]) -> dict[str, Any]:
    """The newest one of each lane that has any."""
    rows = QUERIES.list_last_runs(connection, id=execution_id, lanes=list(lanes))
    return {row["lane"]: row async for row in rows}


async def last_run(connection: Connection, execution_id: UUID) -> Any | None:
    return await QUERIES.read_last_run(connection, id=execution_id)


async def failed_runs(connection: Connection, execution_id: UUID, size: int = 20) -> list[Any]:
    """The newest ones first."""
    return [row async for row in QUERIES.list_failed_runs(connection, id=execution_id, size=size)]
