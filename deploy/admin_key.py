"""The first API key: `python -m deploy.admin_key [name]` prints one that opens everything, made beside the gateway.

It needs EVERSTEP_DATABASE_URL only. Whoever can write to the database is trusted; all other keys are made by the API.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from activities.settings import Settings
from deploy.exits import run
from deploy.kept import keep_key, read_key
from store.api_keys import NewKey, find_api_key, insert_api_key, new_key
from store.audit import Actor, Deed, write_audit
from store.database import Database

_BESIDE = "the database's owner"


async def make_admin_key(database_url: str, name: str) -> str:
    """The key; it is told nowhere else."""
    database, key = await Database.connect(database_url, size=1), new_key()
    try:
        await database.migrate()
        async with database.transaction() as connection:
            row = await insert_api_key(connection, NewKey(name, ["admin"], _BESIDE, datetime.now(UTC)), key)
            made = Deed("key.made", "key", str(row["id"]), after={"name": name, "scopes": ["admin"]})
            await write_audit(connection, Actor(None, _BESIDE), made)
    finally:
        await database.close()
    return key


async def kept_admin_key(database_url: str, file: Path) -> str:
    """The key in the file while it is good; else a new one, kept there for its owner's eyes only."""
    kept = read_key(file)
    if kept and await _is_good(database_url, kept):
        return kept
    return keep_key(file, await make_admin_key(database_url, "demo"))


async def _is_good(database_url: str, key: str) -> bool:
    database = await Database.connect(database_url, size=1)
    try:
        await database.migrate()
        async with database.connection() as connection:
            row = await find_api_key(connection, key)
    finally:
        await database.close()
    return row is not None and row["revoked_at"] is None


async def main() -> int:
    print(await make_admin_key(Settings.from_environment().database_url, sys.argv[1] if len(sys.argv) > 1 else "admin"))
    return 0


if __name__ == "__main__":
    run(main)
