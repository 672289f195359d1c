"""What an execution's row and its step runs say of where it goes on."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


async def lock_open_execution(connection: Connection, execution_id: UUID) -> Any | None:
    """With the columns of `standings_of`; None if it is over or unknown."""
    return await QUERIES.lock_open_execution(connection, id=execution_id)


async def count_visits(connection: Connection, execution_id: UUID) -> dict[str, int]:
    rows = QUERIES.count_visits(connection, id=execution_id)
    return {row["step_id"]: row["visits"] async for row in rows}


async def read_last_pause(connection: Connection, execution_id: UUID) -> Any | None:
    """By whom, and why."""
    return await QUERIES.read_last_pause(connection, id=execution_id)


async def write_new_start(connection: Connection, execution_id: UUID, start: dict[str, Any], launch_in: timedelta) -> None:
    """A worker starts its workflow with that, as one that was never started."""
    await QUERIES.write_new_start(connection, id=execution_id, start=start, launch_in=launch_in)
