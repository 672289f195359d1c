"""Releases side by side: what an older worker cannot read waits for one that can, and nothing else waits for it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.planning import fire_due_once, scan_once
from activities.relaying import evaluate_events
from activities.scheduling import sync_schedules_once
from activities.services import Services
from activities.settings import Settings
from activities.unreadable import answer_what_waited
from store.database import Database
from tests.builders import Json, delay
from tests.engine import Engine

UPDATED = {"id": "t", "type": "field_updated", "field": "status"}
DAY = {"id": "day", "type": "on_or_around_date", "field": "due"}


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what relays here is the test."""
    return Engine(database, temporal_client, settings)


async def newer(engine: Engine, api_name: str = "subject") -> None:
    """A newer release saved the triggers with an option that this one does not know."""
    async with engine.database.connection() as connection:
        await connection.execute(
            'update listeners set definition = definition || \'{"mood": "sunny"}\''
            " where automation_id = (select id from automations where api_name = $1)",
            api_name,
        )


async def upgraded(engine: Engine) -> None:
    """As if the worker were of that release."""
    async with engine.database.connection() as connection:
        await connection.execute("update listeners set definition = definition - 'mood'")


async def relay(services: Services) -> None:
    while await evaluate_events(services):
        pass


async def evaluations(engine: Engine) -> list[tuple[str, str, str | None]]:
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "select api_name, outcome, reason from evaluations v join automations a on a.id = v.automation_id order by 1, v.id"
        )
    return [(row["api_name"], row["outcome"], row["reason"]) for row in rows]


async def listening(engine: Engine, *triggers: Json, **parts: Any) -> UUID:
    lead = await engine.lead()
    await engine.save(object="lead", triggers=list(triggers), steps=[delay("rest")], **parts)
    return lead


async def test_an_unreadable_trigger_waits_and_holds_up_no_other_automation(services: Services, engine: Engine) -> None:
    lead = await listening(engine, UPDATED)
    await engine.save(api_name="other", object="lead", triggers=[UPDATED], steps=[delay("rest")])
    await newer(engine)
    await engine.edit(lead, status="Open")
    await relay(services)
    assert await evaluations(engine) == [("other", "started", None), ("subject", "waiting", "unreadable")]


async def test_an_older_worker_leaves_what_waits_however_often_it_looks(services: Services, engine: Engine) -> None:
    lead = await listening(engine, UPDATED)
    await newer(engine)
    await engine.edit(lead, status="Open")
    await relay(services)
    assert [await answer_what_waited(services) for _ in range(3)] == [0, 0, 0]
    assert await evaluations(engine) == [("subject", "waiting", "unreadable")]


async def test_a_newer_worker_answers_what_waited_once_and_in_order(services: Services, engine: Engine) -> None:
    lead = await listening(engine, UPDATED)
    await newer(engine)
    for status in ("Open", "Booked", "Won"):
        await engine.edit(lead, status=status)
    await relay(services)
    await upgraded(engine)
    assert [await answer_what_waited(services) for _ in range(2)] == [3, 0]
    assert await evaluations(engine) == [("subject", "started", None)] * 3
    async with engine.database.connection() as connection:
        rows = await connection.fetch("select trigger ->> 'new' as new from executions order by id")
    assert [row["new"] for row in rows] == ["Open", "Booked", "Won"]


async def test_an_unreadable_document_waits_as_an_unreadable_trigger_does(services: Services, engine: Engine) -> None:
    lead = await listening(engine, UPDATED)
    async with engine.database.connection() as connection:
        await connection.execute(
            "update automation_revisions set document = jsonb_set(document, '{steps,0,type}', '\"teleport\"')"
        )
    await engine.edit(lead, status="Open")
    await relay(services)
    assert await evaluations(engine) == [("subject", "waiting", "unreadable")]
    assert await answer_what_waited(services) == 0
    async with engine.database.connection() as connection:
        await connection.execute("update automation_revisions set document = jsonb_set(document, '{steps,0,type}', '\"delay\"')")
    assert await answer_what_waited(services) == 1
    assert await evaluations(engine) == [("subject", "started", None)]


