"""The connection pool, and the schema brought to what this release knows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import asyncpg
from pogo_core.util import migrate
from pogo_core.util import sql as pogo_sql
from pydantic_core import from_json, to_json

from automations.errors import EverstepError
from automations.storable import storable

MIGRATIONS = Path(__file__).parent / "migrations"
Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
_MIGRATION_LOCK = 0x65766572  # "ever"

BEFORE_COMMIT: ContextVar[Callable[[Connection], Awaitable[None]] | None] = ContextVar("before_commit", default=None)
"""What is written last in each transaction of whatever runs here. Where it raises, the transaction is rolled back."""

UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What a query raises when Postgres cannot be reached: the last one where it goes away in the moment of the query."""

TRANSIENT = (
    *UNAVAILABLE,
    asyncpg.TransactionRollbackError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
)
"""What a query raises that may well go through the next time."""

DATABASE_ERRORS = (asyncpg.PostgresError,)
"""What a query raises when Postgres refuses it: a deadlock, a violated constraint."""


DEADLOCKED = (asyncpg.DeadlockDetectedError,)
"""What a query raises when two transactions wait for each other: everything since its savepoint is taken back."""


class DatabaseNewerError(EverstepError):
    """The database was migrated by a newer release: this one would misread it."""

    code = "database_newer"


class _PooledConnection(asyncpg.Connection):
    """Goes back to the pool as it is; an open transaction is still rolled back.

    Nothing of ours leaves settings, locks or cursors in a session, and a server that is asked to forget them is one more
    round trip for each step.
    """

    def get_reset_query(self) -> str:
        return ""


class Database:
    """A pool of connections whose `jsonb` values are Python values.

    `connect` waits for nothing: it raises one of UNAVAILABLE where Postgres is away.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, dsn: str, *, size: int = 10) -> "Database":
        pool = await asyncpg.create_pool(
            dsn, min_size=1, max_size=size, init=_use_json, connection_class=_PooledConnection, timeout=5, command_timeout=30
        )
        return cls(pool)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire(timeout=10) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self.connection() as connection, connection.transaction():
            yield connection
            if before_commit := BEFORE_COMMIT.get():
                await before_commit(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """For reading only: all that is read is as it was at one moment."""
        async with self.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection

    async def migrate(self) -> None:
        """Brings the schema forward, one process at a time; raises DatabaseNewerError rather than touch a newer one."""
        async with self.connection() as connection:
            await connection.execute("select pg_advisory_lock($1)", _MIGRATION_LOCK)
            try:
                if await _is_behind(connection):
                    await migrate.apply(connection, MIGRATIONS, schema_name="public")  # pyright: ignore[reportArgumentType]
            finally:
                await connection.execute("select pg_advisory_unlock($1)", _MIGRATION_LOCK)

    async def ping(self) -> None:
        async with asyncio.timeout(2), self.connection() as connection:
            await connection.execute("select 1")


async def _is_behind(connection: Connection) -> bool:
    """Asked before any migration is read: to take one apart takes longer than a whole start otherwise. Refuses a newer one."""
    await pogo_sql.ensure_pogo_sync(connection)  # pyright: ignore[reportArgumentType]
    applied = await pogo_sql.get_applied_migrations(connection, schema_name="public")  # pyright: ignore[reportArgumentType]
    known = {path.stem for path in MIGRATIONS.glob("*.sql")}
    unknown = sorted(applied - known)
    if unknown:
        raise DatabaseNewerError(
            f"The database is newer than this release: it has {', '.join(unknown)}. Start the newer release, or restore a backup."
        )
    return applied < known


async def _use_json(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_jsonb_bytes, decoder=lambda raw: from_json(raw[1:]), format="binary"
    )


def _jsonb_bytes(value: Any) -> bytes:
    # The wire format of jsonb is its text behind a byte that names the format's version.
    return b"\x01" + json_bytes(value)


def json_bytes(value: Any) -> bytes:
    """As jsonb takes it: a value that it does not is cleaned first, which is rare."""
    try:
        raw = to_json(value, inf_nan_mode="null")
    except ValueError:
        raw = None
    if raw is None or b"\\u0000" in raw:
        return to_json(storable(value), inf_nan_mode="null", fallback=str)
    return raw
