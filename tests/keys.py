"""API keys in tests."""

from datetime import UTC, datetime

from pydantic import SecretStr

from activities.codec import data_converter
from activities.settings import Settings
from store.api_keys import NewKey, insert_api_key, new_key
from store.database import Database

ENCRYPTION_KEY = "ZXZlcnkgdGVzdCBlbmNyeXB0cyB3aXRoIHRoaXMgaXQ="
CONVERTER = data_converter(Settings(database_url="none", encryption_keys=SecretStr(ENCRYPTION_KEY)))
"""Of every client in the tests that talks to a worker."""

ADMIN_KEY = "esk_the-one-that-every-test-database-begins-with"


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def key_for(database: Database, *scopes: str, name: str = "limited") -> dict[str, str]:
    """The headers of a caller with these scopes only."""
    key = new_key()
    async with database.connection() as connection:
        await insert_api_key(connection, NewKey(name, scopes, "the tests", datetime.now(UTC)), key)
    return bearing(key)