async def test_what_an_unreadable_document_leaves_begins_no_quiet_window(services: Services, engine: Engine) -> None:
    lead = await listening(engine, UPDATED, throttle="1h")
    async with engine.database.connection() as connection:
        await connection.execute(
            "update automation_revisions set document = jsonb_set(document, '{steps,0,type}', '\"teleport\"')"
        )
    await engine.edit(lead, status="Open")
    await relay(services)
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from firings") == 0


async def test_what_waits_for_a_trigger_that_is_saved_away_ends(services: Services, engine: Engine) -> None:
    lead = await listening(engine, UPDATED)
    await newer(engine)
    await engine.edit(lead, status="Open")
    await relay(services)
    await engine.save(object="lead", triggers=[], steps=[delay("rest")])
    assert await answer_what_waited(services) == 1
    assert await evaluations(engine) == [("subject", "not_started", "error")]


# Dates


async def due(engine: Engine) -> list[int]:
    async with engine.database.connection() as connection:
        return [row["due_at"].year for row in await connection.fetch("select due_at from due_triggers order by 1")]


async def scanned(services: Services) -> None:
    while await scan_once(services):
        pass


async def test_an_older_worker_leaves_the_scan_of_an_unreadable_date_trigger(services: Services, engine: Engine) -> None:
    await engine.lead(due="2090-01-01")
    await engine.save(object="lead", triggers=[DAY], steps=[delay("rest")])
    await newer(engine)
    await scanned(services)
    assert await due(engine) == []
    await upgraded(engine)
    await scanned(services)
    assert await due(engine) == [2090]


async def test_the_scan_of_a_readable_trigger_is_not_held_up(services: Services, engine: Engine) -> None:
    await engine.lead(due="2090-01-01")
    await engine.save(object="lead", triggers=[DAY], steps=[delay("rest")])
    await engine.save(api_name="other", object="lead", triggers=[DAY], steps=[delay("rest")])
    await newer(engine)
    await scanned(services)
    assert await due(engine) == [2090]


async def test_a_change_that_an_older_worker_sees_is_planned_by_a_newer_one(services: Services, engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", triggers=[DAY], steps=[delay("rest")])
    await scanned(services)
    await newer(engine)
    await engine.edit(lead, due="2090-01-01")
    await relay(services)
    await scanned(services)
    assert await due(engine) == []
    await upgraded(engine)
    await scanned(services)
    assert await due(engine) == [2090]


async def test_an_older_worker_does_not_fire_or_drop_what_it_cannot_read(services: Services, engine: Engine) -> None:
    await engine.lead(due="2090-01-01")
    await engine.save(object="lead", triggers=[DAY], steps=[delay("rest")])
    await engine.save(api_name="other", object="lead", triggers=[DAY], steps=[delay("rest")])
    await scanned(services)
    await relay(services)
    await newer(engine)
    later = datetime(2090, 1, 2, tzinfo=UTC) + timedelta(hours=1)
    assert await fire_due_once(services, later) == 1
    assert await fire_due_once(services, later) == 0
    assert await due(engine) == [2090]
    await upgraded(engine)
    assert await fire_due_once(services, later) == 1


async def test_a_date_trigger_is_planned_although_its_automation_has_steps_of_a_newer_release(
    services: Services, engine: Engine
) -> None:
    await engine.lead(due="2090-01-01")
    await engine.save(object="lead", triggers=[DAY], steps=[delay("rest")])
    async with engine.database.connection() as connection:
        await connection.execute(
            "update automation_revisions set document = jsonb_set(document, '{steps,0,type}', '\"teleport\"')"
        )
    await scanned(services)
    assert await due(engine) == [2090]


async def test_an_older_worker_leaves_a_schedule_that_it_cannot_read_to_a_newer_one(services: Services, engine: Engine) -> None:
    """And not for long: whichever worker comes by next may be the newer one."""
    await engine.save(steps=[delay("rest")], triggers=[{"id": "daily", "type": "schedule", "cron": "0 9 * * *"}])
    async with engine.database.connection() as connection:
        await connection.execute("update schedules set definition = jsonb_set(definition, '{trigger,mood}', '\"sunny\"')")
        assert await sync_schedules_once(services) == 0
        [row] = await connection.fetch("select problem, sync_at, definition from schedules")
    assert "newer release" in row["problem"]
    assert row["sync_at"] < datetime.now(UTC) + timedelta(seconds=30)
    assert row["definition"]["trigger"]["mood"] == "sunny"
