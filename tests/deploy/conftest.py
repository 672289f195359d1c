from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from deploy.temporal import TemporalDevServer


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dev_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[TemporalDevServer]:
    """A Temporal server in memory for tests that only need one to talk to."""
    log = tmp_path_factory.mktemp("dev-server") / "temporal.log"
    server = TemporalDevServer(None, port=0, ui=False, log=log)
    await server.start()
    yield server
    await server.stop()
