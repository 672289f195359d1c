"""`make chaos-relay`: events are evaluated once each, whatever happens to the workers that do it.

Workers are killed by SIGKILL while events come in. The ledger at the end counts events, evaluations, executions and workflows.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from activities.settings import Settings
from benchmarks.listening import Listeners, listeners, tell
from benchmarks.running import servers
from deploy.exits import run
from deploy.progress import elapsed, say
from store.database import Database
from tests.engine import until
from tests.workflows.processes import Start, worker_processes

_BATCH = 1_000
_PATIENCE_SECONDS = 600


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.relay", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--automations", type=int, default=1_000)
    parser.add_argument("--starting", type=float, default=0.01, help="the share of the events that start an execution")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=Random().randrange(10**6))
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Ledger:
    """What was wanted and what is there."""

    lines: dict[str, tuple[int, int]]

    @property
    def is_right(self) -> bool:
        return all(wanted == found for wanted, found in self.lines.values())


async def relay_under_kills(options: argparse.Namespace, folder: Path) -> Ledger:
    """Starts services of its own on the loopback, and ends them."""
    async with servers(folder) as there, _database(there.settings) as database:
        listening = await listeners(database, options.automations)
        async with database.connection() as connection:
            await connection.execute("update events set evaluated_at = event_at")
            before = await connection.fetchval("select count(*) from events")
        async with worker_processes(there.settings, there.temporal.address, folder) as start:
            wanted = await _told_while_killing(options, database, listening, start)
            await until(lambda: _is_over(database), seconds=_PATIENCE_SECONDS, says="all events evaluated, all executions over")
        client = await Client.connect(there.temporal.address)
        return await _ledger(database, client, options.events, wanted, before)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = await Database.connect(settings.database_url, size=4)
    await database.migrate()
    yield database
    await database.close()


async def _told_while_killing(options: argparse.Namespace, database: Database, there: Listeners, start: Start) -> int:
    """How many executions there are to be. Two workers share the work; each kill hits one of them."""
    random = Random(options.seed)
    workers = [start(), start()]
    kills = sorted(random.randrange(1, max(2, options.events)) for _ in range(options.kills))
    wanted = told = 0
    while told < options.events:
        size = min(_BATCH, options.events - told)
        wanted += await tell(database, there, size, hot=options.starting, random=random)
        told += size
        while kills and await _evaluated(database) >= min(kills[0], told // 2):
            say(f"A worker is killed after {await _evaluated(database):,} events.")
            await workers.pop(random.randrange(2)).kill()
            workers.append(start())
            kills.pop(0)
    for after in kills:
        await until(lambda after=after: _has_evaluated(database, after), seconds=_PATIENCE_SECONDS, says="relaying goes on")
        say(f"A worker is killed after {await _evaluated(database):,} events.")
        await workers.pop(random.randrange(2)).kill()
        workers.append(start())
    return wanted


async def _evaluated(database: Database) -> int:
    async with database.connection() as connection:
        return await connection.fetchval("select count(*) from events where evaluated_at is not null")


async def _has_evaluated(database: Database, events: int) -> bool:
    return await _evaluated(database) >= events


async def _is_over(database: Database) -> bool:
    async with database.connection() as connection:
        return await connection.fetchval("""
            select not exists (select from events where evaluated_at is null)
               and not exists (select from executions where finished_at is null)
        """)


async def _ledger(database: Database, client: Client, events: int, wanted: int, before: int) -> Ledger:
    async with database.connection() as connection:
        row = await connection.fetchrow("""
            select (select count(*) from events where evaluated_at is not null) as evaluated,
                   (select count(*) from evaluations) as evaluations,
                   (select count(distinct event_id) from evaluations) as evaluated_events,
                   (select count(*) from evaluations where outcome = 'started') as started,
                   (select count(*) from executions where state = 'completed') as completed,
                   (select count(distinct event_id) from executions) as started_by
        """)
    assert row is not None

    async def counted() -> bool:
        return (await client.count_workflows("WorkflowType = 'Execution'")).count >= wanted

    await until(counted, says="Temporal lists all workflows")
    workflows = (await client.count_workflows("WorkflowType = 'Execution'")).count
    return Ledger(
        {
            "events evaluated": (events, row["evaluated"] - before),
            "evaluations": (events, row["evaluations"]),
            "events that an evaluation is about": (events, row["evaluated_events"]),
            "evaluations that started": (wanted, row["started"]),
            "executions completed": (wanted, row["completed"]),
            "events that executions came from": (wanted, row["started_by"]),
            "workflows in Temporal": (wanted, workflows),
        }
    )


def print_ledger(ledger: Ledger) -> None:
    table = Table(title="Nothing lost, nothing doubled" if ledger.is_right else "WRONG")
    for column in ("", "wanted", "found"):
        table.add_column(column, justify="right" if column else "left")
    for name, (wanted, found) in ledger.lines.items():
        table.add_row(name, f"{wanted:,}", f"{found:,}", style="" if wanted == found else "bold red")
    Console(width=100).print(table)


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"{options.events:,} events, {options.automations:,} automations, {options.kills} kills, seed {options.seed}.")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with elapsed("Relaying", say), asyncio.timeout(_PATIENCE_SECONDS):
            ledger = await relay_under_kills(options, Path(folder))
    print_ledger(ledger)
    return 0 if ledger.is_right else 1


if __name__ == "__main__":
    run(main)
