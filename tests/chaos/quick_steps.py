"""Executions of quick steps only survive kills of the only worker, and of Temporal: none stuck, none lost, history right.

Quick steps run many to a workflow task, so a kill loses workflow tasks whose steps are in the store already.
`python -m tests.chaos.quick_steps`; CHAOS_SEED repeats what is killed, and when.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from rich.console import Console
from temporalio.client import Client

from activities.codec import data_converter
from benchmarks.running import servers
from deploy.exits import run
from deploy.progress import elapsed, say
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.chaos.quick_shapes import CHILD, HIT, Shape, shapes
from tests.engine import Engine, until
from tests.workflows.processes import Start, worker_processes

_PATIENCE_SECONDS = 240
_SHOWN = 20
_DUE = "2001-01-01"
_AT_ONCE = 10


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.quick_steps", description=__doc__)
    parser.add_argument("--executions", type=int, default=400, help="started in as many rounds as there are kills")
    parser.add_argument("--kills", type=int, default=8, help="of the only worker, by SIGKILL")
    parser.add_argument("--temporal-kills", type=int, default=2, help="of the dev server")
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED", Random().randrange(10**6)))
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Under:
    """What is killed."""

    start: Start
    temporal: TemporalDevServer
    random: Random


async def quick_steps_under_kills(options: argparse.Namespace, folder: Path) -> list[str]:
    """What is wrong in the end."""
    async with servers(folder, temporal_data=folder / "temporal") as there:
        database = await Database.connect(there.settings.database_url, size=_AT_ONCE)
        await database.migrate()
        client = await Client.connect(there.temporal.address, data_converter=data_converter(there.settings))
        engine = Engine(database, client, there.settings)
        await engine.lead("First")
        for shape in shapes():
            await engine.save(**shape.document())
        async with worker_processes(there.settings, there.temporal.address, folder) as start:
            under = Under(start, there.temporal, Random(options.seed))
            started = await _started_under_kills(options, engine, under)
            problems = await _at_the_end(engine)
        problems += await _problems(engine, started)
        await database.close()
    return problems


async def _started_under_kills(options: argparse.Namespace, engine: Engine, under: Under) -> dict[UUID, Shape]:
    """Each round starts executions, and kills the worker while it is at them."""
    started: dict[UUID, Shape] = {}
    size = max(1, options.executions // max(1, options.kills))
    for round in range(options.kills):
        started |= await _started(engine, size, under.random)
        worker = under.start()
        await _is_at_work(engine)
        await asyncio.sleep(under.random.uniform(0, 0.8))
        if round < options.temporal_kills:
            await under.temporal.kill()
            say("Temporal is killed.")
            await under.temporal.start()
        await worker.kill()
        say(f"The worker is killed with {await _open(engine)} executions open, {await _runs(engine):,} step runs made.")
    under.start()
    return started


async def _started(engine: Engine, size: int, random: Random) -> dict[UUID, Shape]:
    wanted = [shape for shape in shapes() if shape.name != CHILD]
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(shape: Shape) -> tuple[UUID, Shape]:
        async with places:
            lead = await engine.lead(seats=0, due=_DUE)
            return await engine.start(shape.name, record=lead), shape

    return dict(await asyncio.gather(*(one(random.choice(wanted)) for _ in range(size))))


async def _is_at_work(engine: Engine) -> None:
    before = await _runs(engine)

    async def more() -> bool:
        return await _runs(engine) > before

    await until(more, seconds=60, says="the worker is at work")


async def _fetch(engine: Engine, query: str, *arguments: Any) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch(query, *arguments)


async def _runs(engine: Engine) -> int:
    return (await _fetch(engine, "select count(*) from step_runs"))[0][0]


async def _open(engine: Engine) -> int:
    return (await _fetch(engine, "select count(*) from executions where finished_at is null"))[0][0]


async def _at_the_end(engine: Engine) -> list[str]:
    async def are_over() -> bool:
        if await _open(engine):
            return False
        return not (await engine.client.count_workflows("ExecutionStatus = 'Running' AND WorkflowType = 'Execution'")).count

    try:
        await until(are_over, seconds=_PATIENCE_SECONDS, says="all executions are over")
    except AssertionError:
        return [f"{await _open(engine)} executions are stuck, or their workflows are."]
    return []


async def _problems(engine: Engine, started: dict[UUID, Shape]) -> list[str]:
    problems: list[str] = []
    by_name, children = {shape.name: shape for shape in shapes()}, Counter[UUID]()
    rows = await _fetch(engine, "select e.*, a.api_name from executions e join automations a on a.id = e.automation_id")
    for row in rows:
        problems += [f"{row['api_name']} {row['id']}: {each}" for each in await _wrong(engine, row, by_name[row["api_name"]])]
        children[row["parent_id"]] += 1
    problems += [f"{id}: lost" for id in started.keys() - {row["id"] for row in rows}]
    wrong = {id: shape for id, shape in started.items() if children[id] != shape.children}
    return problems + [f"{id}: {children[id]} children, not {shape.children}" for id, shape in wrong.items()]


async def _wrong(engine: Engine, row: Any, shape: Shape) -> list[str]:
    runs = await engine.steps(row["id"])
    wrong = [f"{row['state']} ({row['reason']}), not {shape.state}"] if row["state"] != shape.state else []
    wrong += [f"{run['step_id']} is {run['status']}" for run in runs if run["status"] != "completed" and shape.visits]
    visits = Counter(run["step_id"] for run in runs)
    if shape.visits is not None and visits != Counter(shape.visits):
        wrong.append(f"ran {dict(visits)}, not {dict(shape.visits)}")
    return wrong + await _wrong_record(engine, row, sum(each.startswith(HIT) for each in visits.elements()))


async def _wrong_record(engine: Engine, row: Any, hits: int) -> list[str]:
    if row["record_id"] is None:
        return []
    seats = (await engine.record(row["record_id"]))["field_values"]["seats"]
    told = await _fetch(engine, "select count(*) from events where root_id = $1 and kind = 'field_updated'", row["id"])
    return [] if hits == seats == told[0][0] else [f"{hits} hits in the history, {seats} on the record, {told[0][0]} events"]


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"{options.executions} executions of quick steps, {options.kills} kills. CHAOS_SEED={options.seed}")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with elapsed("Running", say):
            problems = await quick_steps_under_kills(options, Path(folder))
    for problem in problems[:_SHOWN]:
        Console(width=130).print(f"✗ {problem}", highlight=False, soft_wrap=True)
    say("Nothing lost, nothing doubled, nothing stuck." if not problems else f"{len(problems)} things are wrong.")
    return 0 if not problems else 1


if __name__ == "__main__":
    run(main)
