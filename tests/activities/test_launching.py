"""Workers start the workflows of rows that are due: each once, whoever dies, whatever is away."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client
from temporalio.service import RPCError

from activities.launching import launch_once
from activities.services import Services
from activities.settings import Settings
from activities.starting import LAUNCH_BY_WORKER, Cause, Target, create_execution, task_queue
from automations.document import AutomationDocument
from automations.model import Priority
from deploy.temporal import TemporalDevServer
from store.automations import read_automation
from store.database import Database
from store.executions import take_to_launch
from tests.engine import Engine
from tests.keys import CONVERTER
from tests.store.building import NOW

LEASE = timedelta(seconds=30)


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what launches here is the test."""
    return Engine(database, temporal_client, settings)


async def written(engine: Engine, count: int, priority: Priority = "regular") -> list[UUID]:
    """Rows that are left to the workers to launch."""
    await engine.save(steps=[])
    async with engine.database.transaction() as connection:
        row = await read_automation(connection, "subject")
        assert row is not None
        target, cause = Target(row, AutomationDocument.model_validate(row["document"])), Cause({}, priority=priority)
        rows = [
            await create_execution(connection, target, cause, NOW, engine.settings, launch_in=LAUNCH_BY_WORKER)
            for _ in range(count)
        ]
    return [row.id for row in rows]


async def run_ids(engine: Engine, executions: list[UUID]) -> list[str]:
    """Those that run; raises where one is missing."""
    described = [await (await engine.handle(execution)).describe() for execution in executions]
    return [each.run_id for each in described]


async def unstarted(engine: Engine) -> int:
    async with engine.database.connection() as connection:
        return await connection.fetchval("select count(*) from executions where not workflow_started")


async def all_due(engine: Engine) -> None:
    """As if every lease were over."""
    async with engine.database.connection() as connection:
        await connection.execute("update executions set launch_at = now()")


async def test_rows_that_are_due_are_launched_and_no_others(services: Services, engine: Engine) -> None:
    executions = await written(engine, 3)
    later = await engine.start(launched=False)
    assert [await launch_once(services), await launch_once(services)] == [3, 0]
    assert len(await run_ids(engine, executions)) == 3
    with pytest.raises(RPCError):
        await run_ids(engine, [later])
    await engine.due(later)
    assert [await launch_once(services), await launch_once(services)] == [1, 0]


async def test_only_what_is_late_is_said_to_be_made_up(services: Services, engine: Engine) -> None:
    await engine.save(steps=[])
    late, in_time = [await engine.start(launched=False) for _ in range(2)]
    await engine.due(late)
    await engine.due(in_time, seconds_ago=0)
    with capture_logs() as logs:
        assert await launch_once(services) == 2
    assert [(log["event"], log["execution_id"]) for log in logs] == [("start_made_up", str(late))]


async def test_a_batch_takes_regular_ones_before_low_ones_each_into_its_queue(
    services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.launching._BATCH", 2)
    low, regular = await written(engine, 2, "low"), await written(engine, 2)
    assert await launch_once(services) == 2
    assert all([(await engine.execution(each))["workflow_started"] for each in regular])
    assert not any([(await engine.execution(each))["workflow_started"] for each in low])
    assert await launch_once(services) == 2
    described = [await (await engine.handle(each)).describe() for each in (low[0], regular[0])]
    queues = [task_queue(engine.settings, "low"), task_queue(engine.settings, "regular")]
    assert [each.task_queue for each in described] == queues


async def test_several_workers_share_what_is_due(services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.launching._BATCH", 10)
    executions = await written(engine, 60)

    async def work() -> int:
        launched = 0
        while found := await launch_once(services):
            launched += found
        return launched

    assert sum(await asyncio.gather(*(work() for _ in range(3)))) == 60
    assert await unstarted(engine) == 0
    assert len(set(await run_ids(engine, executions))) == 60


async def test_what_a_worker_took_before_it_died_is_taken_again_after_the_lease(services: Services, engine: Engine) -> None:
    executions = await written(engine, 3)
    async with engine.database.connection() as connection:
        assert len(await take_to_launch(connection, LEASE, 100)) == 3
    assert await launch_once(services) == 0
    await all_due(engine)
    assert await launch_once(services) == 3
    assert len(await run_ids(engine, executions)) == 3


async def test_a_worker_that_died_before_it_could_mark_them_leaves_no_second_workflow(
    services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    executions = await written(engine, 3)

    async def dies(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("activities.launching.mark_launched", dies)
        with pytest.raises(asyncio.CancelledError):
            await launch_once(services)
    first = await run_ids(engine, executions)
    await all_due(engine)
    assert await launch_once(services) == 3
    assert await run_ids(engine, executions) == first


async def test_while_temporal_is_away_what_was_taken_is_given_back(services: Services, engine: Engine) -> None:
    await written(engine, 30)
    server = TemporalDevServer(None, port=0, ui=False)
    await server.start()
    away = await Client.connect(server.address, data_converter=CONVERTER)
    await server.stop()
    for _ in range(2):
        with pytest.raises((RPCError, TimeoutError)):
            await launch_once(replace(services, temporal=away))
    assert await unstarted(engine) == 30
    assert await launch_once(services) == 30


async def test_a_row_that_cannot_be_started_stands_in_no_others_way(services: Services, engine: Engine) -> None:
    broken, whole = await written(engine, 2)
    async with engine.database.connection() as connection:
        await connection.execute("update executions set start_request = '{}' where id = $1", broken)
    with capture_logs() as logs:
        assert [await launch_once(services), await launch_once(services)] == [1, 0]
    assert [log["execution_id"] for log in logs if log["event"] == "cannot_start"] == [str(broken)]
    assert await run_ids(engine, [whole])
    await all_due(engine)
    with capture_logs() as logs:
        await launch_once(services)
    assert "cannot_start" in [log["event"] for log in logs]


async def test_a_worker_launches_by_itself(engine: Engine) -> None:
    executions = await written(engine, 20)
    async with engine.working():
        for execution in executions:
            await engine.ended(execution)
