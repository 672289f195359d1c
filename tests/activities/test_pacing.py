"""Many workflows are told of a request a few at a time, whatever asks it of them, so that other work has its turn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx2
import pytest

from activities import requesting, switching
from activities.reconciling import Reconciler
from activities.services import Services
from activities.telling import tell_paced_once
from store.kill_switches import lift_kill_switch, set_kill_switch
from tests.activities.test_reconciling import change, delete_workflow
from tests.api.test_archiving import archive
from tests.builders import delay, modify
from tests.engine import Engine, until
from tests.workflows.history import history_of

COUNT = 3


@pytest.fixture(autouse=True)
def _none_is_few(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (requesting, switching):
        monkeypatch.setattr(module, "FEW", 1)


@pytest.fixture
async def sleeping(engine: Engine) -> tuple[UUID, list[UUID]]:
    """A record, and executions on it."""
    lead = await engine.lead()
    await engine.save(object="lead", steps=[delay("rest")])
    executions = [await engine.start(record=lead) for _ in range(COUNT)]
    for execution in executions:
        await engine.in_state(execution, "paused", reason="delay")
    return lead, executions


async def to_tell(engine: Engine) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from requests_to_tell where paced order by tell_at")


def at_pace(engine: Engine, per_second: int) -> Services:
    settings = engine.settings.model_copy(update={"bulk_requests_per_second": per_second})
    return replace(engine.services, settings=settings)


async def all_told(engine: Engine, executions: list[UUID]) -> None:
    """By and by, and once each."""

    async def over() -> bool:
        await tell_paced_once(engine.services)
        rows = [await engine.execution(execution) for execution in executions]
        return all(row["finished_at"] for row in rows)

    await until(over)
    for execution in executions:
        history = await history_of(engine, execution)
        assert history.kinds["WORKFLOW_EXECUTION_SIGNALED"] == 1


async def test_archiving_a_record_with_many_executions_tells_them_one_after_the_other(
    api: httpx2.AsyncClient, engine: Engine, sleeping: tuple[UUID, list[UUID]]
) -> None:
    await archive(api, sleeping[0])
    moments = [row["tell_at"] for row in await to_tell(engine)]
    gap = timedelta(seconds=1) / engine.settings.bulk_requests_per_second
    assert [after - before for before, after in pairwise(moments)] == [gap] * 2
    await all_told(engine, sleeping[1])


async def test_deleting_an_automation_with_many_executions_tells_them_by_and_by(
    api: httpx2.AsyncClient, engine: Engine, sleeping: tuple[UUID, list[UUID]]
) -> None:
    answered = await api.delete("/automations/subject", params={"cancel_open": True})
    assert answered.json()["canceled"] == COUNT
    assert len(await to_tell(engine)) == COUNT
    await all_told(engine, sleeping[1])


async def test_a_save_that_pauses_many_executions_tells_them_by_and_by(
    api: httpx2.AsyncClient, engine: Engine, sleeping: tuple[UUID, list[UUID]]
) -> None:
    document = (await api.get("/automations/subject")).json()["document"]
    document["steps"][0] = delay("rest", hours=5)
    await api.put("/automations/subject", json=document, params={"pause_affected": True})
    assert len(await to_tell(engine)) == COUNT


async def test_a_step_that_cancels_many_executions_tells_them_by_and_by(
    engine: Engine, sleeping: tuple[UUID, list[UUID]]
) -> None:
    steps = [modify("halt", "cancel", "subject")]
    await engine.save(api_name="halter", object="lead", steps=steps)
    await engine.ended(await engine.start("halter", record=sleeping[0]))
    assert len(await to_tell(engine)) == COUNT
    await all_told(engine, sleeping[1])


async def test_a_kill_switch_that_cancels_many_tells_them_by_and_by(engine: Engine, sleeping: tuple[UUID, list[UUID]]) -> None:
    async with engine.database.transaction() as connection:
        now = datetime.now(UTC)
        await set_kill_switch(connection, "all", "", mode="cancel", by="ada", why="wild", now=now)
    assert await switching.sweep(engine.services) == COUNT
    assert len(await to_tell(engine)) == COUNT
    await all_told(engine, sleeping[1])


async def test_what_a_lifted_kill_switch_held_goes_on_a_page_at_a_time(engine: Engine) -> None:
    await engine.save(steps=[delay("rest")])
    async with engine.database.transaction() as connection:
        now = datetime.now(UTC)
        switch, _ = await set_kill_switch(connection, "all", "", mode="hold", by="ada", why="wild", now=now)
    for execution in [await engine.start() for _ in range(COUNT)]:
        await engine.in_state(execution, "paused", reason="kill_switch")
    async with engine.database.connection() as connection:
        await lift_kill_switch(connection, switch["id"], by="ada", why="mended", now=now)
    services = at_pace(engine, 8)
    assert [await switching.sweep(services) for _ in range(2)] == [2, 1]


async def test_no_more_are_told_at_once_than_the_pace_allows(
    api: httpx2.AsyncClient, engine: Engine, sleeping: tuple[UUID, list[UUID]]
) -> None:
    await archive(api, sleeping[0])
    async with engine.database.connection() as connection:
        await connection.execute("update requests_to_tell set tell_at = now() - interval '1 hour'")
    await tell_paced_once(at_pace(engine, 5))
    assert len(await to_tell(engine)) == COUNT - 1


async def test_what_waits_to_be_told_is_not_taken_for_lost(
    api: httpx2.AsyncClient, engine: Engine, sleeping: tuple[UUID, list[UUID]]
) -> None:
    await archive(api, sleeping[0])
    for execution in sleeping[1]:
        await change(engine, execution, "requested_at = now() - interval '1 minute'")
    assert await Reconciler(engine.services).signal_again() == 0


async def test_a_cancel_closes_one_whose_workflow_is_gone(
    api: httpx2.AsyncClient, engine: Engine, sleeping: tuple[UUID, list[UUID]]
) -> None:
    gone, *others = sleeping[1]
    await delete_workflow(engine, gone)
    await archive(api, sleeping[0])
    await all_told(engine, others)

    async def closed() -> bool:
        await tell_paced_once(engine.services)
        return (await engine.execution(gone))["state"] == "canceled"

    await until(closed)
    assert (await engine.execution(gone))["cancel_reason"] == "record_archived"
