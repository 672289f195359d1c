"""Each named query is understood by Postgres, and the hot ones are answered from an index."""

import inspect
from typing import Any
from uuid import UUID

import pytest

from store.database import Connection, Database
from store.sql import QUERIES

QUERY_FILES = 6


def queries() -> dict[str, str]:
    """SQL by name, without the cursor variant that aiosql adds to each."""
    names = [name for name in QUERIES.available_queries if not name.endswith("_cursor")]
    return {name: getattr(QUERIES, name).sql for name in names}


def test_every_query_of_every_file_is_found() -> None:
    from store import sql

    folder = __import__("pathlib").Path(inspect.getfile(sql)).parent / "queries"
    written = sum(path.read_text().count("-- name: ") for path in folder.glob("*.sql"))
    assert written == len(queries()) > 40


@pytest.mark.parametrize("name", sorted(queries()))
async def test_postgres_understands(name: str, database: Database) -> None:
    async with database.connection() as connection:
        await connection.prepare(queries()[name])
