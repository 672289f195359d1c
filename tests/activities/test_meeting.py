"""Which goals an event meets, which it moves, and which it leaves alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter
from temporalio.client import Client

from activities.relaying import evaluate_events
from activities.services import Services
from activities.settings import Settings
from automations.event_triggers import AnyEventTrigger, EventTriggerUnion
from store.crm_activities import complete_activity, log_activity, schedule_activity
from store.database import Connection, Database
from store.events import insert_event
from store.goals import (
    GoalWait,
    delete_goal_wait,
    insert_goal_wait,
    lock_goal_wait,
    mark_signalled,
    nudge_dated_goals,
    take_met_goals,
    write_goal_look,
)
from store.records import archive_record, change_record
from tests.builders import Json
from tests.engine import Engine, until

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
FAR = datetime(2030, 1, 1, tzinfo=UTC)
TRIGGERS: TypeAdapter[list[AnyEventTrigger]] = TypeAdapter(list[EventTriggerUnion])
BOOKED = {"type": "field_updated", "field": "status", "to": "Booked"}
DUE = {"type": "on_or_around_date", "field": "due"}
FILTERED = {**BOOKED, "filter": {"field": "seats", "op": ">=", "value": 5}}


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what relays here is the test."""
    return Engine(database, temporal_client, settings)


async def execution_on(engine: Engine, **values: Any) -> tuple[UUID, UUID]:
    """A record, and an execution on it that has not begun."""
    lead = await engine.lead(**{"seats": 0, **values})
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "days": 1}])
    return lead, await engine.start(record=lead, launched=False)


async def wait(
    connection: Connection, execution: UUID, record: UUID, *triggers: Json, sequence: int = 1, wakes_at: datetime | None = None
) -> None:
    parsed = TRIGGERS.validate_python(list(triggers))
    listens = {listen for trigger in parsed for listen in trigger.listens() | trigger.moved_by()}
    await insert_goal_wait(connection, GoalWait(execution, sequence, record, listens, list(triggers), NOW, wakes_at=wakes_at))


async def goals(connection: Connection) -> list[Any]:
    return await connection.fetch("select * from goal_waits order by sequence")


async def met(connection: Connection) -> list[bool]:
    return [row["met_at"] is not None for row in await goals(connection)]


async def nudged(connection: Connection) -> list[bool]:
    return [row["nudged"] for row in await goals(connection)]


HAPPENINGS: dict[str, tuple[Json, str, Json]] = {
    "a call is logged": (
        {"type": "activity_logged", "activity_type": "call"},
        "activity_logged", {"activity": {"id": "1", "type": "call"}},
    ),
    "a scheduled meeting is completed": (
        {"type": "activity_logged"}, "activity_completed", {"activity": {"id": "1", "type": "meeting"}},
    ),
    "a form": ({"type": "form_submitted", "form": "demo"}, "form_submitted", {"form": "demo", "values": {}}),
    "any form": ({"type": "form_submitted"}, "form_submitted", {"form": "other", "values": {}}),
    "a survey": ({"type": "survey_submitted", "survey": "nps"}, "survey_submitted", {"survey": "nps", "values": {"score": 9}}),
    "a click": (
        {"type": "email_event", "event": "clicked", "link": "https://example.com/*"},
        "email_event", {"event": "clicked", "message": "m", "link": "https://example.com/demo"},
    ),
    "a text": ({"type": "text_received", "contains": ["yes"]}, "text_received", {"from": "+4915112345678", "body": "Yes!"}),
    "a visit": ({"type": "website_visited", "url": "*/pricing"}, "website_visited", {"url": "https://example.com/pricing"}),
    "a tag": (
        {"type": "tag_added", "field": "labels", "tag": "vip"},
        "field_updated", {"old": {"labels": ["a"]}, "new": {"labels": ["a", "vip"]}},
    ),
    "a tag that goes": (
        {"type": "tag_removed", "field": "labels"}, "field_updated", {"old": {"labels": ["a"]}, "new": {"labels": None}},
    ),
    "a stage": ({"type": "stage_updated", "to": "Won"}, "stage_updated", {"old": "New", "new": "Won"}),
    "a field": (BOOKED, "field_updated", {"old": {"status": None}, "new": {"status": "Booked"}}),
}  # fmt: skip
ELSE: dict[str, tuple[str, Json]] = {
    "a meeting is logged": ("activity_logged", {"activity": {"id": "1", "type": "meeting"}}),
    "a call is scheduled": ("activity_scheduled", {"activity": {"id": "1", "type": "call"}}),
    "another form": ("form_submitted", {"form": "other", "values": {}}),
    "another survey": ("survey_submitted", {"survey": "other", "values": {}}),
    "a mail that is opened": ("email_event", {"event": "opened"}),
    "a click elsewhere": ("email_event", {"event": "clicked", "link": "https://example.org/"}),
    "another text": ("text_received", {"from": "+4915112345678", "body": "No."}),
    "another page": ("website_visited", {"url": "https://example.com/"}),
    "another tag": ("field_updated", {"old": {"labels": None}, "new": {"labels": ["b"]}}),
    "another stage": ("stage_updated", {"old": "Won", "new": "New"}),
    "another value": ("field_updated", {"old": {"status": None}, "new": {"status": "Open"}}),
    "an event without anything": ("email_event", {}),
}
EXACT = [trigger for name, (trigger, _, _) in HAPPENINGS.items() if name not in ("any form", "a tag that goes")]


