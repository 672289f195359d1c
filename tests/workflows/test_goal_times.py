"""A goal goes by when things happened: neither a relay nor a worker nor a resume that is late changes what becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.relaying import evaluate_events, relay_once
from activities.settings import Settings
from store.database import Database
from store.events import insert_event
from tests.builders import Json, branch, change, condition, go_to, goal
from tests.engine import Engine, until
from tests.workflows.counting import COUNT
from tests.workflows.skipping import over_the_waits

YES, NO, AFTER = change("yes", seats=1), change("no", seats=2), change("after", country="DE")
LIMIT, MOMENT = timedelta(days=1), timedelta(microseconds=1)
GOAL = {**goal("booked", met=[YES], not_met=[NO]), "timeout": {"days": 1}}
MET = [("booked", "completed"), ("yes", "completed"), ("after", "completed")]
NOT_MET = [("booked", "completed"), ("no", "completed"), ("after", "completed")]


@pytest.fixture
async def engine(database: Database, time_skipping: WorkflowEnvironment, settings: Settings) -> AsyncIterator[Engine]:
    """Whose relay is the test."""
    async with Engine(database, time_skipping.client, settings).working(relaying=False) as engine:
        yield engine


async def waiting(engine: Engine, *steps: Json) -> tuple[UUID, UUID]:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=list(steps) or [GOAL, AFTER])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="goal")
    while await evaluate_events(engine.services):
        pass
    return lead, execution


async def limit(engine: Engine) -> datetime:
    """When the time of the goal is up."""
    async with engine.database.connection() as connection:
        return datetime.fromisoformat(await connection.fetchval("select timeout ->> 'until' from goal_waits"))


async def happens(engine: Engine, lead: UUID, at: datetime, status: str = "Booked") -> None:
    async with engine.database.connection() as connection:
        await insert_event(connection, "field_updated", lead, at, {"old": {"status": None}, "new": {"status": status}})


async def paused(engine: Engine, execution: UUID) -> None:
    await engine.order(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")


async def resumed(engine: Engine, execution: UUID, state: str = "completed") -> Any:
    await engine.order(execution, "resume")
    return await engine.ended(execution, state)


async def test_what_happened_in_time_meets_it_though_no_relay_came_by_before_the_time_out(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    await happens(engine, lead, await limit(engine) - timedelta(hours=1))
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET
    met_by = (await engine.steps(execution))[0]["output"]["met_by"]
    assert (met_by["kind"], met_by["trigger"]["field"]) == ("field_updated", "status")
    assert datetime.fromisoformat(met_by["event_at"]) < datetime.fromisoformat(met_by["evaluated_at"])
    assert await relay_once(engine.services) > 0


async def test_what_happened_after_the_time_out_does_not_meet_it_while_it_is_paused(
    engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    lead, execution = await waiting(engine)
    over = await limit(engine)
    await paused(engine, execution)
    await time_skipping.sleep(LIMIT * 2)
    await happens(engine, lead, over + timedelta(hours=1))
    await relay_once(engine.services)
    await resumed(engine, execution)
    assert await engine.visits(execution) == NOT_MET
    assert "met_by" not in (await engine.steps(execution))[0]["output"]


@pytest.mark.parametrize("evaluated", ["before the resume", "after it"])
async def test_what_happened_before_the_time_out_meets_it_while_it_is_paused(
    engine: Engine, time_skipping: WorkflowEnvironment, evaluated: str
) -> None:
    lead, execution = await waiting(engine)
    over = await limit(engine)
    await paused(engine, execution)
    await time_skipping.sleep(LIMIT * 2)
    await happens(engine, lead, over - timedelta(hours=1))
    if evaluated == "before the resume":
        await relay_once(engine.services)
    await resumed(engine, execution)
    assert await engine.visits(execution) == MET


@pytest.mark.parametrize(("later", "visits"), [(timedelta(0), MET), (MOMENT, NOT_MET)])
@pytest.mark.parametrize("is_evaluated", [True, False])
async def test_the_moment_of_the_time_out_is_the_last_that_counts(
    engine: Engine, later: timedelta, visits: Any, is_evaluated: bool
) -> None:
    lead, execution = await waiting(engine)
    await happens(engine, lead, await limit(engine) + later)
    if is_evaluated:
        assert await evaluate_events(engine.services) == 1
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == visits


@pytest.mark.parametrize(("later", "visits"), [(-MOMENT, MET), (MOMENT, NOT_MET)])
async def test_without_a_worker_at_the_time_out_the_time_of_what_happens_decides(
    database: Database, temporal_client: Client, settings: Settings, later: timedelta, visits: Any
) -> None:
    over = datetime.now(UTC) + timedelta(seconds=3)
    async with Engine(database, temporal_client, settings).working(relaying=False) as engine:
        lead, execution = await waiting(engine, {**GOAL, "timeout": {"until": over.isoformat()}}, AFTER)
    await until(lambda: _is_past(over))
    await happens(engine, lead, over + later)
    async with Engine(database, temporal_client, settings).working() as engine:
        await engine.ended(execution)
        assert await engine.visits(execution) == visits


async def _is_past(moment: datetime) -> bool:
    return datetime.now(UTC) > moment


async def test_what_happens_too_late_leaves_the_goal_to_what_happened_in_time_and_is_told_later(
    engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    lead, execution = await waiting(engine)
    over = await limit(engine)
    await paused(engine, execution)
    await time_skipping.sleep(LIMIT * 2)
    await happens(engine, lead, over + timedelta(hours=1))
    await relay_once(engine.services)
    await happens(engine, lead, over - timedelta(hours=1))
    await resumed(engine, execution)
    assert await engine.visits(execution) == MET


async def test_what_is_told_of_once_the_goal_has_gone_on_comes_too_late(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    over = await limit(engine)
    await over_the_waits(engine, execution)
    await happens(engine, lead, over - timedelta(hours=1))
    await relay_once(engine.services)
    assert await engine.visits(execution) == NOT_MET


@pytest.mark.parametrize(("seats", "visits"), [(5, MET), (4, NOT_MET)])
async def test_the_filter_of_what_was_not_evaluated_is_asked_at_the_time_out(engine: Engine, seats: int, visits: Any) -> None:
    wanted = {"type": "field_updated", "field": "status", "filter": {"field": "seats", "op": ">=", "value": 5}}
    lead, execution = await waiting(engine, {**goal("booked", wanted, met=[YES], not_met=[NO]), "timeout": {"days": 1}}, AFTER)
    await engine.edit(lead, status="Booked")
    await engine.edit(lead, seats=seats)
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == visits


@pytest.mark.parametrize(("later", "visits"), [(-timedelta(hours=1), "yes"), (timedelta(hours=1), "no")])
async def test_a_goal_that_was_carried_over_a_pause_goes_by_the_time_too(
    engine: Engine, time_skipping: WorkflowEnvironment, later: timedelta, visits: str
) -> None:
    again = condition("enough", [], [go_to("again", "count")], **{"if": {"field": "seats", "op": ">=", "value": 20}})
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[branch("fork", [GOAL], [COUNT, again]), AFTER])
    short = Engine(engine.database, engine.client, engine.settings.model_copy(update={"steps_per_run": 10}))
    execution = await short.start(record=lead)
    await engine.in_state(execution, "paused", reason="goal")
    description = await (await engine.handle(execution)).describe()
    assert description.raw_description.workflow_execution_info.first_run_id != description.run_id
    over = await limit(engine)
    await paused(engine, execution)
    await time_skipping.sleep(LIMIT * 2)
    await happens(engine, lead, over + later)
    await relay_once(engine.services)
    await resumed(engine, execution)
    assert (await engine.visits(execution))[-2:] == [(visits, "completed"), ("after", "completed")]


@pytest.mark.parametrize("path", ["met", "not_met"])
async def test_a_skip_over_a_pause_goes_down_its_path_whatever_happened(engine: Engine, path: str) -> None:
    lead, execution = await waiting(engine)
    await happens(engine, lead, await limit(engine) + timedelta(hours=1))
    await relay_once(engine.services)
    await engine.order(execution, "skip", path=path)
    await engine.ended(execution)
    assert (await engine.visits(execution))[1] == ("yes" if path == "met" else "no", "completed")


@pytest.mark.parametrize(("before", "is_met"), [(timedelta(minutes=1), False), (timedelta(0), True)])
async def test_what_is_reported_from_before_the_goal_was_reached_does_not_count(
    engine: Engine, api: httpx2.AsyncClient, before: timedelta, is_met: bool
) -> None:
    lead, _ = await waiting(engine, goal("booked", {"type": "form_submitted"}, met=[YES], not_met=[NO]), AFTER)
    async with engine.database.connection() as connection:
        since = await connection.fetchval("select since from goal_waits")
    told = {"kind": "form_submitted", "form": "demo", "event_at": (since - before).isoformat()}
    answer = await api.post("/events", json={"record": {"object": "lead", "id": str(lead)}, **told})
    assert answer.status_code == 202, answer.text
    await evaluate_events(engine.services)
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select met_at is not null from goal_waits") is is_met


async def test_a_relay_that_meets_it_while_its_workflow_looks_is_heeded(engine: Engine) -> None:
    """The workflow waits for the relay to be through, and sees what it wrote."""
    lead, execution = await waiting(engine)
    await happens(engine, lead, await limit(engine) - timedelta(hours=1))
    async with engine.database.transaction() as connection:
        event = await connection.fetchval("select id from events where evaluated_at is null")
        await connection.execute(
            'update goal_waits set met_at = now(), met_event = $1, met_by = \'{"type": "field_updated"}\'', event
        )
        await connection.execute("update events set evaluated_at = now() where id = $1", event)
        ending = asyncio.create_task(over_the_waits(engine, execution))
        await until(lambda: _someone_waits(engine))
    await ending
    assert await engine.visits(execution) == MET
    assert (await engine.steps(execution))[0]["attempt"] == 1


async def _someone_waits(engine: Engine) -> bool:
    async with engine.database.connection() as connection:
        return await connection.fetchval("select exists (select from pg_locks where not granted)")
