"""`python -m tests.chaos.older_temporal`: Temporal is restored from an older backup, or set up anew.

Executions of several shapes run; Temporal's file is copied, they run on, and the copy is put back. Until the operator's one
command nothing is ended; after it nothing is lost, doubled or stuck, and the ledger counts it.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from deploy.exits import run
from deploy.progress import elapsed, say
from store.database import Database
from store.missing_workflows import count_missing
from tests.builders import Json, goal, stop, variable
from tests.chaos.driver import Gateway
from tests.chaos.subjects import CALLED, OBJECT, hit
from tests.chaos.system import System, system_in
from tests.engine import until
from tests.keys import bearing

_PATIENCE_SECONDS = 180
_SOON = {"until": {"variable": "due"}}
_SOON_IS = timedelta(seconds=6)
_LATER = {"days": 2}


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.older_temporal", description=__doc__)
    parser.add_argument("--each", type=int, default=8, help="executions of each shape, before the backup and after it")
    parser.add_argument("--empty", action="store_true", help="Temporal is set up anew in place of restored")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or Random().randrange(10**6)))
    return parser.parse_args(arguments)


def _wait(id: str, length: Json) -> Json:
    return {"id": id, "type": "delay", **length}


def _branch(**lanes: Sequence[Json]) -> Json:
    return {"id": "fork", "type": "branch", "lanes": [{"name": name, "steps": steps} for name, steps in lanes.items()]}


def _goal(id: str) -> Json:
    return goal(id, {"type": "field_updated", "field": CALLED}, met=[hit(f"{id}-met")], not_met=[])


_DUE = variable("due", {"static": "2030-01-01T00:00:00Z"}, type="datetime")

SHAPES: dict[str, Sequence[Json]] = {
    "chain": [hit("a"), hit("b"), hit("c"), hit("d")],
    "waiting": [hit("a"), _wait("soon", _SOON), hit("b"), _wait("later", _LATER), hit("c")],
    "aiming": [hit("a"), _goal("aim"), hit("b")],
    "held": [hit("a"), stop("hold", "pause"), hit("b"), _wait("later", _LATER), hit("c")],
    "laned": [
        _branch(
            quick=[hit("a"), hit("b")],
            slow=[hit("c"), _wait("soon", _SOON), hit("d"), _wait("later", _LATER), hit("e")],
            far=[_goal("aim"), hit("f")],
        ),
        hit("joined"),
    ],
}


def _ids(steps: Sequence[Json]) -> Iterator[str]:
    for step in steps:
        yield step["id"]
        yield from (id for lane in step.get("lanes", []) for id in _ids(lane["steps"]))
        yield from _ids(step.get("if_met", []))


@dataclass
class Run:
    """One run: what was started on which record, and what is canceled in between."""

    system: System
    gateway: Gateway
    random: Random
    started: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    canceled: set[str] = field(default_factory=set[str])

    async def set_up(self) -> None:
        await self.gateway.call("PUT", "/objects/case", OBJECT)
        for name, steps in SHAPES.items():
            document = {"api_name": name, "name": name, "object": "case", "active": True, "variables": [_DUE], "steps": steps}
            await self.gateway.call("PUT", f"/automations/{name}", document)

    async def start(self, each: int) -> None:
        for name in [name for name in SHAPES for _ in range(each)]:
            record = await self.gateway.call("POST", "/objects/case/records", {"name": "Case", "values": {"hits": 0}})
            path, variables = f"/automations/{name}/executions", {"due": (datetime.now(UTC) + _SOON_IS).isoformat()}
            execution = await self.gateway.call("POST", path, {"record_id": record["id"], "variables": variables})
            assert execution, self.gateway.problems
            self.started[execution["id"]] = name, record["id"]

    async def row(self, execution: str) -> Any:
        return await self.gateway.call("GET", f"/executions/{execution}")

    async def rest(self) -> None:
        await self._all_are(lambda row: row["state"] != "active")

    async def run_on(self) -> None:
        """All that the older Temporal will know nothing of; the last ones are still under way."""
        resting = list(self.started)
        moved = self.random.sample(resting, len(resting) // 2)
        for execution in moved:
            await self._move(execution, await self.row(execution))
        for execution in self.random.sample(resting, len(resting) // 5):
            await self.gateway.call("POST", f"/executions/{execution}/pause", {"why": "lunch"})
        of_waiting = [id for id in resting if self.started[id][0] == "waiting" and id not in moved]
        self.canceled = set(of_waiting[:2])
        for execution in self.canceled:
            await self.gateway.call("POST", f"/executions/{execution}/cancel", {"why": "chaos"})

    async def finish(self) -> None:
        """A person moves whatever waits until all are over."""

        async def over() -> bool:
            rows = [await self.row(execution) for execution in self.started]
            for row in rows:
                await self._move(row["id"], row)
            return all(row["finished_at"] for row in rows)

        await until(over, seconds=_PATIENCE_SECONDS, says="all executions over")

    async def _move(self, execution: str, row: Any) -> None:
        match row["state"], row["pause_reason"]:
            case "paused", "goal":
                await self._call(execution)
            case "paused", "delay":
                await self._skip_later(execution)
            case "paused", "manual" | "automation" | "error":
                await self.gateway.call("POST", f"/executions/{execution}/resume", {})
            case _:
                pass

    async def _call(self, execution: str) -> None:
        value = str(self.random.random())
        await self.gateway.call("PATCH", f"/records/{self.started[execution][1]}", {"values": {CALLED: value}})

    async def _skip_later(self, execution: str) -> None:
        await self.gateway.call("POST", f"/executions/{execution}/skip", {"step": "later"})

    async def _all_are(self, so: Callable[[Any], bool]) -> None:
        async def are() -> bool:
            return all([so(await self.row(execution)) for execution in self.started])

        await until(are, seconds=_PATIENCE_SECONDS, says="all executions at rest")

    async def recover(self) -> Any:
        """The operator's one command."""
        recovery = await self.gateway.call("POST", "/recoveries", {"decision": "start_again", "why": "chaos"})

        async def over() -> Any:
            found = await self.gateway.call("GET", f"/recoveries/{recovery['id']}")
            return found if found["finished_at"] else None

        return await until(over, seconds=_PATIENCE_SECONDS, says="the recovery is done")


