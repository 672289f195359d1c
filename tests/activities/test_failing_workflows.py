"""Executions whose workflow task fails again and again are found, told of, and ended by a cancel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from structlog.testing import capture_logs
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.failing_workflows import FailingWorkflows
from activities.services import Services
from activities.settings import Settings
from activities.starting import task_queue
from store.database import Database
from tests.builders import stop
from tests.engine import Engine, until


@workflow.defn(name="Execution")
class Broken:
    """As a release with a mistake has it."""

    @workflow.run
    async def run(self, _: Any) -> None:
        raise AssertionError("nothing fits")


@pytest.fixture
def idle(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    return Engine(database, temporal_client, settings)


@pytest.fixture
def failing(services: Services) -> FailingWorkflows:
    return FailingWorkflows(services, late=timedelta(0))


@asynccontextmanager
async def stuck(engine: Engine, failing: FailingWorkflows) -> AsyncIterator[UUID]:
    """An execution that was found, while the broken release runs."""
    await engine.save(steps=[stop("end")])
    execution = await engine.start()
    async with engine.database.connection() as connection:
        await connection.execute("update executions set workflow_started = true where id = $1", execution)
    queue = task_queue(engine.settings, "regular")
    runner = UnsandboxedWorkflowRunner()
    async with Worker(engine.client, task_queue=queue, workflows=[Broken], workflow_runner=runner):
        await until(failing.sweep, seconds=40, says="it is found")
        yield execution


@pytest.mark.timeout(60)
async def test_it_is_logged_once_and_told_of_by_explain_and_metrics(
    idle: Engine, failing: FailingWorkflows, api: httpx2.AsyncClient
) -> None:
    with capture_logs() as logs:
        async with stuck(idle, failing) as execution:
            assert await failing.sweep() == 0
    [line] = [each for each in logs if each["event"] == "workflow_task_failing"]
    assert (line["execution_id"], line["why"]) == (str(execution), "nothing fits")
    told = (await api.get(f"/executions/{execution}/explain")).json()
    assert "its workflow task failed" in told["sentence"]
    assert told["facts"]["failing_task"]["reason"] == "nothing fits"
    assert "everstep_executions_failing_tasks 1.0" in (await api.get("/metrics")).text


@pytest.mark.timeout(60)
async def test_a_release_that_mends_it_lets_it_go_on(idle: Engine, failing: FailingWorkflows) -> None:
    async with stuck(idle, failing) as execution:
        pass
    async with idle.working():
        await idle.ended(execution, seconds=30)
    assert await failing.sweep() == 1
    async with idle.database.connection() as connection:
        assert not await connection.fetchval("select count(*) from failing_workflows")


@pytest.mark.timeout(60)
async def test_a_cancel_ends_it_in_the_books_and_in_temporal(idle: Engine, failing: FailingWorkflows) -> None:
    async with stuck(idle, failing) as execution:
        await idle.order(execution, "cancel", why="enough")
        assert await failing.sweep() == 1
        row = await idle.execution(execution)
        assert (row["state"], row["cancel_reason"]) == ("canceled", "person")
        assert row["reason"] == "canceled by ada@example.com: enough"
        description = await (await idle.handle(execution)).describe()
        assert description.status == WorkflowExecutionStatus.TERMINATED
    assert await failing.sweep() == 0
