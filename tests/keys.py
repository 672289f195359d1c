"""API keys in tests."""

from datetime import UTC, datetime

from store.api_keys import NewKey, insert_api_key, new_key
from store.database import Database

ADMIN_KEY = "esk_the-one-that-every-test-database-begins-with"


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def key_for(database: Database, *scopes: str, name: str = "limited") -> dict[str, str]:
    """The headers of a caller with these scopes only."""
    key = new_key()
    async with database.connection() as connection:
        await insert_api_key(connection, NewKey(name, scopes, "the tests", datetime.now(UTC)), key)
    return bearing(key)
