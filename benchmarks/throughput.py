"""Measures a five-step automation beside bare Temporal workflows of five activities, on the same servers, in turns."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client

from activities.settings import Settings
from benchmarks.bare import BARE
from benchmarks.measuring import Load, Rounds, measure
from benchmarks.report import print_report
from benchmarks.variants import BareVariant, EverstepVariant
from benchmarks.worker import PROFILE
from deploy.errors import ServiceStartError
from deploy.exits import run
from deploy.postgres import LocalPostgres
from deploy.processes import ChildProcess
from deploy.progress import elapsed, say
from deploy.services import running
from deploy.temporal import TemporalDevServer
from store.database import Database
from workflows.converter import DATA_CONVERTER

_ROOT = Path(__file__).parent.parent


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--executions", type=_count, default=120, help="of each variant in a round (default: 120)")
    parser.add_argument("--rounds", type=_count, default=5, help="after the warm-up (default: 5)")
    parser.add_argument("--concurrency", type=_count, default=20, help="executions in flight (default: 20)")
    parser.add_argument("--temporal", choices=("memory", "file"), default="memory", help="where the dev server keeps its data")
    parser.add_argument("--profile", type=_absolute, help="a file for what cProfile sees of the worker's event loop")
    return parser.parse_args(arguments)


def _absolute(text: str) -> Path:
    return Path(text).resolve()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


async def benchmark(options: argparse.Namespace, folder: Path) -> Rounds:
    """Starts services of its own on the loopback, measures, and stops them."""
    data = folder / "temporal" if options.temporal == "file" else None
    temporal = TemporalDevServer(data, port=0, ui=False, log=folder / "temporal.log")
    postgres = LocalPostgres(folder / "postgres")
    async with running(temporal, postgres):
        settings = Settings(database_url=postgres.dsn, temporal_address=temporal.address)
        async with _worker(settings, folder, options.profile) as worker:
            pids = {"Temporal": temporal.pid, "Postgres": postgres.pid, "worker": worker.pid, "load": os.getpid()}
            processes = {name: pid for name, pid in pids.items() if pid is not None}
            return await _while_running(worker, _measured(options, settings, processes))


@asynccontextmanager
async def _worker(settings: Settings, folder: Path, profile: Path | None) -> AsyncIterator[ChildProcess]:
    env = os.environ | {
        "EVERSTEP_DATABASE_URL": settings.database_url,
        "EVERSTEP_TEMPORAL_ADDRESS": settings.temporal_address,
        "EVERSTEP_WORKFLOW_SANDBOX": "false",
    }
    if profile is not None:
        env[PROFILE] = str(profile)
    worker = ChildProcess([sys.executable, "-m", "benchmarks.worker"], log=folder / "worker.log", env=env, cwd=_ROOT)
    worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def _while_running(worker: ChildProcess, measuring: Awaitable[Rounds]) -> Rounds:
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


async def _measured(options: argparse.Namespace, settings: Settings, processes: dict[str, int]) -> Rounds:
    own = await Client.connect(settings.temporal_address, data_converter=DATA_CONVERTER)
    bare = await Client.connect(settings.temporal_address)
    load = Load(options.executions, options.rounds, options.concurrency)
    database = await Database.connect(settings.database_url, size=settings.database_pool)
    try:
        await database.migrate()
        everstep = EverstepVariant(database, own, settings)
        return await measure([everstep, *(BareVariant(each, bare) for each in BARE)], load, processes)
    finally:
        await database.close()


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(
        f"{options.executions} executions a variant and round, {options.concurrency} in flight. "
        f"Temporal's dev server keeps its data in {'memory' if options.temporal == 'memory' else 'a file'}, Postgres on disk."
    )
    with tempfile.TemporaryDirectory(prefix="everstep-benchmark-") as folder:
        async with elapsed("Measuring", say):
            rounds = await benchmark(options, Path(folder))
    print_report(rounds)
    return 0


if __name__ == "__main__":
    run(main)
