"""Measures how many events a second the relay evaluates, with few automations and with many, in turns."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

import httpx2
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from activities.definitions import Definitions
from activities.relaying import evaluate_events
from activities.services import Services
from activities.settings import Settings
from benchmarks.listening import Listeners, listeners, tell
from benchmarks.measuring import run_and_report
from benchmarks.options import count
from deploy.exits import run
from deploy.postgres import LocalPostgres
from deploy.progress import elapsed, say
from deploy.services import running
from store.database import Database

HOT = 0.1
"""The share of the events that start an execution."""

Rounds = Mapping[int, Sequence[float]]
"""Events a second, by how many automations there are, in the order of the rounds."""


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--automations", type=count, nargs="+", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--events", type=count, default=5_000, help="in a round (default: 5000)")
    parser.add_argument("--rounds", type=count, default=5, help="after the warm-up (default: 5)")
    return parser.parse_args(arguments)


class Subject:
    """A database with so many automations, and a relay on it."""

    def __init__(self, database: Database, services: Services, there: Listeners) -> None:
        self._database, self._services, self._there = database, services, there
        self._random = Random(there.automations)

    async def events_per_second(self, events: int) -> float:
        await tell(self._database, self._there, events, hot=HOT, random=self._random)
        began = perf_counter()
        evaluated = 0
        while more := await evaluate_events(self._services):
            evaluated += more
        assert evaluated == events, f"{evaluated} of {events} events were evaluated"
        return events / (perf_counter() - began)

    async def close(self) -> None:
        await self._database.close()


async def subject(postgres: LocalPostgres, automations: int, http: httpx2.AsyncClient) -> Subject:
    name = f"with_{automations}"
    own = await Database.connect(postgres.dsn, size=1)
    async with own.connection() as connection:
        await connection.execute(f"create database {name}")
    await own.close()
    settings = Settings(database_url=urlsplit(postgres.dsn)._replace(path=f"/{name}").geturl(), max_starts_per_minute=10**6)
    database = await Database.connect(settings.database_url, size=2)
    await database.migrate()
    # Launching is not measured here, and nothing else asks Temporal for anything.
    temporal = await Client.connect("127.0.0.1:1", lazy=True)
    services = Services(settings, database, temporal, http, Definitions())
    made = Subject(database, services, await listeners(database, automations))
    while await evaluate_events(services):
        pass
    return made


async def benchmark(options: argparse.Namespace, folder: Path) -> Rounds:
    postgres = LocalPostgres(folder / "postgres")
    async with running(postgres), httpx2.AsyncClient() as http:
        subjects: dict[int, Subject] = {}
        for automations in options.automations:
            async with elapsed(f"Saving {automations:,} automations", say):
                subjects[automations] = await subject(postgres, automations, http)
        rounds = await _measured(subjects, options.events, options.rounds)
        for each in subjects.values():
            await each.close()
    return rounds


async def _measured(subjects: Mapping[int, Subject], events: int, rounds: int) -> Rounds:
    """After a warm-up each."""
    for each in subjects.values():
        await each.events_per_second(events)
    found: dict[int, list[float]] = {automations: [] for automations in subjects}
    for _ in range(rounds):
        for automations, each in subjects.items():
            found[automations].append(await each.events_per_second(events))
    return found


def print_report(rounds: Rounds, console: Console | None = None) -> None:
    console = console or Console(width=100)
    fewest = rounds[min(rounds)]
    table = Table(title="Events evaluated a second, medians of the rounds; cost of one beside that with the fewest automations")
    for column in ("automations", "events/s", "cost of an event"):
        table.add_column(column, justify="right")
    for automations, each in rounds.items():
        ratio = median(few / many for few, many in zip(fewest, each, strict=True))
        table.add_row(f"{automations:,}", f"{median(each):,.0f}", f"{ratio:.2f} ×")
    console.print(table)


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    return await run_and_report(partial(benchmark, options), print_report)


if __name__ == "__main__":
    run(main)
