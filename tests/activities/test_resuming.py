"""A start that resumes what is paused in its place: written down first, told to the workflows after that."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.bulk_starting import bulk_start_once
from activities.telling import tell_once
from automations.executions import Request
from deploy.temporal import TemporalDevServer
from store.requests import list_requests, take_to_tell
from tests.activities.bulk import Bulk, left_to_tell
from tests.engine import Engine, until
from tests.keys import CONVERTER

WRONG = {"id": "wrong", "type": "change_field_value", "changes": [{"field": "country", "value": "{{ record.name }}"}]}
RIGHT = {"id": "wrong", "type": "change_field_value", "changes": [{"field": "country", "value": "AT"}]}
REST = {"id": "rest", "type": "delay", "days": 1}
ASK = {"id": "ask", "type": "stop_execution", "action": "pause", "reason": "look at it"}


@pytest.fixture
def bulk(engine: Engine) -> Bulk:
    return Bulk(engine, engine.services)


async def paused(engine: Engine, step: Any, record: UUID, reason: str) -> UUID:
    """An execution that waits for that reason."""
    await engine.save(object="lead", steps=[step])
    execution = await engine.start(record=record)
    await engine.in_state(execution, "paused", reason=reason)
    return execution


async def test_what_a_person_can_resume_is_resumed_and_nothing_started_on_its_record(bulk: Bulk, engine: Engine) -> None:
    failed, stopped, manual, waiting, idle = await bulk.records(5)
    by_step = await paused(engine, ASK, stopped, "automation")
    by_hand = await paused(engine, REST, manual, "delay")
    await engine.ask(by_hand, "pause")
    await engine.in_state(by_hand, "paused", reason="manual")
    await paused(engine, REST, waiting, "delay")
    by_error = await paused(engine, WRONG, failed, "error")
    await engine.save(object="lead", steps=[RIGHT])
    bulk_start = await bulk.ask([failed, stopped, manual, waiting, idle], resume_paused=True)
    row = await bulk.finish(bulk_start)
    assert (row["resumed"], row["started"]) == (3, 2)
    await engine.ended(by_error)
    await engine.ended(by_step)
    await engine.in_state(by_hand, "paused", reason="delay")
    outcomes = await bulk.outcomes(bulk_start)
    assert [outcomes[record][0] for record in (failed, stopped, manual, waiting, idle)] == ["resumed"] * 3 + ["started"] * 2
    assert await bulk.started_on() == Counter([failed, stopped, manual, waiting, waiting, idle])
    async with engine.database.connection() as connection:
        [asked] = await list_requests(connection, by_error)
    assert (asked["kind"], asked["asked_by"], asked["why"]) == ("resume", "ada@example.com", f"bulk start {bulk_start}")


async def test_all_that_are_paused_on_a_record_go_on(bulk: Bulk, engine: Engine) -> None:
    [record] = await bulk.records(1)
    executions = [await paused(engine, WRONG, record, "error") for _ in range(3)]
    await engine.save(object="lead", steps=[RIGHT])
    row = await bulk.finish(await bulk.ask([record], resume_paused=True))
    assert (row["resumed"], row["started"]) == (1, 0)
    for execution in executions:
        await engine.ended(execution)


async def test_without_being_told_to_it_resumes_nothing(bulk: Bulk, engine: Engine) -> None:
    [record] = await bulk.records(1)
    execution = await paused(engine, WRONG, record, "error")
    row = await bulk.finish(await bulk.ask([record]))
    assert (row["resumed"], row["started"]) == (0, 1)
    assert (await engine.execution(execution))["state"] == "paused"


async def test_what_is_being_canceled_is_not_resumed(bulk: Bulk, engine: Engine) -> None:
    [record] = await bulk.records(1)
    execution = await paused(engine, WRONG, record, "error")
    await engine.write_request(execution, Request(id="end", kind="cancel"))
    row = await bulk.finish(await bulk.ask([record], resume_paused=True))
    assert (row["resumed"], row["started"]) == (0, 1)


async def test_a_worker_that_dies_before_it_tells_leaves_it_to_another(
    bulk: Bulk, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    [record] = await bulk.records(1)
    execution = await paused(engine, WRONG, record, "error")
    await engine.save(object="lead", steps=[RIGHT])
    bulk_start = await bulk.ask([record], resume_paused=True)

    async def dies(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("activities.telling.deliver", dies)
        with pytest.raises(asyncio.CancelledError):
            await bulk.turn()
    await bulk.tell("update requests_to_tell set tell_at = now()")
    assert (await bulk.row(bulk_start))["state"] == "completed"
    assert (await engine.execution(execution))["state"] == "paused"
    assert [await bulk.turn() for _ in range(2)] == [1, 0]
    await engine.ended(execution)
    assert await bulk.started_on() == Counter([record])


async def test_one_that_is_told_twice_as_its_worker_died_goes_on_once(
    bulk: Bulk, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    [record] = await bulk.records(1)
    execution = await paused(engine, {**WRONG, "id": "first"}, record, "error")
    await engine.save(object="lead", steps=[{**RIGHT, "id": "first"}, {**WRONG, "id": "second"}])
    await bulk.ask([record], resume_paused=True)

    async def dies(*_: Any) -> None:
        raise asyncio.CancelledError

    async def stands_on_the_second() -> bool:
        row = await engine.execution(execution)
        return (row["state"], row["step_id"]) == ("paused", "second")

    with monkeypatch.context() as patched:
        patched.setattr("activities.telling.delete_told", dies)
        with pytest.raises(asyncio.CancelledError):
            await bulk.page()
    await until(stands_on_the_second)
    await bulk.tell("update requests_to_tell set tell_at = now()")
    assert await bulk.page() == 1
    await engine.ask(execution, "cancel")
    await engine.ended(execution, "canceled")
    assert Counter(step for step, _ in await engine.visits(execution))["second"] == 1


async def test_what_was_taken_to_be_told_is_taken_again_after_the_lease(bulk: Bulk, engine: Engine) -> None:
    [record] = await bulk.records(1)
    execution = await paused(engine, WRONG, record, "error")
    await engine.save(object="lead", steps=[RIGHT])
    await bulk.ask([record], resume_paused=True)

    await bulk_start_once(engine.services)
    async with engine.database.connection() as connection:
        assert len(await take_to_tell(connection, timedelta(seconds=30), 10)) == 1
        assert await tell_once(engine.services) == 0
        await connection.execute("update requests_to_tell set tell_at = now()")
        assert await tell_once(engine.services) == 1
        assert await left_to_tell(connection) == 0
    await engine.ended(execution)


async def test_while_temporal_is_away_nothing_is_lost(bulk: Bulk, engine: Engine) -> None:
    [record] = await bulk.records(1)
    execution = await paused(engine, WRONG, record, "error")
    await engine.save(object="lead", steps=[RIGHT])
    server = TemporalDevServer(None, port=0, ui=False)
    await server.start()
    gone = await Client.connect(server.address, data_converter=CONVERTER)
    await server.stop()
    await bulk.ask([record], resume_paused=True)
    assert await bulk_start_once(engine.services) == 1
    with pytest.raises(RPCError):
        await tell_once(replace(engine.services, temporal=gone))
    await bulk.tell("update requests_to_tell set tell_at = now()")
    assert await bulk.turn() == 1
    await engine.ended(execution)


async def test_one_whose_workflow_is_gone_stands_in_no_others_way(bulk: Bulk, engine: Engine) -> None:
    one, other = await bulk.records(2)
    gone, there = await paused(engine, WRONG, one, "error"), await paused(engine, WRONG, other, "error")
    await (await engine.handle(gone)).terminate()
    await engine.save(object="lead", steps=[RIGHT])
    row = await bulk.finish(await bulk.ask([one, other], resume_paused=True))
    assert row["resumed"] == 2
    await engine.ended(there)
    async with engine.database.connection() as connection:
        assert await left_to_tell(connection) == 0
