"""What follows a call to another system: nothing of it may be undone because it cannot be written down."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from activities.failures import ContendedError
from store.database import TRANSIENT

T = TypeVar("T")
_LOG = structlog.get_logger("everstep.executions")

PATIENCE = timedelta(seconds=60)
"""With a Postgres that is away."""

_BETWEEN_TRIES = 0.5
_LAST_SECONDS = 10
"""Of a worker that is told to stop."""


async def written(write: Callable[[], Awaitable[T]], patience: timedelta = PATIENCE) -> T:
    """Writes, again and again while Postgres is away; a cancellation waits until it is written."""
    writing = asyncio.create_task(_patiently(write, patience))
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing], timeout=_LAST_SECONDS)
        if writing.done() and not writing.cancelled():
            writing.exception()  # it is nobody's any more
        raise


async def _patiently(write: Callable[[], Awaitable[T]], patience: timedelta) -> T:
    end = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        try:
            return await write()
        except (*TRANSIENT, ContendedError) as error:
            if asyncio.get_running_loop().time() > end:
                raise
            _LOG.warning("writing_after_a_call_again", why=str(error) or type(error).__name__)
            await asyncio.sleep(_BETWEEN_TRIES)
