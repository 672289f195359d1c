"""Brings what is kept encrypted under the first key: after a new one was put before the others, and what was there before any."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog

from activities.encryption import Keyring, SealedError
from activities.secrets import place_of, place_of_webhook_secret
from store import secrets, webhook_secrets
from store.database import Connection, Database

_BATCH = 200
_LOG = structlog.get_logger("everstep.encryption")


async def reseal(database: Database, keyring: Keyring) -> int:
    """How many secrets were brought over. What none of the keys opens is logged and left as it is."""

    async def some_secrets(connection: Connection, after: str) -> list[Any]:
        return await secrets.lock_secrets_unlike(connection, keyring.mark, after=after, size=_BATCH)

    async def put(connection: Connection, row: Any) -> bool:
        sealed = _resealed(keyring, row["sealed"], place_of(row["name"]))
        if sealed:
            await secrets.reseal_secret(connection, row["name"], sealed)
        return sealed is not None

    return await _in_batches(database, some_secrets, put, "name", "") + await reseal_webhook_secrets(database, keyring)


async def reseal_webhook_secrets(database: Database, keyring: Keyring, *, unsealed_only: bool = False) -> int:
    """The same of those of webhooks, also of the time before they were sealed."""

    async def some(connection: Connection, after: UUID) -> list[Any]:
        mark = b"" if unsealed_only else keyring.mark
        return await webhook_secrets.lock_webhook_secrets_unlike(connection, mark, after=after, size=_BATCH)

    async def put(connection: Connection, row: Any) -> bool:
        place, plain = place_of_webhook_secret(row["id"]), row["secret"]
        sealed = keyring.seal(plain.encode(), place) if plain else _resealed(keyring, row["sealed"], place)
        if sealed:
            await webhook_secrets.reseal_webhook_secret(connection, row["id"], sealed)
        return sealed is not None

    return await _in_batches(database, some, put, "id", UUID(int=0))


async def _in_batches(
    database: Database,
    some: Callable[[Connection, Any], Awaitable[list[Any]]],
    put: Callable[[Connection, Any], Awaitable[bool]],
    key: str,
    after: Any,
) -> int:
    """A transaction for each batch; rows that cannot be brought over are passed by."""
    count = 0
    while True:
        async with database.transaction() as connection:
            rows = await some(connection, after)
            count += sum([await put(connection, row) for row in rows])
        if not rows:
            return count
        after = rows[-1][key]


def _resealed(keyring: Keyring, sealed: bytes, place: str) -> bytes | None:
    try:
        return keyring.resealed(sealed, place)
    except SealedError as error:
        _LOG.error("cannot_reseal", what=place, why=error.sentence)
        return None
