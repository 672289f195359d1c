"""From a change, through its event, to the executions that it starts."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.matching import find_candidates
from activities.plain_words import BROKEN
from activities.relaying import evaluate_events
from activities.services import Services
from activities.settings import Settings
from automations.fields import ObjectDefinition
from store.automations import read_automation, set_active
from store.database import Database
from store.effects import find_circle
from store.events import Origin, insert_event, list_new_events
from store.kill_switches import list_standing_switches, set_kill_switch
from store.objects import put_object
from store.records import archive_record, change_record, create_record
from tests.builders import Json, change, delay
from tests.engine import LEAD, Engine, until


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what relays here is the test."""
    return Engine(database, temporal_client, settings)


def updated(field: str = "status", **more: Any) -> Json:
    return {"id": "on-update", "type": "field_updated", "field": field, **more}


async def evaluations(engine: Engine) -> list[tuple[str, str, str | None]]:
    """Trigger, outcome and reason, in their order."""
    async with engine.database.connection() as connection:
        rows = await connection.fetch("select * from evaluations order by id")
    return [(row["trigger_id"], row["outcome"], row["reason"]) for row in rows]


async def details(engine: Engine) -> list[str]:
    async with engine.database.connection() as connection:
        return [row["detail"] for row in await connection.fetch("select detail from evaluations order by id")]


async def evaluated(services: Services, engine: Engine) -> list[tuple[str, str | None]]:
    """Trigger and reason, after evaluating what there is."""
    await reasons(services, engine)
    return sorted((trigger, reason) for trigger, _, reason in await evaluations(engine))


async def switch(engine: Engine, active: bool) -> None:
    async with engine.database.transaction() as connection:
        await set_active(connection, "subject", active)


async def reasons(services: Services, engine: Engine) -> list[str | None]:
    """Of all evaluations so far, after evaluating what there is; None where an execution started."""
    while await evaluate_events(services):
        pass
    return [reason for _, _, reason in await evaluations(engine)]


async def listening(engine: Engine, *triggers: Json, **parts: Any) -> UUID:
    """A lead, and an automation with these triggers that is saved after it."""
    lead = await engine.lead()
    await engine.save(object="lead", triggers=list(triggers), steps=[delay("rest")], **parts)
    return lead


async def test_a_change_starts_one_execution_that_knows_what_happened(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(to="Open"))
    await engine.edit(lead, status="Open")
    assert await reasons(services, engine) == [None]
    execution = await engine.latest("subject")
    assert execution["record_id"] == lead
    told = execution["trigger"]
    assert (told["type"], told["id"], told["field"]) == ("field_updated", "on-update", "status")
    assert (told["old"], told["new"]) == (None, "Open")
    assert datetime.fromisoformat(told["event_at"]) <= datetime.fromisoformat(told["evaluated_at"])


