"""The data model as it is written down is the one that Postgres has."""

import re
from pathlib import Path

from store.database import Database

_TEXT = (Path(__file__).parents[1] / "docs" / "data-model.md").read_text(encoding="utf-8")
_COLUMN = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


def told() -> dict[str, set[str]]:
    """Columns by table."""
    sections = re.split(r"^### (\w+)$", _TEXT, flags=re.MULTILINE)[1:]
    return {table: {name for name, _ in _COLUMN.findall(text)} for table, text in zip(sections[::2], sections[1::2], strict=True)}


async def test_every_table_and_column_is_told_of(database: Database) -> None:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'public' and table_name not like '\\_pogo%'"
        )
    there: dict[str, set[str]] = {}
    for row in rows:
        there.setdefault(row["table_name"], set()).add(row["column_name"])
    assert told() == there
