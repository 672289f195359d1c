"""Locks that are waited for a short while only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from store.database import Connection
from store.sql import QUERIES


class HeldByOthersError(Exception):
    """Others hold what is to be locked, and may themselves wait for what is held here."""


@asynccontextmanager
async def waiting_at_most(connection: Connection, patience: timedelta) -> AsyncIterator[None]:
    """For whoever holds something and cannot keep to the order in which all lock: it gives way before there is a deadlock.

    Raises HeldByOthersError; the transaction is then to be rolled back.
    """
    before = await QUERIES.be_impatient(connection, lock_ms=str(int(patience.total_seconds() * 1000)))
    try:
        yield
    except asyncpg.LockNotAvailableError as error:
        raise HeldByOthersError from error
    await QUERIES.be_patient(connection, lock_timeout=before)
