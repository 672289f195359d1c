"""A worker killed in the middle of a step: another one goes on, and the step's effect is there once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.settings import Settings
from automations.fields import ObjectDefinition
from deploy.temporal import TemporalDevServer
from store.database import Database
from store.notifications import list_notifications
from store.objects import put_object
from store.team import put_employee
from tests.builders import create, delay, modify, modify_related, start, stop, tags, variable
from tests.engine import LEAD, Engine, until
from tests.http_server import HttpServer
from tests.workflows.counting import COUNT, counting
from tests.workflows.processes import Start, worker_processes


@pytest.fixture
async def start_worker(settings: Settings, temporal: TemporalDevServer, tmp_path: Path) -> AsyncIterator[Start]:
    async with worker_processes(settings, temporal.address, tmp_path) as start:
        yield start


@pytest.fixture
def idle(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """An engine whose workers are processes of their own."""
    return Engine(database, temporal_client, settings)


@asynccontextmanager
async def record_locked(database: Database, record: UUID) -> AsyncIterator[None]:
    async with database.transaction() as connection:
        await connection.execute("select from records where id = $1 for no key update", record)
        yield


async def counted_once(engine: Engine, execution: UUID, lead: UUID, sequences: int) -> None:
    assert (await engine.record(lead))["field_values"]["seats"] == 1
    assert [row["sequence"] for row in await engine.steps(execution)] == list(range(1, sequences + 1))
    async with engine.database.connection() as connection:
        changes = "select count(*) from events where record_id = $1 and kind = 'field_updated'"
        assert await connection.fetchval(changes, lead) == 1


async def test_killed_during_a_database_step(idle: Engine, start_worker: Start) -> None:
    engine = idle
    lead = await engine.lead(seats=0)
    after = {"id": "after", "type": "update_variable", "variable": "note", "sources": [{"static": "done"}]}
    variables = [{"id": "v", "name": "note", "type": "string", "sources": [{"static": "new"}]}]
    await engine.save(object="lead", variables=variables, steps=[COUNT, after])
    worker = start_worker()
    async with record_locked(engine.database, lead):
        execution = await engine.start(record=lead)
        await until(lambda: _waits_for_a_lock(engine.database), seconds=40)
        await worker.kill()
        start_worker()
    await engine.ended(execution, seconds=30)
    await counted_once(engine, execution, lead, 3)


async def test_killed_between_effect_and_answer_one_assignment_one_turn_and_one_crm_activity(
    idle: Engine, start_worker: Start
) -> None:
    """The steps before the one that waits are in the database, and Temporal does not know of them yet."""
    engine = idle
    other = await engine.lead("Bob")
    async with engine.database.connection() as connection:
        members = [await put_employee(connection, f"{name}@example.com", name=name, roles=["sales"]) for name in ("ada", "bob")]
    in_turns = {"how": "round_robin_role", "role": "sales"}
    steps = [
        {"id": "own", "type": "assign_team_member", **in_turns},
        {"id": "call", "type": "schedule_activity", "activity_type": "call", "assign": in_turns, "notify": True},
        {"id": "held", "type": "schedule_activity", "activity_type": "call", "records": {"variable": "other"}},
    ]
    variables = [{"id": "v", "name": "other", "type": "record", "sources": [{"static": str(other)}]}]
    await engine.save(object="lead", variables=variables, steps=steps)
    lead = await engine.lead()
    worker = start_worker()
    async with record_locked(engine.database, other):
        execution = await engine.start(record=lead)
        await until(lambda: _ran(engine, execution, 3))
        await until(lambda: _waits_for_a_lock(engine.database))
        await worker.kill()
        assert (await engine.record(lead))["owner_id"] == members[0]["id"]
        start_worker()
    await engine.ended(execution, seconds=30)
    async with engine.database.connection() as connection:
        kinds = await connection.fetch("select kind from events where root_id = $1 order by number", execution)
        assert [row["kind"] for row in kinds] == ["field_updated", "activity_scheduled", "activity_scheduled"]
        turns = await connection.fetch("select step_id, turns from round_robins order by step_id")
        assert [tuple(row) for row in turns] == [("call", 1), ("own", 1)]
        assert await connection.fetchval("select count(*) from crm_activities") == 2
        assert len(await list_notifications(connection, execution)) == 1


async def test_killed_after_a_record_was_created(idle: Engine, start_worker: Start) -> None:
    """The step's answer is lost with the worker; the record is there once."""
    engine = idle
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[create("make", "lead", "Made"), COUNT])
    worker = start_worker()
    async with record_locked(engine.database, lead):
        execution = await engine.start(record=lead)
        await until(lambda: _waits_for_a_lock(engine.database), seconds=40)
        await worker.kill()
        start_worker()
    await engine.ended(execution, seconds=30)
    await counted_once(engine, execution, lead, 2)
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from records where name like 'Made%'") == 1
        assert (
            await connection.fetchval("select count(*) from events where root_id = $1 and kind = 'record_created'", execution)
            == 1
        )


