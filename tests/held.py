"""Finds code that asks for more while it holds a connection: another connection, or an answer from outside.

Either keeps a place of the pool, and the locks of its transaction, for as long as somebody else takes. Connections that the
tests themselves take do not count.
"""

import functools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx2
import temporalio.service

from store.database import Connection, Database

_TESTS = str(Path(__file__).parent)
_PASSED_OVER = (str(Path(sys.modules["contextlib"].__file__ or "")), sys.modules[Database.__module__].__file__, __file__)

_ANSWERS = (
    (temporalio.service._BridgeServiceClient, "_rpc_call"),  # pyright: ignore[reportPrivateUsage]
    (httpx2.AsyncHTTPTransport, "handle_async_request"),
    (aiosmtplib.SMTP, "connect"),
    (aiosmtplib.SMTP, "execute_command"),
)
"""What waits for somebody outside."""


@dataclass
class _Hold:
    """A task that outlives the block in which it was made does not hold what was held there."""

    where: str
    pool: object
    lasts: bool = True


_HOLDS: ContextVar[tuple[_Hold, ...]] = ContextVar("holds", default=())


@contextmanager
def watched() -> Iterator[list[str]]:
    """What was found by the end of the block, a sentence each."""
    found: list[str] = []
    real = Database.connection

    @asynccontextmanager
    async def connection(self: Database) -> AsyncIterator[Connection]:
        where, pool = _caller(), self._pool  # pyright: ignore[reportPrivateUsage]
        if where is None:
            async with real(self) as taken:
                yield taken
            return
        found.extend(f"{where} takes a connection while {held} holds one" for held in _held(pool))
        async with real(self) as taken:
            hold = _Hold(where, pool)
            _HOLDS.set((*_HOLDS.get(), hold))
            try:
                yield taken
            finally:
                hold.lasts = False
                _HOLDS.set(tuple(each for each in _HOLDS.get() if each.lasts))

    with _replaced(Database, "connection", connection):
        undo = [_replaced(owner, name, _noticed(getattr(owner, name), found)) for owner, name in _ANSWERS]
        for each in undo:
            each.__enter__()
        try:
            yield found
        finally:
            for each in undo:
                each.__exit__(None, None, None)


def _noticed(real: Callable[..., Awaitable[Any]], found: list[str]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(real)
    async def call(self: Any, *args: Any, **more: Any) -> Any:
        found.extend(f"{held} holds a connection while {real.__qualname__} waits for an answer" for held in _held())
        return await real(self, *args, **more)

    return call


@contextmanager
def _replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    real = getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        setattr(owner, name, real)


def _held(pool: object = None) -> list[str]:
    return [hold.where for hold in _HOLDS.get() if hold.lasts and pool in (None, hold.pool)]


def _caller() -> str | None:
    """Where in the project the connection is taken; None in a test."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename in _PASSED_OVER:
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename.startswith(_TESTS):
        return None
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
