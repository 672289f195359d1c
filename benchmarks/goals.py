"""Measures an edit of a record, by the gateway and then the relay, beside executions that wait on goals, in turns."""

import argparse
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count as numbers
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from activities.definitions import Definitions
from activities.relaying import evaluate_events
from activities.services import Services
from activities.settings import Settings
from api.app import create_app
from benchmarks.measuring import percentiles, run_and_report
from benchmarks.options import count
from benchmarks.waiting import let_wait, record_to_edit
from deploy.admin_key import make_admin_key
from deploy.exits import run
from deploy.postgres import LocalPostgres
from deploy.services import running
from store.database import Database

Rounds = Mapping[int, Sequence[tuple[float, float]]]
"""The 50th and 99th percentile of an edit in seconds, by how many executions wait, in the order of the rounds."""

NOBODY = "127.0.0.1:1"
"""Where no Temporal is: nothing here asks it for anything."""


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.goals", description=__doc__)
    parser.add_argument("--waiting", type=count, default=10_000, help="executions that wait on goals (default: 10000)")
    parser.add_argument("--edits", type=count, default=200, help="in a round (default: 200)")
    parser.add_argument("--rounds", type=count, default=7, help="after the warm-up (default: 7)")
    return parser.parse_args(arguments)


class Subject:
    """A gateway and a relay on a database of their own, and the record that is edited."""

    def __init__(self, gateway: httpx2.AsyncClient, services: Services, record: UUID) -> None:
        self._gateway, self._services, self._record = gateway, services, record
        self._numbers = numbers()

    async def edits(self, edits: int) -> tuple[float, float]:
        return percentiles([await self._edit() for _ in range(edits)])

    async def _edit(self) -> float:
        """Nobody waits for this field."""
        values = {"status": f"Open {next(self._numbers)}"}
        began = perf_counter()
        answer = await self._gateway.patch(f"/records/{self._record}", json={"values": values})
        evaluated = await evaluate_events(self._services)
        seconds = perf_counter() - began
        answer.raise_for_status()
        assert evaluated == 1, f"{evaluated} events were evaluated after one edit"
        return seconds


@asynccontextmanager
async def subject(postgres: LocalPostgres, waiting: int) -> AsyncIterator[Subject]:
    settings = Settings(database_url=await _database(postgres, f"with_{waiting}"), temporal_address=NOBODY)
    async with AsyncExitStack() as open_:
        database = await Database.connect(settings.database_url, size=2)
        open_.push_async_callback(database.close)
        await database.migrate()
        record = await record_to_edit(database)
        await let_wait(database, record, waiting)
        http = await open_.enter_async_context(httpx2.AsyncClient())
        services = Services(settings, database, await Client.connect(NOBODY, lazy=True), http, Definitions())
        while await evaluate_events(services):
            pass
        app = create_app(settings)
        await open_.enter_async_context(app.router.lifespan_context(app))
        transport = httpx2.ASGITransport(app)
        headers = {"Authorization": f"Bearer {await make_admin_key(settings.database_url, 'benchmark')}"}
        client = httpx2.AsyncClient(transport=transport, base_url="http://gateway", headers=headers)
        gateway = await open_.enter_async_context(client)
        yield Subject(gateway, services, record)


async def _database(postgres: LocalPostgres, name: str) -> str:
    own = await Database.connect(postgres.dsn, size=1)
    async with own.connection() as connection:
        await connection.execute(f"create database {name}")
    await own.close()
    return urlsplit(postgres.dsn)._replace(path=f"/{name}").geturl()


async def benchmark(options: argparse.Namespace, folder: Path) -> Rounds:
    postgres = LocalPostgres(folder / "postgres")
    async with running(postgres), AsyncExitStack() as open_:
        subjects = {waiting: await open_.enter_async_context(subject(postgres, waiting)) for waiting in (0, options.waiting)}
        for each in subjects.values():
            await each.edits(options.edits)
        found: dict[int, list[tuple[float, float]]] = {waiting: [] for waiting in subjects}
        for number in range(options.rounds):
            for waiting, each in list(subjects.items())[:: -1 if number % 2 else 1]:
                found[waiting].append(await each.edits(options.edits))
    return found


def print_report(rounds: Rounds, console: Console | None = None) -> None:
    console = console or Console(width=100)
    table = Table(title="An edit and its evaluation: medians of the rounds, and of each round's ratio")
    for column in ("executions waiting", "p50 ms", "p99 ms", "p50 ratio"):
        table.add_column(column, justify="right")
    for waiting, each in rounds.items():
        ratio = median(own[0] / none[0] for own, none in zip(each, rounds[0], strict=True))
        p50, p99 = (1000 * median(turn[place] for turn in each) for place in (0, 1))
        table.add_row(f"{waiting:,}", f"{p50:.2f}", f"{p99:.2f}", f"{ratio:.2f} ×")
    console.print(table)


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    said = (
        f"{options.edits} edits of one record in a round. Half of the {options.waiting:,} executions wait on that record for"
        " other fields, half on other records."
    )
    return await run_and_report(partial(benchmark, options), print_report, said)


if __name__ == "__main__":
    run(main)