async def test_killed_between_two_pages_of_related_records(idle: Engine, start_worker: Start) -> None:
    """The next attempt goes on after the page that was written: each record is changed once, and counted once."""
    engine = idle
    lead = await engine.lead(seats=0)
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "insert into records (id, object_id, name, field_values, created_at, updated_at)"
            " select gen_random_uuid(), object_id, 'many', '{}', now(), now() from records, generate_series(1, 150)"
            " where id = $1 returning id",
            lead,
        )
    ids = sorted(row["id"] for row in rows)
    many = variable("many", {"static": [str(id) for id in ids]}, type="record", list=True)
    label = {"field": "labels", "value": ["seen"], "how": "add"}
    await engine.save(object="lead", variables=[many], steps=[modify_related("all", {"variable": "many"}, label)])
    worker = start_worker()
    async with record_locked(engine.database, ids[-1]):
        execution = await engine.start(record=lead)
        await until(lambda: _waits_for_a_lock(engine.database), seconds=40)
        await worker.kill()
        start_worker()
    await engine.in_state(execution, "retrying", seconds=25)
    assert (await engine.steps(execution))[-1]["output"]["changed"] == 100
    await engine.ask(execution, "retry")
    await engine.ended(execution)
    assert (await engine.steps(execution))[-1]["output"]["changed"] == 150
    async with engine.database.connection() as connection:
        told = await connection.fetch("select record_id from events where root_id = $1 and kind = 'field_updated'", execution)
    assert sorted(row["record_id"] for row in told) == ids


async def _waits_for_a_lock(database: Database) -> Any:
    async with database.connection() as connection:
        return await connection.fetchval(
            "select true from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' limit 1"
        )


@asynccontextmanager
async def automation_locked(database: Database, api_name: str) -> AsyncIterator[None]:
    """No execution of it can be made meanwhile."""
    async with database.transaction() as connection:
        await connection.execute("select from automations where api_name = $1 for update", api_name)
        yield


async def test_killed_before_its_answers_are_known_what_its_steps_did_is_done_once(idle: Engine, start_worker: Start) -> None:
    """Local steps in a row answer Temporal together: of what they did nothing is in its history when the worker is killed."""
    engine = idle
    lead = await engine.lead(labels=["lead"])
    async with engine.database.transaction() as connection:
        await put_object(connection, ObjectDefinition.model_validate(LEAD | {"stages": ["New", "Won"]}))
    await engine.save(api_name="child", steps=[stop("stop")])
    won = {"id": "stage", "type": "update_stage", "stage": "Won"}
    await engine.save(object="lead", steps=[tags("tag", add=["won"], remove=["lead"]), won, start("last", "child")])
    worker = start_worker()
    async with automation_locked(engine.database, "child"):
        execution = await engine.start(record=lead)
        await until(lambda: _waits_for_a_lock(engine.database))
        assert await engine.visits(execution) == [("tag", "completed"), ("stage", "completed")]
        await worker.kill()
        start_worker()
    await engine.ended(execution, seconds=30)
    assert await engine.visits(execution) == [("tag", "completed"), ("stage", "completed"), ("last", "completed")]
    assert (await engine.record(lead))["field_values"]["labels"] == ["won"]
    async with engine.database.connection() as connection:
        events = await connection.fetch("select kind from events where record_id = $1 order by number", lead)
        assert [event["kind"] for event in events] == ["record_created", "field_updated", "stage_updated"]
        assert await connection.fetchval("select count(*) from executions where parent_id = $1", execution) == 1


