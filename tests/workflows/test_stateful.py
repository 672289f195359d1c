"""Random automations under random signals, saves, failures, kills and jumps in time: what holds, holds always.

`EVERSTEP_LONG=1` tries many more.
"""

import asyncio
import json
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.settings import Settings
from automations.document import AutomationDocument
from automations.lanes import Standing
from automations.positions import Positions
from deploy.temporal import TemporalDevServer
from store.database import Database
from store.standings import standings_of
from tests.builders import Json
from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.workflows.processes import Start, worker_processes
from tests.workflows.random_documents import documents
from tests.workflows.skipping import jumping

LONG = bool(os.environ.get("EVERSTEP_LONG"))
LIMITS = {"max_step_runs": 400, "max_visits": 60, "max_visits_without_wait": 40, "steps_per_run": 15}
CALLS = "http://calls.test"
STEPS = documents(CALLS)
OPEN = {"active", "paused", "retrying"}
OVER = {"completed", "canceled", "failed"}


class World:
    """The services of one test, and a worker in a process of its own.

    Where time `jumps` no worker is killed: the time-skipping server does not hand out again what a dead one had.
    """

    def __init__(self, engine: Engine, http: HttpServer, start_worker: Start, *, jumps: bool) -> None:
        self.engine = engine
        self.http = http
        self.jumps = jumps
        self.count = 0
        self._loop = asyncio.get_running_loop()
        self._start_worker = start_worker
        self._worker = start_worker()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    async def kill(self) -> None:
        await self._worker.kill()
        self._worker = self._start_worker()

    def here(self, steps: list[Json]) -> list[Json]:
        """Calls go to this world's server; where time does not jump, delays are short."""
        text = json.dumps(steps).replace(CALLS, self.http.url)
        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        return json.loads(text if self.jumps else text.replace('"days": 1', f'"until": "{soon}"'))


@pytest.fixture
async def jumping_world(
    database: Database, time_skipping: WorkflowEnvironment, settings: Settings, http: HttpServer, tmp_path: Path
) -> AsyncIterator[World]:
    limited = settings.model_copy(update=LIMITS)
    address = time_skipping.client.service_client.config.target_host
    async with worker_processes(limited, address, tmp_path) as start:
        yield World(Engine(database, time_skipping.client, limited), http, start, jumps=True)


@pytest.fixture
async def deadly_world(
    database: Database, temporal: TemporalDevServer, temporal_client: Client, settings: Settings, http: HttpServer, tmp_path: Path
) -> AsyncIterator[World]:
    limited = settings.model_copy(update=LIMITS)
    async with worker_processes(limited, temporal.address, tmp_path) as start:
        yield World(Engine(database, temporal_client, limited), http, start, jumps=False)


class Executions(RuleBasedStateMachine):
    """One execution at a time; `world` is set by the test."""

    world: World
    execution: UUID
    lead: UUID
    api_name: str

    @property
    def engine(self) -> Engine:
        return self.world.engine

    @initialize(steps=STEPS)
    def start(self, steps: list[Json]) -> None:
        self.world.count += 1
        self.world.http.answers = (200,)
        self.api_name = f"random-{self.world.count}"
        self.world.do(self._start(steps))

    async def _start(self, steps: list[Json]) -> None:
        self.lead = await self.engine.lead(seats=0)
        await self.engine.save(api_name=self.api_name, object="lead", steps=self.world.here(steps))
        self.execution = await self.engine.start(self.api_name, record=self.lead)

    @rule(
        kind=st.sampled_from(["pause", "resume", "resume", "skip", "skip", "retry"]),
        path=st.sampled_from(["yes", "no", "met", "not_met"]),
    )
    def ask(self, kind: Any, path: str) -> None:
        self.world.do(self.engine.order(self.execution, kind, path=path))

    @precondition(lambda self: self.world.do(_steps_run(self.engine, self.execution)) > 3)
    @rule()
    def cancel(self) -> None:
        self.world.do(self.engine.order(self.execution, "cancel"))

    @rule(steps=STEPS)
    def save(self, steps: list[Json]) -> None:
        self.world.do(self.engine.save(api_name=self.api_name, object="lead", steps=self.world.here(steps)))

    @rule(answer=st.sampled_from([200, 404, 500]))
    def answer_calls_with(self, answer: int) -> None:
        self.world.http.answers = (answer,)

    @rule(status=st.sampled_from(["new", "seen"]))
    def edit_the_record(self, status: str) -> None:
        self.world.do(self.engine.edit(self.lead, status=status))

    @precondition(lambda self: self.world.jumps)
    @rule()
    def let_time_pass(self) -> None:
        self.world.do(_jump(self.engine, self.execution))

    @rule()
    def let_it_work(self) -> None:
        self.world.do(_quiet(self.engine, self.execution))

    @precondition(lambda self: not self.world.jumps)
    @rule()
    def kill_the_worker(self) -> None:
        self.world.do(self.world.kill())

    @invariant()
    def a_wait_is_explained(self) -> None:
        if hasattr(self, "execution"):
            explained(self.world.do(self.engine.execution(self.execution)))

    def teardown(self) -> None:
        if hasattr(self, "execution"):
            self.world.http.answers = (200,)
            self.world.do(to_its_end(self.world, self.execution))
            self.world.do(check(self.world, self.execution, self.lead))


async def _steps_run(engine: Engine, execution: UUID) -> int:
    return (await engine.execution(execution))["steps_run"]


async def _jump(engine: Engine, execution: UUID) -> None:
    """Over the next wait, if there is one."""
    before = await engine.execution(execution)
    if before["state"] not in OPEN or (before["waiting_until"] is None and before["retry_at"] is None):
        return
    async with jumping(engine):
        await _changed(engine, execution, before)


