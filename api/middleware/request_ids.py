"""An id for each request: in its answer, on all log lines that it causes, and in the audit log."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from store.ids import new_id

HEADER = "X-Request-Id"
_WRITTEN = re.compile(r"[!-~]{1,128}")


class RequestIds:
    """Takes the caller's own id where it is printable and not too long. It is `request_id` in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(Headers(scope=scope).get(HEADER)) or str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with bound_contextvars(request_id=request_id):
            await self._app(scope, receive, named)


def _given(header: str | None) -> str | None:
    return header if header and _WRITTEN.fullmatch(header) else None