async def test_killed_during_a_call_to_another_system(idle: Engine, start_worker: Start, http: HttpServer) -> None:
    """The lost call takes the ladder like any unexpected failure, under the same idempotency key."""
    engine = idle
    http.hold()
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[{"id": "call", "type": "http_request", "url": http.url}, COUNT])
    worker = start_worker()
    execution = await engine.start(record=lead)
    await http.was_asked(1)
    await worker.kill()
    http.let_go()
    start_worker()
    row = await engine.in_state(execution, "retrying", seconds=25)
    assert row["reason"] == "The step did not answer in time, or its worker was lost."
    await engine.ask(execution, "retry")
    await engine.ended(execution)
    await counted_once(engine, execution, lead, 2)
    assert len({asked.headers["idempotency-key"] for asked in http.asked}) == 1
    assert len(http.asked) == 2


async def test_killed_after_a_step_acted_on_other_automations(idle: Engine, start_worker: Start) -> None:
    """One child, one request: what the steps did is there, and Temporal has not heard of it yet."""
    engine = idle
    lead = await engine.lead(seats=0)
    await engine.save(api_name="other", object="lead", steps=[delay("rest", days=1)])
    await engine.save(object="lead", steps=[start("go", "other", on="this_record"), modify("halt", "pause", "first"), COUNT])
    await engine.save(api_name="first", object="lead", steps=[delay("rest", days=1)])
    worker = start_worker()
    waiting = await engine.start("first", record=lead)
    await engine.in_state(waiting, "paused", reason="delay", seconds=30)
    async with record_locked(engine.database, lead):
        execution = await engine.start(record=lead)
        await until(lambda: _ran(engine, execution, 2))
        await until(lambda: _waits_for_a_lock(engine.database))
        await worker.kill()
        start_worker()
    await engine.ended(execution, seconds=30)
    await engine.in_state(waiting, "paused", reason="automation")
    await counted_once(engine, execution, lead, 3)
    async with engine.database.connection() as connection:
        children = await connection.fetch("select id from executions where parent_id = $1", execution)
        asked = await connection.fetch("select kind from execution_requests where execution_id = $1", waiting)
        assert (len(children), [row["kind"] for row in asked]) == (1, ["pause"])
        await until(lambda: connection.fetchval("select not exists (select from requests_to_tell)"))
    await engine.in_state(children[0]["id"], "paused", reason="delay")


async def test_killed_in_a_chain_of_steps_no_step_is_lost_or_doubled(idle: Engine, start_worker: Start) -> None:
    engine = idle
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[counting(f"s{number}") for number in range(150)])
    worker = start_worker()
    execution = await engine.start(record=lead)
    await until(lambda: _ran(engine, execution, 20))
    await worker.kill()
    ran = len(await engine.steps(execution))
    start_worker()
    row = await engine.ended(execution, seconds=30)
    assert 20 <= ran < 150
    assert row["steps_run"] == (await engine.record(lead))["field_values"]["seats"] == 150
    assert [step["sequence"] for step in await engine.steps(execution)] == list(range(1, 151))


async def _ran(engine: Engine, execution: UUID, count: int) -> bool:
    return (await engine.execution(execution))["steps_run"] >= count


async def test_a_start_that_a_crash_cut_short_is_made_up_by_the_worker(idle: Engine, start_worker: Start) -> None:
    await idle.save(steps=[{"id": "stop", "type": "stop_execution"}])
    execution = await idle.start(launched=False)
    await idle.due(execution)
    start_worker()
    await idle.ended(execution, seconds=30)
    assert await idle.visits(execution) == [("stop", "completed")]
