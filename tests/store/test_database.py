import asyncio

import asyncpg
import pytest
from pydantic import JsonValue

from deploy.postgres import LocalPostgres
from store.database import UNAVAILABLE, Database, DatabaseNewerError
from tests.store.building import NOW, pretend_newer


async def tables(database: Database) -> set[str]:
    async with database.connection() as connection:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def test_migrating_makes_the_tables_and_a_second_time_changes_nothing(empty_database_url: str) -> None:
    database = await Database.connect(empty_database_url)
    try:
        await database.migrate()
        made = await tables(database)
        await database.migrate()
        assert {"records", "executions", "step_runs", "events"} <= made == await tables(database)
    finally:
        await database.close()


async def test_three_processes_that_migrate_at_once_all_succeed(empty_database_url: str) -> None:
    databases = [await Database.connect(empty_database_url) for _ in range(3)]
    try:
        await asyncio.gather(*(database.migrate() for database in databases))
        assert "records" in await tables(databases[0])
    finally:
        for database in databases:
            await database.close()


async def test_a_database_of_a_newer_release_is_left_alone(database: Database) -> None:
    async with database.connection() as connection:
        await pretend_newer(connection)
    with pytest.raises(DatabaseNewerError, match="9999_later"):
        await database.migrate()


@pytest.mark.parametrize("value", [None, True, 2**63, "ä\U0001f600", {"a": [1, {"b": None}]}, []])
async def test_json_comes_back_as_it_went_in(value: JsonValue, database: Database) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval("select $1::jsonb", value) == value


async def test_moments_come_back_in_utc(database: Database) -> None:
    async with database.connection() as connection:
        found = await connection.fetchval("select $1::timestamptz", NOW)
    assert found == NOW
    assert found.utcoffset().total_seconds() == 0


async def test_a_transaction_that_raises_writes_nothing(database: Database) -> None:
    async def change_and_fail() -> None:
        async with database.transaction() as connection:
            await connection.execute("update business set name = 'Changed'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_and_fail()
    async with database.connection() as connection:
        assert await connection.fetchval("select name from business") == "Everstep"


async def test_a_pool_goes_on_when_postgres_is_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = LocalPostgres(tmp_path_factory.mktemp("comes-back"), durable=False)
    await server.start()
    try:
        database = await Database.connect(server.dsn)
        await database.ping()
        await server.stop()
        with pytest.raises(UNAVAILABLE):
            await database.ping()
        await server.start()
        await database.ping()
        await server.kill()
        with pytest.raises(UNAVAILABLE):
            await database.ping()
        await server.start()
        await database.ping()
        await database.close()
    finally:
        await server.stop()


async def test_connecting_to_nothing_says_so_at_once() -> None:
    async with asyncio.timeout(2):
        with pytest.raises(UNAVAILABLE):
            await Database.connect("postgresql://postgres@127.0.0.1:1/nothing")


def test_a_mistake_in_a_query_is_not_taken_for_an_absent_database() -> None:
    assert not issubclass(asyncpg.UndefinedTableError, UNAVAILABLE)
    assert not issubclass(asyncpg.UniqueViolationError, UNAVAILABLE)


async def test_what_postgres_refuses_in_json_is_cleaned_and_read_again(database: Database) -> None:
    value = {"nul\0": "a\0b", "half": "\ud800", "endless": float("inf"), "bytes": b"\xff", "fine": ["\\u0000", 1]}
    async with database.connection() as connection:
        kept = await connection.fetchval("select $1::jsonb", value)
    assert kept == {"nul\ufffd": "a\ufffdb", "half": "\ufffd", "endless": None, "bytes": "\ufffd", "fine": ["\\u0000", 1]}