async def older_temporal(options: argparse.Namespace, folder: Path) -> dict[str, tuple[int, int]]:
    """What is wanted and what is found, by what is counted."""
    async with (
        system_in(folder) as system,
        httpx2.AsyncClient(base_url=system.api, headers=bearing(system.key), timeout=30) as client,
    ):
        there = Run(system, Gateway(client), Random(options.seed))
        await there.set_up()
        await there.start(options.each)
        await there.rest()
        await _stopped(system, lambda: _copied(folder / "temporal", folder / "backup"))
        await there.run_on()
        await there.start(options.each)
        await _stopped(system, lambda: _put_back(folder / "backup", folder / "temporal", empty=options.empty))
        async with _database(system) as database:
            return await _counted(there, database)


async def _counted(there: Run, database: Database) -> dict[str, tuple[int, int]]:
    await until(lambda: _noticed(database), seconds=_PATIENCE_SECONDS, says="missing workflows are noticed")
    async with database.connection() as connection:
        ended = await connection.fetchval("select count(*) from executions where cancel_reason = 'temporal'")
    recovery = await there.recover()
    say(f"{recovery['started']} started again, {recovery['reloaded']} go on from their rows, {recovery['closed']} closed.")
    await there.finish()
    lines = await _ledger(there, database)
    return {"ended before anybody decided": (0, ended), **lines, "problems": (0, len(there.gateway.problems))}


@asynccontextmanager
async def _database(system: System) -> AsyncIterator[Database]:
    database = await Database.connect(system.postgres.dsn, size=2)
    yield database
    await database.close()


async def _noticed(database: Database) -> bool:
    async with database.connection() as connection:
        return await count_missing(connection) > 5


async def _stopped(system: System, work: Callable[[], None]) -> None:
    await system.temporal.stop()
    work()
    await system.temporal.start()


def _copied(data: Path, backup: Path) -> None:
    backup.mkdir()
    for file in data.glob("temporal.sqlite*"):
        shutil.copy2(file, backup)


def _put_back(backup: Path, data: Path, *, empty: bool) -> None:
    for file in data.glob("temporal.sqlite*"):
        file.unlink()
    for file in [] if empty else backup.iterdir():
        shutil.copy2(file, data)


async def _ledger(there: Run, database: Database) -> dict[str, tuple[int, int]]:
    wrong_runs = wrong_hits = 0
    async with database.connection() as connection:
        states = Counter(row["state"] for row in await connection.fetch("select state from executions"))
        for execution, (name, record) in there.started.items():
            if execution in there.canceled:
                continue
            ids = Counter([_DUE["id"], *_ids(SHAPES[name])])
            runs = await connection.fetch("select step_id from step_runs where execution_id = $1", execution)
            hits = await connection.fetchval("select (field_values ->> 'hits')::int from records where id = $1", record)
            wrong_runs += Counter(row["step_id"] for row in runs) != ids
            wrong_hits += hits != sum(id in _HITS for id in ids)
    count = len(there.started)
    return {
        "executions completed": (count - len(there.canceled), states["completed"]),
        "executions canceled by hand": (len(there.canceled), states["canceled"]),
        "executions whose steps ran otherwise than once": (0, wrong_runs),
        "records changed otherwise than once a step": (0, wrong_hits),
        "workflows still open": (0, await _open_workflows(there)),
    }


_HITS = {"a", "b", "c", "d", "e", "f", "joined", "aim-met"}


async def _open_workflows(there: Run) -> int:
    client = await Client.connect(there.system.temporal.address)

    async def none() -> bool:
        query = "WorkflowType = 'Execution' AND ExecutionStatus = 'Running'"
        return (await client.count_workflows(query)).count == 0

    try:
        await until(none, seconds=30, says="no workflow is open")
    except AssertionError:
        return (await client.count_workflows("ExecutionStatus = 'Running'")).count
    return 0


def print_ledger(lines: dict[str, tuple[int, int]]) -> None:
    is_right = all(wanted == found for wanted, found in lines.values())
    table = Table(title="Nothing lost, nothing doubled, nothing stuck" if is_right else "WRONG")
    for column in ("", "wanted", "found"):
        table.add_column(column, justify="right" if column else "left")
    for name, (wanted, found) in lines.items():
        table.add_row(name, str(wanted), str(found), style="" if wanted == found else "bold red")
    Console(width=100).print(table)


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"CHAOS_SEED={options.seed}: {2 * options.each} executions of each of {len(SHAPES)} shapes.")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with elapsed("An older Temporal", say):
            lines = await older_temporal(options, Path(folder))
    print_ledger(lines)
    return 0 if all(wanted == found for wanted, found in lines.values()) else 1


if __name__ == "__main__":
    run(main)
