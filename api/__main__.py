"""`python -m api` serves the gateway until it is told to stop."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from activities.logs import configure_logs
from activities.settings import Settings
from api.app import create_app


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


async def main() -> int:
    configure_logs()
    settings = Settings.from_environment()
    app = create_app(settings)
    config = uvicorn.Config(
        app, host=settings.api_host, port=settings.api_port, log_config=None, timeout_graceful_shutdown=3,
        server_header=False,
    )  # fmt: skip
    await _Server(config, app).serve()
    return 0


if __name__ == "__main__":
    from deploy.exits import run

    run(main)
