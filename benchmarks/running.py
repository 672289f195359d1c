"""What a measurement runs on: services of its own on the loopback, and a worker process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from activities.settings import Settings
from deploy.errors import ServiceStartError
from deploy.postgres import LocalPostgres
from deploy.processes import ChildProcess
from deploy.services import running
from deploy.temporal import TemporalDevServer

_ROOT = Path(__file__).parent.parent
T = TypeVar("T")


@dataclass(frozen=True)
class Servers:
    temporal: TemporalDevServer
    postgres: LocalPostgres

    @property
    def settings(self) -> Settings:
        return Settings(database_url=self.postgres.dsn, temporal_address=self.temporal.address)


@asynccontextmanager
async def servers(folder: Path, temporal_data: Path | None = None) -> AsyncIterator[Servers]:
    """Until the end of the block; the dev server keeps its data in memory unless it has a folder for them."""
    temporal = TemporalDevServer(temporal_data, port=0, ui=False, log=folder / "temporal.log")
    postgres = LocalPostgres(folder / "postgres")
    async with running(temporal, postgres):
        yield Servers(temporal, postgres)


@asynccontextmanager
async def worker_process(
    settings: Settings, log: Path, program: Sequence[str] = ("worker.py",), **variables: str
) -> AsyncIterator[ChildProcess]:
    """Python running the program with these settings, until the end of the block."""
    env = {**os.environ, **_environment(settings), **variables}
    worker = ChildProcess([sys.executable, *program], log=log, env=env, cwd=_ROOT)
    worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        "EVERSTEP_DATABASE_URL": settings.database_url,
        "EVERSTEP_TEMPORAL_ADDRESS": settings.temporal_address,
        "EVERSTEP_QUEUE_PREFIX": settings.queue_prefix,
        "EVERSTEP_WORKFLOW_SANDBOX": "false",
    }


async def while_running(worker: ChildProcess, measuring: Awaitable[T]) -> T:
    """Raises ServiceStartError with the worker's last lines if it ends before the measuring does."""
    measured, ended = asyncio.ensure_future(measuring), asyncio.ensure_future(worker.wait())
    try:
        await asyncio.wait((measured, ended), return_when=asyncio.FIRST_COMPLETED)
        if measured.done():
            return measured.result()
        raise ServiceStartError("The worker", f"it ended with code {worker.exit_code}", worker.log_tail())
    finally:
        ended.cancel()
        measured.cancel()
        await asyncio.gather(measured, ended, return_exceptions=True)
