"""The relay: each event is evaluated once, and neither lost nor counted for a goal that was reached after it."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.relaying import evaluate_events, signal_met_goals
from activities.services import Services
from activities.settings import Settings
from automations.event_triggers import Listen
from store.database import Connection, Database
from store.events import insert_event, take_turn_with_events
from store.goals import GoalWait, insert_goal_wait, mark_signalled, take_met_goals
from store.records import change_record
from tests.engine import Engine, until

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
BOOKED = {"type": "field_updated", "field": "status", "to": "Booked"}


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what relays here is the test."""
    return Engine(database, temporal_client, settings)


async def execution_on(engine: Engine) -> tuple[UUID, UUID]:
    """A record, and an execution on it that has not begun."""
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "days": 1}])
    return lead, await engine.start(record=lead, launched=False)


async def listen(connection: Connection, execution: UUID, record: UUID, *triggers: Any, sequence: int = 1) -> None:
    waits_for = list(triggers) or [BOOKED]
    listens = {Listen("field_updated", trigger.get("field", "status")) for trigger in waits_for}
    wait = GoalWait(execution, sequence, record, listens, waits_for, NOW)
    await insert_goal_wait(connection, wait)


async def book(connection: Connection, record: UUID) -> None:
    await change_record(connection, record, values={"status": "Booked"}, now=datetime.now(UTC))


async def tell(connection: Connection, record: UUID) -> None:
    """An event that changes nothing of the record itself."""
    async with connection.transaction():
        await insert_event(connection, "field_updated", record, NOW, {"old": {"status": None}, "new": {"status": "Booked"}})


async def met(database: Database) -> list[bool]:
    async with database.connection() as connection:
        return [row["met_at"] is not None for row in await connection.fetch("select met_at from goal_waits order by sequence")]


async def not_evaluated(database: Database) -> int:
    async with database.connection() as connection:
        return await connection.fetchval("select count(*) from events where evaluated_at is null")


async def someone_waits(database: Database) -> bool:
    async with database.connection() as connection:
        return await connection.fetchval("select exists (select from pg_locks where not granted)")


async def test_events_are_evaluated_once_also_those_of_no_record(services: Services, engine: Engine) -> None:
    await engine.lead()
    async with engine.database.connection() as connection:
        await insert_event(connection, "webhook", None, NOW, {})
    assert await evaluate_events(services) == 2
    assert await evaluate_events(services) == 0
    assert await not_evaluated(engine.database) == 0


async def test_all_that_wait_are_met_by_the_first_event_that_fits(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await listen(connection, execution, lead)
        await listen(connection, execution, lead, {**BOOKED, "to": "Lost"}, {**BOOKED, "from": "Booked"}, sequence=2)
        await listen(connection, execution, lead, {**BOOKED, "to": "Lost"}, sequence=3)
        for status in ("Open", "Booked", "Open", "Booked"):
            await change_record(connection, lead, values={"status": status}, now=NOW)
        await evaluate_events(services)
        rows = await connection.fetch(
            "select g.sequence, e.payload, g.met_by from goal_waits g join events e on e.id = g.met_event order by 1"
        )
    assert [(row["sequence"], row["payload"]["new"]["status"]) for row in rows] == [(1, "Booked")]
    assert rows[0]["met_by"] == BOOKED


@pytest.mark.parametrize("happens", [book, tell])
async def test_what_happens_while_a_goal_is_being_written_down_is_after_it(
    services: Services, engine: Engine, happens: Callable[[Connection, UUID], Coroutine[Any, Any, None]]
) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as event_connection, engine.database.connection() as connection:
        async with connection.transaction():
            await listen(connection, execution, lead)
            event = asyncio.create_task(happens(event_connection, lead))
            await until(lambda: someone_waits(engine.database))
            await evaluate_events(services)
        await event
    await evaluate_events(services)
    assert await met(engine.database) == [True]


async def test_a_goal_that_is_reached_while_a_change_is_being_written_down_is_after_it(
    services: Services, engine: Engine
) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as event_connection, engine.database.connection() as connection:
        async with event_connection.transaction():
            await book(event_connection, lead)
            goal = asyncio.create_task(listen(connection, execution, lead))
            await until(lambda: someone_waits(engine.database))
            await evaluate_events(services)
        await goal
    assert await evaluate_events(services) == 1
    assert await met(engine.database) == [False]


async def test_changes_and_goals_at_the_same_time_lose_nothing(services: Services, engine: Engine) -> None:
    """Whatever comes after the last goal meets all of them; evaluating meanwhile takes nothing away."""
    lead, execution = await execution_on(engine)

    async def reach(sequence: int) -> None:
        async with engine.database.transaction() as connection:
            await listen(
                connection, execution, lead, {"type": "field_updated", "field": "seats", "to": 100 - sequence}, sequence=sequence
            )
        async with engine.database.connection() as connection:
            await change_record(connection, lead, values={"seats": 100 - sequence}, now=NOW)
        await evaluate_events(services)

    await asyncio.gather(*(reach(sequence) for sequence in range(1, 31)))
    await evaluate_events(services)
    assert await met(engine.database) == [True] * 30


async def test_one_worker_at_a_time_takes_events(services: Services, engine: Engine) -> None:
    await engine.lead()
    async with engine.database.transaction() as connection:
        assert await take_turn_with_events(connection)
        assert await evaluate_events(services) == 0
    assert await evaluate_events(services) == 1


async def test_many_events_are_taken_in_batches(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await listen(connection, execution, lead)
        for _ in range(600):
            await insert_event(connection, "field_updated", lead, NOW, {"old": {"seats": 1}, "new": {"seats": 2}})
        await book(connection, lead)
    assert [await evaluate_events(services) for _ in range(3)] == [500, 102, 0]
    assert await met(engine.database) == [True]


async def test_a_goal_of_a_newer_release_stands_in_the_way_of_no_other(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await listen(connection, execution, lead, {"type": "sunrise"})
        await listen(connection, execution, lead, sequence=2)
        await book(connection, lead)
    await evaluate_events(services)
    assert await met(engine.database) == [False, True]


async def test_a_worker_that_died_with_signals_in_its_hands_loses_none(engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    now, later = NOW, NOW + timedelta(seconds=30)
    async with engine.database.connection() as connection:
        await listen(connection, execution, lead)
        await connection.execute("update goal_waits set met_at = $1, signal_at = $1", now)
        rows = await take_met_goals(connection, now, later, 10)
        assert [(row["execution_id"], row["sequence"]) for row in rows] == [(execution, 1)]
        assert await take_met_goals(connection, now, later, 10) == []
        rows = await take_met_goals(connection, later, later, 10)
        await mark_signalled(connection, rows)
        assert await take_met_goals(connection, later, later, 10) == []


async def test_a_workflow_that_is_gone_is_not_told_again(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await listen(connection, execution, lead)
        await book(connection, lead)
    await evaluate_events(services)
    assert await signal_met_goals(services) == 1
    assert await signal_met_goals(services) == 0
