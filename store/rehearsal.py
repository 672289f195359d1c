"""A database in which nothing that is done remains: what a dry run works on."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from store.database import Connection, Database
from store.errors import RecordBusyError
from store.sql import QUERIES

LOCKED = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
"""What a query raises when others hold what it needs."""


class Rehearsal(Database):
    """One transaction of a database; transactions inside it are savepoints. One task at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def is_lost(self) -> bool:
        """Whether Postgres has let go of it."""
        return self._connection.is_closed()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self._connection.transaction():
            yield self._connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        yield self._connection


@asynccontextmanager
async def rehearsed(database: Database, *, patience: timedelta, at_most: timedelta) -> AsyncIterator[Rehearsal]:
    """Rolls back at the end of the block, whatever becomes of it.

    What others have locked is waited for with `patience`: then RecordBusyError is raised. No query takes longer than `at_most`.
    """
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await QUERIES.begin_rehearsal(connection, lock_ms=_milliseconds(patience), whole_ms=_milliseconds(at_most))
            yield Rehearsal(connection)
        except LOCKED as error:
            raise RecordBusyError from error
        finally:
            if not connection.is_closed():
                await transaction.rollback()


def _milliseconds(length: timedelta) -> str:
    return str(int(length.total_seconds() * 1000))


async def step_runs_of(connection: Connection, execution_id: UUID) -> list[Any]:
    """In order, without the document."""
    return [row async for row in QUERIES.list_rehearsed_step_runs(connection, id=execution_id)]


async def told_by_chain(connection: Connection, root_id: UUID, after: int) -> list[Any]:
    """Events that no worker can see yet, in their order: those with a higher number than `after`."""
    return [row async for row in QUERIES.list_told_by_chain(connection, root_id=root_id, after=after)]


async def children(connection: Connection, execution_id: UUID, root_id: UUID) -> list[Any]:
    """The executions that it started, oldest first."""
    return [row async for row in QUERIES.list_children(connection, id=execution_id, root_id=root_id)]


async def asked_of_others(connection: Connection, execution_id: UUID, after: int) -> list[Any]:
    """What its steps asked of other executions, in order: the requests with a higher number than `after`."""
    return [row async for row in QUERIES.list_asked(connection, id=execution_id, after=after)]


async def evaluations_of(connection: Connection, event_ids: Collection[UUID]) -> list[Any]:
    return [row async for row in QUERIES.list_evaluations_of_events(connection, ids=list(event_ids))]
