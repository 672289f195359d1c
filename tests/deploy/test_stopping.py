"""Processes that are told to stop do so without an error in their log, whatever they are in the middle of."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from activities.settings import Settings
from deploy.ports import free_port, is_answering
from deploy.temporal import TemporalDevServer
from tests.builders import delay
from tests.engine import Engine, until
from tests.keys import ADMIN_KEY, ENCRYPTION_KEY, bearing

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def process(settings: Settings, temporal: TemporalDevServer, *words: str, port: int = 0) -> AsyncIterator[Process]:
    env = os.environ | {
        "EVERSTEP_DATABASE_URL": settings.database_url,
        "EVERSTEP_TEMPORAL_ADDRESS": temporal.address,
        "EVERSTEP_QUEUE_PREFIX": settings.queue_prefix,
        "EVERSTEP_ENCRYPTION_KEYS": ENCRYPTION_KEY,
        "EVERSTEP_API_PORT": str(port),
    }
    started = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, env=env, stdout=PIPE, stderr=PIPE)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def log_of(stopped: Process, sign: signal.Signals) -> list[dict[str, Any]]:
    """All that it wrote, once it has stopped. What is no line of the log is an error as well."""
    stopped.send_signal(sign)
    out, err = await asyncio.wait_for(stopped.communicate(), 20)
    return [
        json.loads(line) if line.startswith("{") else {"level": "error", "event": line}
        for line in (out + err).decode().splitlines()
    ]


def errors(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in log if each["level"] not in ("info", "debug", "warning") or "exception" in each]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_gateway_stops_without_an_error_while_it_is_listened_to(
    engine: Engine, temporal: TemporalDevServer, sign: signal.Signals
) -> None:
    await engine.save(steps=[delay("rest")])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    port = free_port()
    async with process(engine.settings, temporal, "-m", "api", port=port) as gateway, AsyncExitStack() as open:
        await until(lambda: is_answering("127.0.0.1", port), seconds=40)
        url = f"http://127.0.0.1:{port}"
        client = await open.enter_async_context(httpx2.AsyncClient(base_url=url, headers=bearing(ADMIN_KEY), timeout=30))
        assert (await client.get("/health/live")).status_code == 200  # its connection stays open
        await listen(open, client, execution)
        waiting = asyncio.create_task(client.post("/automations/subject/executions?wait=50", json={}))
        await until(lambda: started(engine, 2))
        log = await log_of(gateway, sign)
        answered = await asyncio.gather(waiting, return_exceptions=True)
    assert errors(log) == []
    assert getattr(answered[0], "status_code", None) in (200, 202)


async def listen(open: AsyncExitStack, client: httpx2.AsyncClient, execution: UUID) -> None:
    stream = await open.enter_async_context(client.stream("GET", f"/executions/{execution}/stream"))
    await anext(stream.aiter_lines())


async def started(engine: Engine, count: int) -> bool:
    async with engine.database.connection() as connection:
        return await connection.fetchval("select count(*) from executions") == count


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_stops_without_an_error(settings: Settings, temporal: TemporalDevServer, sign: signal.Signals) -> None:
    async with process(settings, temporal, "worker.py") as worker:
        assert worker.stderr
        lines = list[bytes]()
        async with asyncio.timeout(40):
            while not any(b"worker_ready" in line for line in lines):
                lines.append(await worker.stderr.readline())
        assert errors(await log_of(worker, sign)) == []
