"""Measures a five-step automation beside bare Temporal workflows of five activities, on the same servers, in turns."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from temporalio.client import Client

from activities.codec import data_converter
from activities.settings import Settings
from benchmarks.bare import BARE
from benchmarks.measuring import Load, Rounds, measure, run_and_report
from benchmarks.options import count
from benchmarks.report import print_report
from benchmarks.running import servers, while_running, worker_process
from benchmarks.variants import BareVariant, EverstepVariant
from benchmarks.worker import PROFILE
from deploy.exits import run
from store.database import Database


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--executions", type=count, default=120, help="of each variant in a round (default: 120)")
    parser.add_argument("--rounds", type=count, default=5, help="after the warm-up (default: 5)")
    parser.add_argument("--concurrency", type=count, default=20, help="executions in flight (default: 20)")
    parser.add_argument("--temporal", choices=("memory", "file"), default="memory", help="where the dev server keeps its data")
    parser.add_argument("--profile", type=_absolute, help="a file for what cProfile sees of the worker's event loop")
    return parser.parse_args(arguments)


def _absolute(text: str) -> Path:
    return Path(text).resolve()


async def benchmark(options: argparse.Namespace, folder: Path) -> Rounds:
    """Starts services of its own on the loopback, measures, and stops them."""
    data = folder / "temporal" if options.temporal == "file" else None
    profile = {PROFILE: str(options.profile)} if options.profile else {}
    async with servers(folder, data) as there:
        program = ("-m", "benchmarks.worker")
        async with worker_process(there.settings, folder / "worker.log", program, **profile) as worker:
            pids = {"Temporal": there.temporal.pid, "Postgres": there.postgres.pid, "worker": worker.pid, "load": os.getpid()}
            processes = {name: pid for name, pid in pids.items() if pid is not None}
            return await while_running(worker, _measured(options, there.settings, processes))


async def _measured(options: argparse.Namespace, settings: Settings, processes: dict[str, int]) -> Rounds:
    own = await Client.connect(settings.temporal_address, data_converter=data_converter(settings))
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
    said = (
        f"{options.executions} executions a variant and round, {options.concurrency} in flight. "
        f"Temporal's dev server keeps its data in {'memory' if options.temporal == 'memory' else 'a file'}, Postgres on disk."
    )
    return await run_and_report(partial(benchmark, options), print_report, said)


if __name__ == "__main__":
    run(main)
