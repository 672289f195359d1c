"""The gateway behind uvicorn: what arrived of a request comes before the news that its sender is gone."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from activities.settings import Settings
from api.app import create_app


class WholeRequests(H11Protocol):
    """uvicorn answers `http.disconnect` as soon as a sender is gone, and then keeps to itself what it has of the body."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        application: ASGIApp = self.app  # pyright: ignore[reportAssignmentType]

        async def told_in_order(scope: Scope, receive: Receive, send: Send) -> None:
            # One request at a time: the next one begins when this one is answered.
            await application(scope, body_first(self.cycle, receive), send)

        self.app = told_in_order  # pyright: ignore[reportAttributeAccessIssue]


def body_first(cycle: RequestResponseCycle, receive: Receive) -> Receive:
    """`receive`, but what the connection brought of the body is handed on whenever the sender left."""
    is_whole = False

    async def next_message() -> Message:
        nonlocal is_whole
        message = await receive()
        is_over = message["type"] == "http.disconnect" and not cycle.response_complete
        if is_over and not is_whole and (cycle.body or not cycle.more_body):
            message = {"type": "http.request", "body": bytes(cycle.body), "more_body": cycle.more_body}
            cycle.body = bytearray()
        is_whole = is_whole or not message.get("more_body", False)
        return message

    return next_message


class _Server(uvicorn.Server):
    """Told to stop, it lets go of those who listen and wait, and then waits for the requests that are under way."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """By the event loop: whoever set a handler there before would hear of a signal too, and cancel what is under way."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, self._stop)
        yield

    def _stop(self) -> None:
        """Said twice, nothing is waited for."""
        self._app.state.stopping.set()
        self.force_exit, self.should_exit = self.should_exit, True


def server(settings: Settings) -> uvicorn.Server:
    """Serves until it is told to stop."""
    app = create_app(settings)
    config = uvicorn.Config(
        app, host=settings.api_host, port=settings.api_port, http=WholeRequests, log_config=None,
        timeout_graceful_shutdown=3, server_header=False,
    )  # fmt: skip
    return _Server(config, app)
