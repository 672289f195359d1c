"""Time that jumps: on the time-skipping server waits are over as soon as a test lets them be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from temporalio.api.testservice.v1 import LockTimeSkippingRequest, UnlockTimeSkippingRequest

from tests.engine import Engine


@asynccontextmanager
async def jumping(engine: Engine) -> AsyncIterator[None]:
    """The server's clock jumps over every wait inside this block."""
    service = engine.client.test_service
    await service.unlock_time_skipping(UnlockTimeSkippingRequest())
    try:
        yield
    finally:
        await service.lock_time_skipping(LockTimeSkippingRequest())


async def over_the_waits(engine: Engine, execution: UUID, state: str = "completed") -> Any:
    """The row at the execution's end, all its timers jumped over."""
    async with jumping(engine):
        return await engine.ended(execution, state)
