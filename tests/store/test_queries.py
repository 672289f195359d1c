"""Each named query is one that Postgres understands."""

from pathlib import Path

import pytest

import store.sql
from store.database import Database
from store.sql import QUERIES

FILES = sorted((Path(store.sql.__file__).parent / "queries").glob("*.sql"))


def queries() -> dict[str, str]:
    """SQL by name, without the cursor variant that aiosql adds to each."""
    names = [name for name in QUERIES.available_queries if not name.endswith("_cursor")]
    return {name: getattr(QUERIES, name).sql for name in names}


def test_every_query_of_every_file_is_found_under_a_name_of_its_own() -> None:
    written = sum(file.read_text(encoding="utf-8").count("-- name: ") for file in FILES)
    assert written == len(queries()) > 40


@pytest.mark.parametrize("name", queries())
async def test_postgres_understands(name: str, database: Database) -> None:
    async with database.connection() as connection:
        await connection.prepare(queries()[name])
