"""Signs of life of a long activity."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity


@asynccontextmanager
async def heartbeats() -> AsyncIterator[None]:
    """Lets Temporal know that the activity lives, and lets a cancellation reach it."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.5)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
