"""A worker killed at the end of a workflow task of many quick steps: all of it is lost but what is in the store."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.builders import schedule, variable
from tests.chaos.quick_shapes import CHILD, shapes
from tests.engine import Engine, until
from tests.workflows.processes import Start, worker_processes

ENDING = [shape for shape in shapes() if shape.visits is not None]
"""Those whose last step is run."""


@pytest.fixture
async def start_worker(settings: Settings, temporal: TemporalDevServer, tmp_path: Path) -> AsyncIterator[Start]:
    async with worker_processes(settings, temporal.address, tmp_path) as start:
        yield start


@pytest.mark.timeout(120)
async def test_a_lost_workflow_task_of_any_shape_is_run_again_and_runs_each_step_once(
    database: Database, temporal_client: Client, settings: Settings, start_worker: Start
) -> None:
    """The last step of each waits for a record that is locked, so that nothing before it is known to Temporal."""
    engine = Engine(database, temporal_client, settings)
    other = await engine.lead("Other")
    held = schedule("held", records={"variable": "other"})
    for shape in ENDING:
        given = [variable("other", {"static": str(other)}, type="record")] if shape.name != CHILD else []
        steps = [*shape.steps, held] if shape.name != CHILD else shape.steps
        await engine.save(**shape.document() | {"steps": steps, "variables": [*shape.variables, *given]})
    worker = start_worker()
    wanted = [shape for shape in ENDING if shape.name != CHILD]
    async with database.transaction() as connection:
        await connection.execute("select from records where id = $1 for no key update", other)
        leads = [await engine.lead(seats=0, due="2001-01-01") for _ in wanted]
        started = [await engine.start(shape.name, record=lead) for shape, lead in zip(wanted, leads, strict=True)]
        await until(lambda: _wait_for_locks(database, len(started)), seconds=40, says="all are at their last step")
        await worker.kill()
    start_worker()
    for execution, shape in zip(started, wanted, strict=True):
        await engine.ended(execution, seconds=40)
        assert await _ran(engine, execution) == Counter(shape.visits) + Counter(["held", "v-other"])


async def _wait_for_locks(database: Database, count: int) -> bool:
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    async with database.connection() as connection:
        return await connection.fetchval(query) >= count


async def _ran(engine: Engine, execution: UUID) -> Counter[str]:
    return Counter(step for step, _ in await engine.visits(execution))
