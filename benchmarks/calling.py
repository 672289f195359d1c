"""A gateway process, and callers that call it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import httpx2
import psutil

from activities.settings import Settings
from benchmarks.running import worker_process
from deploy.admin_key import make_admin_key
from deploy.ports import free_port
from deploy.processes import ChildProcess
from deploy.services import until_ready

_NO_LIMIT = str(10**9)

Call = Callable[[int], Awaitable[None]]
"""One request, by its number."""


class Gateway:
    """Served by a process of its own; `client` may do everything."""

    def __init__(self, process: ChildProcess, client: httpx2.AsyncClient) -> None:
        self._process, self.client = process, client

    @property
    def resident_mb(self) -> float:
        assert self._process.pid is not None, "the gateway ended: see its log"
        return psutil.Process(self._process.pid).memory_info().rss / 2**20


@asynccontextmanager
async def gateway(settings: Settings, folder: Path) -> AsyncIterator[Gateway]:
    key = await make_admin_key(settings.database_url, "benchmark")
    url = f"http://127.0.0.1:{(port := free_port())}"
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    variables = {"EVERSTEP_API_PORT": str(port), "EVERSTEP_REQUESTS_PER_MINUTE": _NO_LIMIT}
    async with (
        worker_process(settings, folder / "gateway.log", ("-m", "api"), **variables) as process,
        httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, limits=limits, timeout=60) as client,
    ):
        await until_ready("The gateway", lambda: _is_ready(client), process=process)
        yield Gateway(process, client)


async def _is_ready(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx2.TransportError:
        return False


async def called(call: Call, requests: int, callers: int) -> list[float]:
    """The seconds that each request took, of so many callers that each wait for their answers."""
    seconds: list[float] = []
    numbers = iter(range(requests))
    async with asyncio.TaskGroup() as lanes:
        for _ in range(min(callers, requests)):
            lanes.create_task(_call_in_turn(call, numbers, seconds))
    return seconds


async def _call_in_turn(call: Call, numbers: Iterator[int], seconds: list[float]) -> None:
    for number in numbers:
        began = perf_counter()
        await call(number)
        seconds.append(perf_counter() - began)
