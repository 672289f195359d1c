"""Work that a worker does again and again beside its activities."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import NoReturn

import structlog
from temporalio.service import RPCError

from store.database import DATABASE_ERRORS, UNAVAILABLE

_LOG = structlog.get_logger("everstep.worker")
_AWAY = timedelta(seconds=1)


async def keep(work: Callable[[], Awaitable[int]], every: timedelta, woken: asyncio.Event | None = None) -> NoReturn:
    """Does the work for as long as the worker runs, whatever goes wrong with it.

    At once again where it did something; else after a while, or when it is woken.
    """
    while True:
        if woken:
            woken.clear()
        wait = await _pause_after(work, every)
        if wait and woken:
            await _woken(woken, wait)
        else:
            await asyncio.sleep(wait.total_seconds())


async def _pause_after(work: Callable[[], Awaitable[int]], every: timedelta) -> timedelta:
    try:
        return timedelta(0) if await work() else every
    except (*UNAVAILABLE, *DATABASE_ERRORS, RPCError) as error:
        _LOG.warning("service_away", while_doing=_name(work), why=str(error) or type(error).__name__)
    except Exception:
        _LOG.exception("work_failed", while_doing=_name(work))
    return max(every, _AWAY)


async def _woken(woken: asyncio.Event, wait: timedelta) -> None:
    try:
        async with asyncio.timeout(wait.total_seconds()):
            await woken.wait()
    except TimeoutError:
        return


def _name(work: Callable[..., object]) -> str:
    named = work.func if isinstance(work, partial) else work  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return getattr(named, "__name__", type(named).__name__)  # pyright: ignore[reportUnknownArgumentType]
