"""One line for each request, which is also counted; and an answer for those that nobody else answered."""

import time

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.operations.metrics import Metrics
from api.problems import unexpected

_LOG = structlog.get_logger("everstep.access")
_QUIET = ("/health/",)
NO_ROUTE = "(none)"
"""In place of an address that leads nowhere: anyone can make up any number of those."""


class AccessLog:
    """Says who did what and how long it took, never with what query or body. Health checks are only counted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            await _answer(error, scope, receive, noted, begun=status != 0)
        finally:
            _note(scope, status, time.perf_counter() - began)


async def _answer(error: Exception, scope: Scope, receive: Receive, send: Send, *, begun: bool) -> None:
    """What was begun cannot be taken back: the connection is cut, so that nobody takes it for the whole."""
    answer = await unexpected(Request(scope), error)
    if begun:
        raise error
    await answer(scope, receive, send)


def _note(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", None) or NO_ROUTE
    metrics: Metrics = scope["app"].state.metrics
    metrics.count(scope["method"], route, status, seconds)
    if scope["path"].startswith(_QUIET):
        return
    caller = scope.get("state", {}).get("caller")
    _LOG.info(
        "request", method=scope["method"], route=route, status=status, duration_ms=round(seconds * 1000, 1),
        key=caller.name if caller else None,
    )  # fmt: skip
