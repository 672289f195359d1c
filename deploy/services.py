"""What every local service has in common, and starting several of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from deploy.errors import ServiceStartError
from deploy.processes import ChildProcess

_POLL_SECONDS = 0.05


class Service(Protocol):
    """`start` returns when the service is ready and raises LocalServiceError; `stop` may be called twice."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def restart(self) -> None: ...

    async def is_healthy(self) -> bool: ...


@asynccontextmanager
async def running(*services: Service) -> AsyncGenerator[None]:
    """Starts the services in this order and stops them in the other, also when one of them does not start."""
    async with AsyncExitStack() as stack:
        for service in services:
            stack.push_async_callback(service.stop)
            await service.start()
        yield


async def until_ready(
    name: str, is_ready: Callable[[], Awaitable[bool]], *, process: ChildProcess | None = None, seconds: float = 60
) -> None:
    """Returns once `is_ready` says so. Raises ServiceStartError when the process ends first, or time is up."""
    end = time.monotonic() + seconds
    while not await is_ready():
        if process is not None and not process.is_running:
            reason = f"it ended with code {process.exit_code}, see {process.log}"
            raise ServiceStartError(name, reason, process.log_tail())
        if time.monotonic() > end:
            tail = process.log_tail() if process else ""
            raise ServiceStartError(name, f"no answer within {seconds:.0f} s", tail)
        await asyncio.sleep(_POLL_SECONDS)
