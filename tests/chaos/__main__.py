"""`make chaos`: executions survive random kills of what carries them, and a ledger shows it.

CHAOS_SEED repeats what is killed and ordered, and when; what the machine makes of it differs.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx2
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from deploy.exits import run
from deploy.progress import elapsed, say
from store.database import Database
from tests.chaos.calls import Calls
from tests.chaos.driver import Gateway, answer_what_waits, order, set_up
from tests.chaos.ledger import Found, Line, everything
from tests.chaos.subjects import Subject, order_of_starts, subjects
from tests.chaos.system import System, kill_at_random, system_in
from tests.engine import until
from tests.keys import CONVERTER

_SECONDS_BETWEEN_KILLS = 3.0
_RECORDS = 12
_PATIENCE_SECONDS = 300
_SHOWN = 30


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--executions", type=int, default=200, help="ordered while the killing goes on (default: 200)")
    parser.add_argument("--kills", type=int, default=30, help="by SIGKILL, of workers, API and Temporal server (default: 30)")
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED", Random().randrange(10**6)))
    parser.add_argument("--folder", type=Path, help="keeps data and logs there; otherwise they are gone with the end")
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Outcome:
    found: Found
    killed: Counter[str]
    problems: Sequence[str]

    @property
    def lines(self) -> list[Line]:
        return list(self.found.lines())

    @property
    def is_right(self) -> bool:
        return not self.problems and all(line.is_right for line in self.lines)


async def unleash(system: System, options: argparse.Namespace, calls: Calls) -> Outcome:
    """Orders, kills, waits for the end and takes stock."""
    chosen = subjects(calls.address)
    by_name = {subject.name: subject for subject in chosen}
    database = await Database.connect(system.postgres.dsn)
    async with httpx2.AsyncClient(base_url=system.api, timeout=10, headers={"Authorization": f"Bearer {system.key}"}) as http:
        gateway = Gateway(http)
        records = await set_up(gateway, chosen, _RECORDS)
        person = asyncio.create_task(answer_what_waits(gateway, by_name))
        seconds = options.kills * _SECONDS_BETWEEN_KILLS
        ordered = order_of_starts(chosen, options.executions)
        starting = order(gateway, Random(f"{options.seed} orders"), ordered, records, seconds)
        killing = kill_at_random(system, Random(f"{options.seed} kills"), options.kills, every_seconds=_SECONDS_BETWEEN_KILLS)
        tokens, killed = await asyncio.gather(starting, killing)
        say(f"All ordered, {killed.total()} killed, {gateway.unanswered} calls without an answer. Waiting for the end …")
        client = await Client.connect(system.temporal.address, data_converter=CONVERTER)
        problems = await _at_the_end(database, client)
        person.cancel()
    found = await everything(database, client, system.mail, by_name, calls.kept, tokens)
    await database.close()
    return Outcome(found, killed, [*problems, *gateway.problems, *found.problems()])


async def _at_the_end(database: Database, client: Client) -> list[str]:
    """Once nothing is open, or what is open when patience ends."""

    async def are_over() -> bool:
        async with database.connection() as connection:
            rows = await connection.fetchval("select count(*) from executions where finished_at is null")
        return not rows and not (await client.count_workflows("ExecutionStatus = 'Running'")).count

    try:
        await until(are_over, seconds=_PATIENCE_SECONDS, says="all executions are over")
    except AssertionError as error:
        return [str(error)]
    return []


def print_ledger(outcome: Outcome, subjects: Sequence[Subject], console: Console) -> None:
    console.print(_by_automation(outcome.found, subjects))
    table = Table(title="Ledger", title_justify="left")
    for column in ("", "expected", "found", "", ""):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for line in outcome.lines:
        table.add_row(line.what, str(line.expected), str(line.found), "[green]✓[/]" if line.is_right else "[red]✗[/]", line.note)
    console.print(table)
    for problem in outcome.problems[:_SHOWN]:
        console.print(f"[red]✗[/] {problem}", highlight=False, soft_wrap=True)


def _by_automation(found: Found, subjects: Sequence[Subject]) -> Table:
    table = Table(title="Executions", title_justify="left")
    for column in ("automation", "to end", "executions", "as expected", "step runs", "failed attempts"):
        table.add_column(column, justify="left" if column in ("automation", "to end") else "right")
    for subject in subjects:
        executions = found.of(subject)
        right = sum(not any(each.problems()) for each in executions)
        runs = [run for each in executions for run in each.runs]
        attempts = sum(len(run["failures"]) for run in runs)
        table.add_row(subject.name, subject.state, str(len(executions)), str(right), str(len(runs)), str(attempts))
    return table


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"{options.executions} executions, {options.kills} kills. CHAOS_SEED={options.seed}")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as own:
        async with (
            Calls(Random(f"{options.seed} calls")) as calls,
            system_in(options.folder or Path(own)) as system,
            elapsed("Running", say),
        ):
            outcome = await unleash(system, options, calls)
        console = Console(width=130)
        console.print(f"Killed: {', '.join(f'{name} {times} ×' for name, times in sorted(outcome.killed.items()))}")
        print_ledger(outcome, subjects(calls.address), console)
    say("Nothing lost, nothing doubled." if outcome.is_right else "Something is wrong.")
    return 0 if outcome.is_right else 1


if __name__ == "__main__":
    run(main)