@pytest.mark.parametrize("name", HAPPENINGS)
async def test_each_kind_of_event_meets_the_goal_that_waits_for_it(services: Services, engine: Engine, name: str) -> None:
    trigger, kind, payload = HAPPENINGS[name]
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, trigger)
        await insert_event(connection, kind, lead, NOW, payload)
        await evaluate_events(services)
        row, *_ = await goals(connection)
        assert row["met_by"] == trigger
        assert await connection.fetchval("select count(*) from goal_listens") == 0


async def test_what_nobody_waits_for_meets_nothing(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        exact = [each for each in EXACT if each != {"type": "activity_logged"}]
        await wait(connection, execution, lead, *exact)
        for kind, payload in ELSE.values():
            await insert_event(connection, kind, lead, NOW, payload)
        await evaluate_events(services)
        assert await met(connection) == [False]


async def test_crm_activities_tell_the_goals_of_their_record(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        for sequence in (1, 2):
            kind = "call" if sequence == 1 else "meeting"
            await wait(connection, execution, lead, {"type": "activity_logged", "activity_type": kind}, sequence=sequence)
        await log_activity(connection, lead, type="call", now=NOW)
        meeting = await schedule_activity(connection, lead, type="meeting", due_at=FAR, now=NOW)
        await evaluate_events(services)
        assert await met(connection) == [True, False]
        assert meeting is not None
        await complete_activity(connection, meeting["id"], now=NOW)
        await evaluate_events(services)
        assert await met(connection) == [True, True]


@pytest.mark.parametrize(("seats", "is_met"), [(5, True), (4, False)])
async def test_a_filter_asks_the_record_as_it_is_when_the_event_is_evaluated(
    services: Services, engine: Engine, seats: int, is_met: bool
) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, FILTERED)
        await change_record(connection, lead, values={"status": "Booked"}, now=NOW)
        await change_record(connection, lead, values={"seats": seats}, now=NOW)
        await evaluate_events(services)
        assert await met(connection) == [is_met]


async def test_an_event_that_the_filter_refused_is_over(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, FILTERED)
        await change_record(connection, lead, values={"status": "Booked"}, now=NOW)
        await evaluate_events(services)
        await change_record(connection, lead, values={"seats": 9}, now=NOW)
        await evaluate_events(services)
        assert await met(connection) == [False]
        await change_record(connection, lead, values={"status": "Open"}, now=NOW)
        await change_record(connection, lead, values={"status": "Booked"}, now=NOW)
        await evaluate_events(services)
        assert await met(connection) == [True]


@pytest.mark.parametrize(
    "broken",
    [
        {"field": "gone", "op": "=", "value": 1},
        {"field": "seats", "op": "contains", "value": "x"},
        {"variable": "count", "op": "=", "value": 1},
    ],
)
async def test_a_broken_filter_does_not_meet_and_stands_in_the_way_of_no_other(
    services: Services, engine: Engine, broken: Json
) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, {**BOOKED, "filter": broken})
        await wait(connection, execution, lead, BOOKED, sequence=2)
        await wait(connection, execution, lead, {**BOOKED, "filter": broken}, {**BOOKED, "from": "any"}, sequence=3)
        await change_record(connection, lead, values={"status": "Booked"}, now=NOW)
        await evaluate_events(services)
        assert await met(connection) == [False, True, True]