async def test_an_event_is_evaluated_once_however_often_the_relay_looks(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    await engine.edit(lead, status="Open")
    for _ in range(3):
        assert await reasons(services, engine) == [None]


async def test_an_event_that_fits_two_triggers_starts_two_executions(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(), updated(to="Open", id="other"))
    await engine.edit(lead, status="Open")
    assert await reasons(services, engine) == [None, None]


async def test_what_does_not_fit_is_written_down_with_a_sentence(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(to="Booked"))
    await engine.edit(lead, status="Open")
    assert await reasons(services, engine) == ["filtered"]
    assert await details(engine) == ["status changed from blank to Open; wanted: status becomes Booked."]


async def test_changes_of_other_fields_and_other_objects_concern_nobody(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    await engine.edit(lead, seats=4)
    async with engine.database.transaction() as connection:
        other = await put_object(connection, ObjectDefinition.model_validate({**LEAD, "api_name": "deal", "name": "Deal"}))
        await create_record(connection, other, name="Deal", values={"status": "Open"}, now=datetime.now(UTC))
    assert await reasons(services, engine) == []


async def test_an_inactive_automation_starts_nothing_and_says_so(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(), active=False)
    await engine.edit(lead, status="Open")
    assert await reasons(services, engine) == ["inactive"]


async def test_what_happened_before_it_was_deactivated_starts_nothing_after_that(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    await engine.edit(lead, status="Open")
    await switch(engine, False)
    assert await reasons(services, engine) == ["inactive"]


async def test_activating_handles_nothing_that_happened_before_it_however_late_it_is_evaluated(
    services: Services, engine: Engine
) -> None:
    """By the time of the evaluation the automation listens for long."""
    lead = await listening(engine, updated())
    await switch(engine, False)
    await engine.edit(lead, status="Open")
    await switch(engine, True)
    assert await reasons(services, engine) == ["before_activation"]
    await engine.edit(lead, status="Booked")
    assert await reasons(services, engine) == ["before_activation", None]


async def test_a_trigger_that_a_save_brought_does_not_answer_what_was_before_it(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    await engine.edit(lead, status="Open")
    await engine.save(object="lead", triggers=[updated(), updated(to="Open", id="new")], steps=[delay("rest")])
    assert await evaluated(services, engine) == [("new", "before_activation"), ("on-update", None)]


async def test_a_save_that_leaves_a_trigger_as_it_is_loses_no_event(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    await engine.edit(lead, status="Open")
    await engine.save(object="lead", triggers=[updated()], steps=[delay("rest"), delay("more")])
    assert await reasons(services, engine) == [None]


async def test_a_removed_trigger_answers_nothing_more(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    await engine.edit(lead, status="Open")
    await engine.save(object="lead", triggers=[], steps=[delay("rest")])
    assert await reasons(services, engine) == []


async def test_a_skipped_trigger_starts_nothing(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(skip=True))
    await engine.edit(lead, status="Open")
    assert await reasons(services, engine) == ["skipped"]


async def test_a_filter_is_asked_by_the_record_as_it_is_now(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(filter={"field": "seats", "op": ">=", "value": 50}))
    await engine.edit(lead, status="Open", seats=4)
    assert await reasons(services, engine) == ["filtered"]
    assert (await details(engine))[0].endswith("Found: seats = 4.")
    await engine.edit(lead, status="Booked")
    await engine.edit(lead, seats=50)
    assert await reasons(services, engine) == ["filtered", None]


async def test_a_filter_on_a_deleted_field_is_an_error_of_its_trigger_alone(services: Services, engine: Engine) -> None:
    broken = updated(id="broken", filter={"field": "budget", "op": ">", "value": 1})
    lead = await listening(engine, broken, updated())
    without = [field for field in LEAD["fields"] if field["name"] != "budget"]
    async with engine.database.transaction() as connection:
        await put_object(connection, ObjectDefinition.model_validate({**LEAD, "fields": without}))
    await engine.edit(lead, status="Open")
    assert await evaluated(services, engine) == [("broken", "error"), ("on-update", None)]
    async with engine.database.connection() as connection:
        automation = await read_automation(connection, "subject")
    assert automation is not None
    assert "budget" in automation["warnings"]["broken"]["sentence"]
    await engine.save(object="lead", triggers=[updated()], steps=[delay("rest")])
    async with engine.database.connection() as connection:
        automation = await read_automation(connection, "subject")
    assert automation is not None
    assert automation["warnings"] == {}


async def test_a_trigger_on_a_deleted_field_is_an_error(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(field="budget", to=5))
    without = [field for field in LEAD["fields"] if field["name"] != "budget"]
    await engine.edit(lead, budget=5)
    async with engine.database.transaction() as connection:
        await put_object(connection, ObjectDefinition.model_validate({**LEAD, "fields": without}))
    assert await reasons(services, engine) == ["error"]


async def test_an_archived_record_starts_nothing(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    await engine.edit(lead, status="Open")
    async with engine.database.connection() as connection:
        await archive_record(connection, lead, now=datetime.now(UTC))
    assert await reasons(services, engine) == ["no_record"]


async def test_a_kill_switch_that_cancels_keeps_executions_from_starting(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    async with engine.database.transaction() as connection:
        now = datetime.now(UTC)
        await set_kill_switch(connection, "automation", "subject", mode="cancel", by="ada", why="too much", now=now)
    await engine.edit(lead, status="Open")
    assert await reasons(services, engine) == ["killed"]
    assert "too much" in (await details(engine))[0]


# The quiet window, by the time of the events


async def tell(engine: Engine, lead: UUID, *minutes: int) -> None:
    """Changes that happened so many minutes after the trigger began to listen, written in this order."""
    async with engine.database.connection() as connection:
        begin = await connection.fetchval("select max(since) from listeners")
        for minute in minutes:
            payload = {"old": {"status": None}, "new": {"status": f"{minute}"}}
            await insert_event(connection, "field_updated", lead, begin + timedelta(minutes=minute), payload)


async def test_the_first_event_fires_and_those_within_the_window_never_do(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(), throttle="15m")
    await tell(engine, lead, 0, 1, 14, 15, 29, 31)
    assert await reasons(services, engine) == [None, "throttled", "throttled", None, "throttled", None]


async def test_events_far_apart_fire_both_also_when_they_are_evaluated_at_once(services: Services, engine: Engine) -> None:
    """By the time of their evaluation they are within the window."""
    lead = await listening(engine, updated(throttle="15m"))
    await tell(engine, lead, 0, 60)
    assert await reasons(services, engine) == [None, None]


async def test_events_close_together_fire_once_also_when_they_are_evaluated_far_apart(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(throttle="15m"))
    await tell(engine, lead, 0)
    assert await reasons(services, engine) == [None]
    await tell(engine, lead, 1)
    async with engine.database.connection() as connection:
        await connection.execute("update evaluations set evaluated_at = evaluated_at - interval '1 day'")
    assert await reasons(services, engine) == [None, "throttled"]


async def test_an_event_that_comes_late_is_quiet_beside_one_that_fired_after_it(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(throttle="15m"))
    await tell(engine, lead, 60, 50, 30)
    assert await reasons(services, engine) == [None, "throttled", None]


async def test_what_was_suppressed_is_not_queued(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(throttle="15m"))
    await tell(engine, lead, 0, 5)
    await reasons(services, engine)
    await tell(engine, lead, 40)
    assert await reasons(services, engine) == [None, "throttled", None]
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from executions") == 2


async def test_a_window_is_for_one_trigger_and_one_record(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(), updated(id="other", **{"from": "blank"}), throttle="15m")
    second = await engine.lead("Grace Hopper")
    await tell(engine, lead, 0)
    await tell(engine, second, 1)
    assert await reasons(services, engine) == [None] * 4


async def test_what_starts_nothing_begins_no_window(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(to="5", throttle="15m"))
    await tell(engine, lead, 0, 5)
    assert await reasons(services, engine) == ["filtered", None]


async def test_a_trigger_may_be_loud_in_a_quiet_automation(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated(throttle="off"), throttle="15m")
    await tell(engine, lead, 0, 1)
    assert await reasons(services, engine) == [None, None]


# Chains


async def test_an_event_caused_by_an_execution_carries_its_chain(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    root = await engine.start(record=lead, launched=False)
    async with engine.database.connection() as connection:
        now = datetime.now(UTC)
        await change_record(connection, lead, values={"status": "Open"}, now=now, origin=Origin(root, 3))
    assert await reasons(services, engine) == [None]
    execution = await engine.latest("subject")
    assert (execution["root_id"], execution["depth"]) == (root, 4)


async def test_a_chain_that_is_too_deep_starts_nothing_more(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    root = await engine.start(record=lead, launched=False)
    async with engine.database.connection() as connection:
        deep = Origin(root, services.settings.max_chain_depth)
        await change_record(connection, lead, values={"status": "Open"}, now=datetime.now(UTC), origin=deep)
    assert await reasons(services, engine) == ["loop"]


async def test_an_automation_that_starts_itself_by_what_it_changes_ends_after_a_few_times(
    database: Database, temporal_client: Client, settings: Settings
) -> None:
    """Through executions that run; had the chain not been carried, it would go on for ever."""
    engine = Engine(database, temporal_client, settings)
    lead = await engine.lead(seats=0)
    add_one = {"operation": "add", "arguments": [{"field": "seats"}, {"constant": 1}], "into": {"field": "seats"}}
    await engine.save(object="lead", triggers=[updated("seats")], steps=[{"id": "count", "type": "math", **add_one}])
    async with engine.working():
        await engine.edit(lead, seats=1)

        async def ended() -> bool:
            return "loop" in [reason for _, _, reason in await evaluations(engine)]

        await until(ended)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from executions") == settings.max_starts_in_chain


async def test_two_automations_that_start_each_other_are_warned_of_and_end(services: Services, engine: Engine) -> None:
    await engine.lead()
    await engine.save(object="lead", triggers=[updated("status")], steps=[change("a", seats=1)])
    ping = await engine.save(api_name="ping", object="lead", triggers=[updated("seats")], steps=[change("b", status="x")])
    async with engine.database.connection() as connection:
        row = await read_automation(connection, ping.api_name)
        assert row is not None
        assert await find_circle(connection, row["id"]) == ["subject", "ping"]


async def test_too_many_starts_in_a_minute_hold_the_automation_back(services: Services, engine: Engine) -> None:
    slow = replace(services, settings=services.settings.model_copy(update={"max_starts_per_minute": 3}))
    lead = await listening(engine, updated())
    for status in "abcde":
        await engine.edit(lead, status=status)
    assert await reasons(slow, engine) == [None] * 5
    async with engine.database.connection() as connection:
        [switch] = await list_standing_switches(connection)
    assert (switch.key, switch.mode, switch.tripped_by) == ("subject", "hold", "starts_per_minute")


async def test_a_planned_time_may_start_as_many_as_there_are_records(services: Services, engine: Engine) -> None:
    slow = replace(services, settings=services.settings.model_copy(update={"max_starts_per_minute": 3}))
    leads = [await engine.lead(f"Lead {index}") for index in range(5)]
    await engine.save(object="lead", triggers=[{"id": "daily", "type": "schedule", "cron": "0 9 * * *"}], steps=[delay("rest")])
    async with engine.database.connection() as connection:
        row = await read_automation(connection, "subject")
        assert row is not None
        for lead in leads:
            told = {"automation_id": row["id"], "trigger_id": "daily"}
            await insert_event(connection, "schedule", lead, datetime.now(UTC), {}, **told)
    assert await reasons(slow, engine) == [None] * 5
    async with engine.database.connection() as connection:
        assert await list_standing_switches(connection) == []


# Crashes and many workers


async def test_a_crash_in_the_middle_of_a_batch_loses_nothing_and_doubles_nothing(
    services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = await listening(engine, updated())
    for status in "abc":
        await engine.edit(lead, status=status)

    async def dies(*_: Any) -> None:
        raise ConnectionResetError("the worker dies")

    with monkeypatch.context() as patched:
        patched.setattr("activities.relaying.mark_evaluated", dies)
        with pytest.raises(ConnectionResetError):
            await evaluate_events(services)
    assert await evaluations(engine) == []
    assert await reasons(services, engine) == [None] * 3
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from executions") == 3


async def test_an_event_that_cannot_be_evaluated_stands_in_the_way_of_no_other(
    services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = await listening(engine, updated())
    for status in ("first", "broken", "last"):
        await engine.edit(lead, status=status)

    def mismatch(self: Any, event: Any) -> str | None:
        if event.part("new").get("status") == "broken":
            raise RuntimeError("nobody thought of that")
        return None

    monkeypatch.setattr("automations.event_triggers.FieldUpdated.mismatch", mismatch)
    assert await reasons(services, engine) == [None, "error", None]
    assert (await details(engine))[1] == BROKEN


async def test_many_relays_beside_many_changes_start_each_once(services: Services, engine: Engine) -> None:
    leads = [await engine.lead(f"Lead {index}") for index in range(5)]
    await engine.save(object="lead", triggers=[updated()], steps=[delay("rest")])

    async def edits(lead: UUID) -> None:
        for index in range(10):
            await engine.edit(lead, status=f"{index}")

    async def relays() -> None:
        for _ in range(30):
            await evaluate_events(services)

    await asyncio.gather(*map(edits, leads), relays(), relays(), relays())
    assert await reasons(services, engine) == [None] * 50
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "select e.record_id, e.payload from executions x join events e on e.id = x.event_id order by x.id"
        )
    for lead in leads:
        told = [row["payload"]["new"]["status"] for row in rows if row["record_id"] == lead]
        assert told == [f"{index}" for index in range(10)]


async def test_ten_thousand_automations_that_listen_to_other_things_are_not_looked_at(services: Services, engine: Engine) -> None:
    lead = await listening(engine, updated())
    async with engine.database.connection() as connection:
        await connection.execute("""
            insert into automations (id, api_name, object_id, active, activated_at, document)
            select gen_random_uuid(), 'other-' || n, a.object_id, true, now(), a.document
            from automations a, generate_series(1, 10000) n
        """)
        await connection.execute("""
            insert into listeners (automation_id, trigger_id, use, object_id, kind, key, definition, since)
            select id, 't', 'start', object_id, 'field_updated', 'f' || row_number() over (), '{}', now() from automations
            where api_name like 'other-%'
        """)
        await connection.execute("analyze listeners")
        await insert_event(connection, "field_updated", lead, datetime.now(UTC), {"new": {"status": "x"}, "old": {}})
        events = [event for event in await list_new_events(connection, 10) if event["kind"] == "field_updated"]
        found = await find_candidates(connection, events)
    assert [row["api_name"] for _, row in found] == ["subject"]
