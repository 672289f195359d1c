"""Measures how long regular executions take while thousands of low priority are queued, beside a system at rest."""

import argparse
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from activities.codec import data_converter
from activities.settings import Settings
from benchmarks.measuring import percentiles
from benchmarks.options import count
from benchmarks.running import Servers, servers, while_running, worker_process
from benchmarks.variants import EverstepVariant
from deploy.exits import run
from deploy.progress import elapsed, say
from store.database import Database

_WARM_UP = 20
_AT_REST, _FLOODED = "at rest", "flooded"


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.priority", description=__doc__)
    parser.add_argument("--flood", type=count, default=5_000, help="low-priority executions queued before (default: 5000)")
    parser.add_argument("--executions", type=count, default=100, help="regular ones of each turn, one by one (default: 100)")
    parser.add_argument("--rounds", type=count, default=7, help="each a turn at rest and one in the flood (default: 7)")
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Turn:
    """The milliseconds from each regular execution's row to its end, and what happened to the flood meanwhile."""

    latencies: Sequence[float]
    seconds: float
    queued_before: int
    queued_after: int

    @property
    def flood_per_second(self) -> float:
        return (self.queued_before - self.queued_after) / self.seconds


Turns = dict[str, list[Turn]]
"""By the system's name, in the order of the rounds."""


@dataclass(frozen=True)
class System:
    """One of two on the same servers, with a database and queues of its own."""

    settings: Settings
    database: Database
    client: Client
    log: Path

    def variant(self) -> EverstepVariant:
        return EverstepVariant(self.database, self.client, self.settings)

    async def queued(self) -> int:
        """Low-priority executions that are not over."""
        async with self.database.connection() as connection:
            return await connection.fetchval("select count(*) from executions where priority = 'low' and finished_at is null")


async def measure(systems: Mapping[str, System], options: argparse.Namespace) -> Turns:
    """The flood is queued while no worker runs, and worked on only in its turns."""
    async with elapsed(f"Queueing {options.flood} executions of low priority", say):
        await systems[_FLOODED].variant().queue(options.flood, "low")
    turns: Turns = {name: [] for name in systems}
    async with elapsed(f"Taking {options.rounds} turns at rest and in the flood", say):
        for _ in range(options.rounds):
            for name, system in systems.items():
                turns[name].append(await _take_turn(system, options.executions))
    return turns


async def _take_turn(system: System, executions: int) -> Turn:
    variant = system.variant()
    await variant.prepare(_WARM_UP + executions)
    async with worker_process(system.settings, system.log) as worker:
        turn = await while_running(worker, _timed(system, variant, executions))
    await variant.check()
    return turn


async def _timed(system: System, variant: EverstepVariant, executions: int) -> Turn:
    for _ in range(_WARM_UP):
        await variant.execute()
    before, began = await system.queued(), perf_counter()
    latencies = [await _latency_ms(variant) for _ in range(executions)]
    return Turn(latencies, perf_counter() - began, before, await system.queued())


async def _latency_ms(variant: EverstepVariant) -> float:
    began = perf_counter()
    await variant.execute()
    return 1000 * (perf_counter() - began)


@asynccontextmanager
async def systems_in(folder: Path) -> AsyncIterator[dict[str, System]]:
    """By name, until the end of the block."""
    async with servers(folder) as there, AsyncExitStack() as open_databases:
        client = await Client.connect(there.settings.temporal_address, data_converter=data_converter(there.settings))
        systems: dict[str, System] = {}
        for name in (_AT_REST, _FLOODED):
            settings = await _settings_of_its_own(there, name.replace(" ", "_"))
            database = await Database.connect(settings.database_url, size=settings.database_pool)
            open_databases.push_async_callback(database.close)
            await database.migrate()
            systems[name] = System(settings, database, client, folder / f"worker-{settings.queue_prefix}.log")
        yield systems


async def _settings_of_its_own(there: Servers, name: str) -> Settings:
    """With a new database and queues of this name."""
    database = await Database.connect(there.settings.database_url, size=1)
    async with database.connection() as connection:
        await connection.execute(f"create database {name}")
    await database.close()
    return there.settings.model_copy(update={"database_url": there.postgres.dsn_of(name), "queue_prefix": name})


def print_report(turns: Turns, console: Console) -> None:
    table = Table(title="Regular executions, one after another, from the row to the end; medians of the rounds")
    for column in ("", "completed", "p50 ms", "p99 ms", "p99 of each round", "flood left", "flood/s"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for name, taken in turns.items():
        table.add_row(name, *_cells(taken))
    console.print(table)
    for how, ratios in (("all rounds together", _pooled(turns)), ("median of each round's ratio", _by_round(turns))):
        p50, p99 = ratios
        console.print(f"In the flood, {how}: p50 {p50:.2f} ×, p99 {p99:.2f} × of what they are at rest.")


def _cells(taken: Sequence[Turn]) -> tuple[str, ...]:
    p50s, p99s = zip(*(percentiles(turn.latencies) for turn in taken), strict=True)
    return (
        str(sum(len(turn.latencies) for turn in taken)),
        f"{median(p50s):.1f}",
        f"{median(p99s):.1f}",
        " ".join(f"{p99:.0f}" for p99 in p99s),
        str(taken[-1].queued_after),
        f"{median(turn.flood_per_second for turn in taken):.1f}",
    )


def _pooled(turns: Turns) -> tuple[float, float]:
    rest, flood = (percentiles([ms for turn in turns[name] for ms in turn.latencies]) for name in (_AT_REST, _FLOODED))
    return flood[0] / rest[0], flood[1] / rest[1]


def _by_round(turns: Turns) -> tuple[float, float]:
    """A disturbance of one round by others on the machine counts as one round."""
    rests, floods = ([percentiles(turn.latencies) for turn in turns[name]] for name in (_AT_REST, _FLOODED))
    pairs = list(zip(rests, floods, strict=True))
    return median(flood[0] / rest[0] for rest, flood in pairs), median(flood[1] / rest[1] for rest, flood in pairs)


async def main() -> int:
    """1 where the flood ended before the measuring did: its turns were none."""
    options = parsed_options(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="everstep-benchmark-") as folder:
        async with systems_in(Path(folder)) as systems:
            turns = await measure(systems, options)
    print_report(turns, Console(width=110))
    if not turns[_FLOODED][-1].queued_after:
        say("The flood was over before the measuring was: take a larger --flood, or fewer --executions.")
        return 1
    return 0


if __name__ == "__main__":
    run(main)