async def test_an_event_to_one_trigger_of_an_automation_is_none_of_a_goal_s_business(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        automation = await connection.fetchval("select id from automations")
        await wait(connection, execution, lead, {"type": "form_submitted"})
        told = {"automation_id": automation, "trigger_id": "t"}
        await insert_event(connection, "form_submitted", lead, NOW, {"form": "demo", "values": {}}, **told)
        await evaluate_events(services)
        assert await met(connection) == [False]


async def test_a_date_that_now_comes_before_the_workflow_wakes_nudges_it(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine, due="2027-05-01")
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, DUE, wakes_at=datetime(2027, 5, 1, tzinfo=UTC))
        await wait(connection, execution, lead, DUE, sequence=2, wakes_at=datetime(2026, 4, 1, tzinfo=UTC))
        await wait(connection, execution, lead, DUE, sequence=3)
        await wait(connection, execution, lead, {**DUE, "every_year": True}, sequence=4, wakes_at=FAR)
        await change_record(connection, lead, values={"due": "2027-04-30"}, now=NOW)
        await evaluate_events(services)
        assert await nudged(connection) == [True, False, True, True]
        assert await met(connection) == [False] * 4
        assert len(await take_met_goals(connection, datetime.now(UTC), FAR, 10)) == 3


@pytest.mark.parametrize("date", ["2027-05-01", "2028-01-01", None, "2020-01-01"])
async def test_a_date_that_comes_no_earlier_nudges_nobody(services: Services, engine: Engine, date: str | None) -> None:
    lead, execution = await execution_on(engine, due="2027-05-02")
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, DUE, wakes_at=datetime(2027, 5, 1, tzinfo=UTC))
        await change_record(connection, lead, values={"due": date}, now=NOW)
        await evaluate_events(services)
        assert await nudged(connection) == [False]


async def test_a_crm_activity_that_is_due_earlier_nudges(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    other = await engine.lead("Grace Hopper")
    async with engine.database.connection() as connection:
        overdue = {"type": "activity_overdue", "activity_type": "call"}
        await wait(connection, execution, lead, overdue, wakes_at=FAR)
        await wait(connection, execution, other, overdue, wakes_at=FAR, sequence=2)
        await schedule_activity(connection, lead, type="meeting", due_at=FAR - timedelta(days=9), now=NOW)
        await evaluate_events(services)
        assert await nudged(connection) == [False, False]
        await schedule_activity(connection, lead, type="call", due_at=FAR - timedelta(days=8), now=NOW)
        await evaluate_events(services)
        assert await nudged(connection) == [True, False]


async def test_while_a_nudge_is_under_way_there_is_no_other(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine, due="2028-01-01")
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, DUE, wakes_at=FAR)
        await change_record(connection, lead, values={"due": "2027-01-01"}, now=NOW)
        await evaluate_events(services)
        rows = await take_met_goals(connection, datetime.now(UTC), FAR, 10)
        await mark_signalled(connection, rows)
        for day in range(1, 28):
            await change_record(connection, lead, values={"due": f"2026-12-{28 - day:02}"}, now=NOW)
            await evaluate_events(services)
        assert await take_met_goals(connection, datetime.now(UTC), FAR, 10) == []
        await write_goal_look(connection, execution, 1, datetime(2026, 12, 1, tzinfo=UTC), {})
        await change_record(connection, lead, values={"due": "2026-11-01"}, now=NOW)
        await evaluate_events(services)
        assert len(await take_met_goals(connection, datetime.now(UTC), FAR, 10)) == 1


