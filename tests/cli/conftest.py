"""A gateway on a port of its own, and commands that reach it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from activities.settings import Settings
from api.app import create_app
from deploy.temporal import TemporalDevServer
from tests.cli.shell import Shell
from tests.engine import until
from tests.keys import ADMIN_KEY


@pytest.fixture
async def gateway_url(settings: Settings, temporal: TemporalDevServer) -> AsyncIterator[str]:
    settings = settings.model_copy(update={"temporal_address": temporal.address, "web_ui_url": "http://ui.example"})
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_config=None))
    serving = asyncio.create_task(server.serve())

    async def is_there() -> bool:
        return server.started

    await until(is_there)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await asyncio.wait_for(serving, 10)


@pytest.fixture
def everstep(gateway_url: str, tmp_path: Path) -> Shell:
    """With a key that may do everything, and a home of its own."""
    return Shell(
        {"EVERSTEP_URL": gateway_url, "EVERSTEP_API_KEY": ADMIN_KEY, "XDG_CONFIG_HOME": str(tmp_path / "home")}, tmp_path
    )


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """With no gateway to reach: nothing listens at port 9."""
    return Shell({"EVERSTEP_URL": "http://127.0.0.1:9", "XDG_CONFIG_HOME": str(tmp_path / "home")}, tmp_path)
