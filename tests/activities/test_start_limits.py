"""The limit of starts in a minute: what counts, and who is told when it trips."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.notifying import send_due
from activities.relaying import evaluate_events
from activities.services import Services
from activities.settings import Settings
from automations.kill_switches import KillSwitch
from automations.model import Priority
from deploy.mail import MailSink
from store.business import lock_business, write_business
from store.database import Database
from store.events import insert_event
from store.kill_switches import list_standing_switches
from tests.builders import Json, delay
from tests.engine import Engine

UPDATED = {"id": "t", "type": "field_updated", "field": "status"}
MOST = 3


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what relays here is the test."""
    return Engine(database, temporal_client, settings)


@pytest.fixture
def limited(services: Services) -> Services:
    return replace(services, settings=services.settings.model_copy(update={"max_starts_per_minute": MOST}))


async def listening(engine: Engine, trigger: Json = UPDATED) -> UUID:
    lead = await engine.lead()
    await engine.save(object="lead", triggers=[trigger], steps=[delay("rest")])
    return lead


async def happen(engine: Engine, lead: UUID, *seconds: int, priority: Priority = "regular") -> None:
    """Changes that happened so many seconds after a whole minute from which on the trigger listens."""
    async with engine.database.connection() as connection:
        begin = await connection.fetchval("select date_trunc('minute', max(since)) + interval '1 minute' from listeners")
        for second in seconds:
            payload = {"old": {"status": None}, "new": {"status": f"{second}"}}
            at = begin + timedelta(seconds=second)
            await insert_event(connection, "field_updated", lead, at, payload, priority=priority)


async def tripped(services: Services, engine: Engine) -> list[KillSwitch]:
    while await evaluate_events(services):
        pass
    async with engine.database.connection() as connection:
        return await list_standing_switches(connection)


async def tell_operations(engine: Engine, address: str | None = "ops@example.com") -> None:
    async with engine.database.transaction() as connection:
        business = await lock_business(connection)
        await write_business(connection, business.model_copy(update={"operations_email": address}))


async def test_a_backlog_of_many_minutes_trips_nothing_when_it_is_evaluated_at_once(limited: Services, engine: Engine) -> None:
    lead = await listening(engine)
    await happen(engine, lead, *range(0, 1800, 30))
    assert await tripped(limited, engine) == []


async def test_more_events_in_one_minute_than_the_limit_trip_it_however_late_they_are_evaluated(
    limited: Services, engine: Engine
) -> None:
    lead = await listening(engine)
    await happen(engine, lead, 0, 120, 125, 130)
    assert await tripped(limited, engine) == []
    await happen(engine, lead, 135)
    [switch] = await tripped(limited, engine)
    assert switch.tripped_by == "starts_per_minute"


async def test_events_of_low_priority_do_not_count(limited: Services, engine: Engine) -> None:
    lead = await listening(engine)
    await happen(engine, lead, *range(5), priority="low")
    assert await tripped(limited, engine) == []


async def test_events_of_low_priority_count_where_the_trigger_has_its_own(limited: Services, engine: Engine) -> None:
    lead = await listening(engine, {**UPDATED, "priority": "own"})
    await happen(engine, lead, *range(5), priority="low")
    assert len(await tripped(limited, engine)) == 1


async def test_a_limit_that_trips_is_mailed_to_operations_once(limited: Services, engine: Engine, mail: MailSink) -> None:
    lead = await listening(engine)
    await tell_operations(engine)
    await happen(engine, lead, *range(9))
    [switch] = await tripped(limited, engine)
    assert [await send_due(limited), await send_due(limited)] == [1, 0]
    [message] = mail.messages()
    assert (message["To"], message["Subject"]) == ("ops@example.com", "[error] subject: what starts is held by a limit")
    body = message.get_content()
    assert f"/kill-switches/{switch.id}/lift" in body
    assert "4 triggered starts in one minute; 3 are the most" in body


async def test_a_limit_that_trips_again_after_it_was_lifted_is_mailed_again(
    limited: Services, engine: Engine, mail: MailSink
) -> None:
    lead = await listening(engine)
    await tell_operations(engine)
    for minute in (0, 2):
        await happen(engine, lead, *range(minute * 60, minute * 60 + 9))
        await tripped(limited, engine)
        async with engine.database.connection() as connection:
            await connection.execute("update kill_switches set lifted_at = now(), lifted_by = 'ada', lifted_why = 'mended'")
    await send_due(limited)
    assert len(mail.messages()) == 2


async def test_without_an_address_a_limit_that_trips_is_in_the_log_alone(
    limited: Services, engine: Engine, mail: MailSink, capsys: pytest.CaptureFixture[str]
) -> None:
    lead = await listening(engine)
    await happen(engine, lead, *range(9))
    await tripped(limited, engine)
    await send_due(limited)
    said: Any = capsys.readouterr().out
    assert "nobody_to_notify" in said
    assert mail.messages() == []