async def test_a_nudge_is_met_after_all_if_an_event_comes(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine, due="2028-01-01")
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, DUE, BOOKED, wakes_at=FAR)
        await change_record(connection, lead, values={"due": "2027-01-01"}, now=NOW)
        await evaluate_events(services)
        await change_record(connection, lead, values={"status": "Booked", "due": "2026-06-01"}, now=NOW)
        await evaluate_events(services)
        assert (await met(connection), await nudged(connection)) == ([True], [False])


async def test_a_signal_that_was_sent_does_not_take_back_what_is_to_be_told_since(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine, due="2028-01-01")
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, DUE, wakes_at=FAR)
        await change_record(connection, lead, values={"due": "2027-01-01"}, now=NOW)
        await evaluate_events(services)
        sent = await take_met_goals(connection, datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=30), 10)
        await write_goal_look(connection, execution, 1, datetime(2027, 1, 1, tzinfo=UTC), {})
        await change_record(connection, lead, values={"due": "2026-09-01"}, now=NOW)
        await evaluate_events(services)
        await mark_signalled(connection, sent)
        assert len(await take_met_goals(connection, datetime.now(UTC), FAR, 10)) == 1


async def test_a_change_that_is_evaluated_while_its_workflow_looks_is_not_lost(services: Services, engine: Engine) -> None:
    """The look has read the record before the change; the change finds the goal once the look is written."""
    lead, execution = await execution_on(engine, due="2028-01-01")
    async with engine.database.connection() as connection, engine.database.connection() as looking:
        await wait(connection, execution, lead, DUE, wakes_at=FAR)
        await change_record(connection, lead, values={"due": "2027-01-01"}, now=NOW)
        await evaluate_events(services)
        async with looking.transaction():
            await lock_goal_wait(looking, execution, 1)
            await change_record(connection, lead, values={"due": "2026-06-01"}, now=NOW)
            evaluating = asyncio.create_task(evaluate_events(services))
            await until(lambda: _someone_waits(engine.database))
            await write_goal_look(looking, execution, 1, datetime(2027, 1, 1, tzinfo=UTC), {})
        await evaluating
        assert await nudged(connection) == [True]


async def test_a_goal_that_ends_while_an_event_is_evaluated_is_left_in_peace(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection, engine.database.connection() as ending:
        await wait(connection, execution, lead, BOOKED)
        await change_record(connection, lead, values={"status": "Booked"}, now=NOW)
        async with ending.transaction():
            await delete_goal_wait(ending, execution, 1)
            evaluating = asyncio.create_task(evaluate_events(services))
            await until(lambda: _someone_waits(engine.database))
        assert await evaluating > 0
        assert await goals(connection) == []


async def _someone_waits(database: Database) -> bool:
    async with database.connection() as connection:
        return await connection.fetchval("select exists (select from pg_locks where not granted)")


async def test_goals_that_wait_for_other_things_are_neither_read_nor_locked(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection, engine.database.connection() as busy:
        await wait(connection, execution, lead, BOOKED)
        await wait(connection, execution, lead, {"type": "field_updated", "field": "seats", "to": 9}, sequence=2)
        await wait(connection, execution, lead, {**BOOKED, "to": "Lost"}, sequence=3)
        async with busy.transaction():
            for sequence in (2, 3):
                await lock_goal_wait(busy, execution, sequence)
            await change_record(connection, lead, values={"status": "Booked"}, now=NOW)
            assert await evaluate_events(services) > 0
        assert await met(connection) == [True, False, False]


async def test_another_timezone_nudges_all_that_wait_for_dates(engine: Engine) -> None:
    lead, execution = await execution_on(engine)
    async with engine.database.connection() as connection:
        for sequence, trigger in enumerate((BOOKED, DUE, {"type": "activity_overdue"}), start=1):
            await wait(connection, execution, lead, trigger, sequence=sequence)
        await nudge_dated_goals(connection, NOW)
        assert await nudged(connection) == [False, True, True]


async def test_an_archived_record_s_goals_are_moved_without_harm(services: Services, engine: Engine) -> None:
    lead, execution = await execution_on(engine, due="2028-01-01")
    async with engine.database.connection() as connection:
        await wait(connection, execution, lead, DUE, wakes_at=FAR)
        await archive_record(connection, lead, now=NOW)
        assert await evaluate_events(services) > 0
        assert await nudged(connection) == [True]
