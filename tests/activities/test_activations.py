"""A trigger answers what happened while its automation was active, however late that is evaluated, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from temporalio.client import Client

from activities.relaying import evaluate_events
from activities.services import Services
from activities.settings import Settings
from store.automations import delete_automation, read_automation, set_active
from store.database import Database
from store.events import insert_event
from tests.builders import Json, delay
from tests.engine import Engine


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what relays here is the test."""
    return Engine(database, temporal_client, settings)


def updated(**more: Any) -> Json:
    return {"id": "on-update", "type": "field_updated", "field": "status", **more}


async def listening(engine: Engine, **parts: Any) -> UUID:
    lead = await engine.lead()
    await engine.save(**{"object": "lead", "triggers": [updated()], "steps": [delay("rest")], **parts})
    return lead


async def switch(engine: Engine, active: bool) -> None:
    async with engine.database.transaction() as connection:
        await set_active(connection, "subject", active)


async def happens(engine: Engine, lead: UUID, at: datetime | None = None, status: str = "Open") -> None:
    async with engine.database.connection() as connection:
        payload = {"old": {"status": None}, "new": {"status": status}}
        await insert_event(connection, "field_updated", lead, at or datetime.now(UTC), payload)


async def evaluate(services: Services) -> None:
    while await evaluate_events(services):
        pass


async def reasons(services: Services, engine: Engine) -> list[str | None]:
    """By the time of the events, after evaluating what there is; None where an execution started."""
    await evaluate(services)
    async with engine.database.connection() as connection:
        return [row["reason"] for row in await connection.fetch("select reason from evaluations order by event_at, id")]


async def test_what_happened_while_it_was_active_starts_though_it_was_switched_off_before_that_was_evaluated(
    services: Services, engine: Engine
) -> None:
    lead = await listening(engine)
    await happens(engine, lead)
    await switch(engine, False)
    await happens(engine, lead)
    assert await reasons(services, engine) == [None, "inactive"]


async def test_what_happened_while_it_was_active_starts_though_it_was_switched_off_and_on_before_that_was_evaluated(
    services: Services, engine: Engine
) -> None:
    lead = await listening(engine)
    await happens(engine, lead)
    await switch(engine, False)
    await happens(engine, lead)
    await switch(engine, True)
    await happens(engine, lead)
    assert await reasons(services, engine) == [None, "before_activation", None]


async def test_a_save_switches_it_off_and_on_as_well(services: Services, engine: Engine) -> None:
    lead = await listening(engine)
    for active in (False, True, False):
        await happens(engine, lead)
        await engine.save(object="lead", triggers=[updated()], steps=[delay("rest")], active=active)
    assert await reasons(services, engine) == [None, "inactive", None]


async def test_what_is_told_of_late_is_judged_by_when_it_happened(services: Services, engine: Engine) -> None:
    lead = await listening(engine)
    active = datetime.now(UTC)
    await switch(engine, False)
    idle = datetime.now(UTC)
    await switch(engine, True)
    await happens(engine, lead, active)
    await happens(engine, lead, idle)
    await happens(engine, lead, active - timedelta(days=1))
    assert await reasons(services, engine) == ["before_activation", None, "before_activation"]


async def test_a_trigger_that_was_saved_differently_since_answers_nothing_from_before(services: Services, engine: Engine) -> None:
    """The newest document says what it listens to."""
    lead = await listening(engine)
    await happens(engine, lead)
    await switch(engine, False)
    await engine.save(object="lead", triggers=[updated(to="Open")], steps=[delay("rest")], active=False)
    assert await reasons(services, engine) == ["before_activation"]


async def test_one_that_was_deleted_since_starts_nothing(services: Services, engine: Engine) -> None:
    lead = await listening(engine)
    await happens(engine, lead)
    async with engine.database.transaction() as connection:
        row = await read_automation(connection, "subject")
        assert row is not None
        await delete_automation(connection, row["id"], datetime.now(UTC))
    assert await reasons(services, engine) == []


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(doings=st.lists(st.sampled_from(["on", "off", "happens", "evaluate"]), min_size=1, max_size=12))
async def test_whatever_is_done_in_whatever_order_the_times_alone_decide(
    services: Services, engine: Engine, doings: list[str]
) -> None:
    name = f"subject-{abs(hash(tuple(doings)))}"
    lead = await engine.lead()
    await evaluate(services)
    async with engine.database.connection() as connection:
        await connection.execute("delete from evaluations")
        await connection.execute("delete from listeners")
    await engine.save(api_name=name, object="lead", triggers=[updated()], steps=[delay("rest")])
    active, expected = True, list[bool]()
    for doing in doings:
        match doing:
            case "happens":
                await happens(engine, lead)
                expected.append(active)
            case "evaluate":
                await evaluate(services)
            case _:
                active = doing == "on"
                async with engine.database.transaction() as connection:
                    await set_active(connection, name, active)
    assert [reason is None for reason in await reasons(services, engine)] == expected