async def _changed(engine: Engine, execution: UUID, before: Any) -> None:
    """Until something happened or it is plain that nothing will."""

    async def different() -> bool:
        return (await engine.execution(execution))["version"] != before["version"]

    try:
        await until(different, seconds=3)
    except AssertionError:
        return


async def _quiet(engine: Engine, execution: UUID) -> None:
    """Until it waits or is over, or for a moment."""

    async def waits() -> bool:
        return (await engine.execution(execution))["state"] != "active"

    try:
        await until(waits, seconds=2)
    except AssertionError:
        return


def explained(row: Any) -> None:
    """Whoever looks at it can tell why it is where it is."""
    assert row["state"] in OPEN | OVER
    assert (row["finished_at"] is not None) == (row["state"] in OVER)
    if row["state"] in OVER:
        assert not row["lanes"]
        assert row["state"] == "completed" or row["reason"]
        return
    for standing in standings_of({**row, "ran_from": row["revision"]}).walked.values():
        _explained(standing)


def _explained(standing: Standing) -> None:
    assert standing.step
    match standing.state:
        case "paused":
            assert standing.pause_reason
            assert standing.reason
            assert standing.waiting_until or standing.pause_reason != "delay"
        case "retrying":
            assert standing.retry_at
            assert standing.attempt > 1
        case "active":
            assert standing.pause_reason is None


async def to_its_end(world: World, execution: UUID) -> None:
    """What a patient person would do; fails if that leads nowhere."""
    engine = world.engine

    async def over() -> bool:
        row = await engine.execution(execution)
        if row["state"] in OVER:
            return True
        await _help(world, execution, row)
        return False

    try:
        await until(over, seconds=120)
    except AssertionError as error:
        row = await engine.execution(execution)
        raise AssertionError(f"{execution} does not end: {dict(row)}") from error
    handle = await engine.handle(execution)

    async def closed() -> bool:
        return (await handle.describe()).close_time is not None

    await until(closed, seconds=30, says="the workflow is over")


async def _help(world: World, execution: UUID, row: Any) -> None:
    engine = world.engine
    reasons = {standing.pause_reason for standing in standings_of({**row, "ran_from": row["revision"]}).walked.values()}
    if "manual" in reasons:
        await engine.order(execution, "resume")
    elif reasons & {"error", "condition_error", "automation"}:
        await engine.order(execution, "skip", path="yes")
    elif "goal" in reasons:
        await engine.order(execution, "skip", path="met")
    elif row["state"] == "retrying":
        await engine.order(execution, "retry")
    elif world.jumps:
        await _jump(engine, execution)
        return
    await _changed(engine, execution, row)


async def check(world: World, execution: UUID, lead: UUID) -> None:
    """Effects exactly once, no step run twice, order on a path, history complete."""
    row = await world.engine.execution(execution)
    runs = await world.engine.steps(execution)
    explained(row)
    _numbers_are_used(row, [run["sequence"] for run in runs], branched=any(run["lane"] for run in runs))
    assert {run["status"] for run in runs} <= {"completed", "skipped", "failed", "canceled"}
    assert all(run["finished_at"] for run in runs)
    counted = [run for run in runs if run["step_type"] == "math" and run["status"] == "completed"]
    assert (await world.engine.record(lead))["field_values"]["seats"] == len(counted)
    _calls_were_made(world.http, execution, runs)
    _each_lane_is_in_order(runs)


def _numbers_are_used(row: Any, sequences: list[int], *, branched: bool) -> None:
    """Each once; only a call of a lane that the end of another one forestalled leaves its number unused."""
    unused = set(range(1, row["steps_run"] + 1)) - set(sequences)
    assert sequences == sorted(set(sequences))
    assert not unused or branched


def _calls_were_made(http: HttpServer, execution: UUID, runs: list[Any]) -> None:
    keys = Counter(asked.headers["idempotency-key"] for asked in http.asked)
    of_runs = {f"{execution}:{run['sequence']}" for run in runs if run["step_type"] == "http_request"}
    assert {key for key in keys if key.startswith(str(execution))} <= of_runs
    done = {
        f"{execution}:{run['sequence']}" for run in runs if run["step_type"] == "http_request" and run["status"] == "completed"
    }
    assert done <= keys.keys()


def _each_lane_is_in_order(runs: list[Any]) -> None:
    """Each step run of a lane is the one that its predecessor named, or the one that a save left in its place."""
    lanes: defaultdict[str, list[Any]] = defaultdict(list)
    for run in runs:
        lanes[run["lane"]].append(run)
    for path in lanes.values():
        for before, after in pairwise(path):
            _follows(before, after)


def _follows(before: Any, after: Any) -> None:
    outcome = before["outcome"]
    if outcome is None or outcome["kind"] != "next":
        return
    named = outcome["step"]["id"]
    if after["step_id"] != named:
        assert named not in Positions(AutomationDocument.model_validate(after["document"]))


def run_at_random(world: World) -> None:
    run_state_machine_as_test(
        type("Here", (Executions,), {"world": world}),
        settings=hypothesis.settings(
            max_examples=100 if LONG else 5,
            stateful_step_count=12,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.timeout(3000 if LONG else 300)
def test_what_holds_holds_while_time_jumps(jumping_world: World) -> None:
    run_at_random(jumping_world)


@pytest.mark.timeout(3000 if LONG else 300)
def test_what_holds_holds_while_workers_are_killed(deadly_world: World) -> None:
    run_at_random(deadly_world)
