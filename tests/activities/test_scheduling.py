"""Schedules in Temporal, and what their firings tell: each planned time once for each record, whoever is down meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.api.workflowservice.v1 import ListScheduleMatchingTimesRequest
from temporalio.client import (
    Client,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    WorkflowExecutionStatus,
)
from temporalio.service import RPCError

from activities import firing
from activities.firing import Firings
from activities.relaying import evaluate_events
from activities.scheduling import CATCH_UP, sync_schedules_once, temporal_id
from activities.services import Services
from activities.settings import Settings
from activities.starting import task_queue
from automations.calendars import BusinessCalendar
from automations.firings import Firing, FiringPage, FiringReport, PlannedTime
from automations.recurrence import Recurrence
from automations.recurrence.plans import AHEAD, clock_changes
from store.automations import read_automation, set_active
from store.business import Business, write_business
from store.database import Database
from store.records import archive_record
from store.schedules import resync_schedules
from tests.builders import Json, change
from tests.engine import Engine, until
from tests.keys import CONVERTER
from workflows.firing import ScheduleFiringWorkflow

SATURDAY, SUNDAY, MONDAY = (datetime(2027, 3, day, 9, tzinfo=UTC) for day in (13, 14, 15))

LONG_AGO = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _patience_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """A server that takes its time is not what these tests are about."""
    monkeypatch.setattr("activities.scheduling.PATIENCE", timedelta(seconds=20))


def planned_for(owner: UUID, planned: datetime) -> PlannedTime:
    return PlannedTime(automation_id=owner, trigger_id="tick", planned=planned, started=planned)


def schedule(id: str = "tick", **more: Any) -> Json:
    """At nine each day, unless the rule says otherwise."""
    rule = {} if "rrule" in more else {"cron": "0 9 * * *"}
    return {"id": id, "type": "schedule", **rule, **more}


@pytest.fixture
async def services(services: Services, temporal_client: Client, settings: Settings) -> AsyncIterator[Services]:
    """What is in Temporal after the test goes."""
    yield services
    async for found in await temporal_client.list_schedules():
        if found.id.startswith(f"{settings.queue_prefix}/"):
            await temporal_client.get_schedule_handle(found.id).delete()


@pytest.fixture
def engine(services: Services) -> Engine:
    """Tells Temporal of schedules by the hand of the test."""
    return Engine(services.database, services.temporal, services.settings)


def handle(services: Services, trigger: str = "tick") -> ScheduleHandle:
    return services.temporal.get_schedule_handle(temporal_id(services.settings, f"subject/{trigger}"))


async def described(services: Services, trigger: str = "tick") -> ScheduleDescription:
    return await handle(services, trigger).describe()


async def fetch(database: Database, sql: str, *values: Any) -> list[Any]:
    async with database.connection() as connection:
        return await connection.fetch(sql, *values)


async def row_of(services: Services, trigger: str = "tick") -> Any:
    [row] = await fetch(services.database, "select * from schedules where trigger_id = $1", trigger)
    return row


async def due(services: Services) -> None:
    """As if it were time to look at all schedules again."""
    await fetch(services.database, "update schedules set sync_at = now()")


async def events(services: Services) -> list[Any]:
    return await fetch(services.database, "select * from events where kind = 'schedule' order by number")


async def activate(services: Services, active: bool) -> None:
    async with services.database.transaction() as connection:
        await set_active(connection, "subject", active)


async def automation_id(services: Services) -> UUID:
    async with services.database.connection() as connection:
        row = await read_automation(connection, "subject")
    assert row is not None
    return row["id"]


async def is_listed(services: Services, schedule_id: str) -> bool:
    """Temporal's lists run behind what they list."""
    listed = await services.temporal.list_schedules()
    return temporal_id(services.settings, schedule_id) in [found.id async for found in listed]


# What Temporal is told.


async def test_a_saved_schedule_is_in_temporal_and_says_what_it_is(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(cron="30 9 * * mon-fri", timezone="Europe/Berlin")])
    assert await sync_schedules_once(services) == 1
    await until(lambda: is_listed(services, "subject/tick"))
    found = await described(services)
    spec, state, policy = found.schedule.spec, found.schedule.state, found.schedule.policy
    assert spec.time_zone_name == "Europe/Berlin"
    assert [(range.start, range.end) for range in spec.calendars[0].day_of_week] == [(1, 5)]
    assert (state.paused, state.note) == (False, "Subject · cron 30 9 * * mon-fri (Europe/Berlin) · Europe/Berlin")
    assert (policy.overlap, policy.catchup_window) == (ScheduleOverlapPolicy.ALLOW_ALL, CATCH_UP)
    assert await found.memo() == {"automation": "subject", "trigger": "tick"}
    assert isinstance(found.schedule.action, ScheduleActionStartWorkflow)
    assert found.schedule.action.workflow == "ScheduleFiring"
    assert await sync_schedules_once(services) == 0


async def test_a_save_that_changes_nothing_of_it_tells_temporal_nothing(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule()])
    await sync_schedules_once(services)
    await engine.save(triggers=[schedule()], steps=[{"id": "wait", "type": "delay", "days": 1}])
    assert await sync_schedules_once(services) == 0
    assert (await row_of(services))["revision"] == 1


async def test_a_changed_schedule_is_changed_and_one_that_is_gone_is_deleted(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(), schedule("other", cron="0 1 * * *")])
    assert await sync_schedules_once(services) == 2
    await engine.save(triggers=[schedule(cron="15 10 * * *")])
    assert await sync_schedules_once(services) == 2
    calendar = (await described(services)).schedule.spec.calendars[0]
    assert (calendar.hour[0].start, calendar.minute[0].start) == (10, 15)
    with pytest.raises(RPCError, match="not found"):
        await described(services, "other")
    assert len(await fetch(services.database, "select from schedules")) == 1


async def test_a_trigger_that_comes_back_before_temporal_forgot_it_is_kept(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule()])
    await sync_schedules_once(services)
    await engine.save(triggers=[])
    await engine.save(triggers=[schedule()])
    assert await sync_schedules_once(services) == 1
    assert not (await described(services)).schedule.state.paused


async def test_an_inactive_automation_pauses_its_schedules_and_says_why(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(), schedule("skipped", cron="0 1 * * *", skip=True)])
    await activate(services, False)
    await sync_schedules_once(services)
    state = (await described(services)).schedule.state
    assert state.paused
    assert state.note
    assert state.note.startswith("Paused, as the automation is not active: Subject")
    assert (await described(services, "skipped")).schedule.state.note.startswith("Paused, as the trigger is skipped")  # pyright: ignore[reportOptionalMemberAccess]
    await activate(services, True)
    await sync_schedules_once(services)
    assert not (await described(services)).schedule.state.paused
    assert (await described(services, "skipped")).schedule.state.paused


async def test_a_rule_without_a_start_counts_from_when_it_was_saved_or_activated(services: Services, engine: Engine) -> None:
    async def since() -> str:
        return (await row_of(services))["definition"]["since"]

    biweekly = schedule(rrule="FREQ=WEEKLY;INTERVAL=2")
    await engine.save(triggers=[biweekly])
    first = await since()
    await engine.save(triggers=[{**biweekly, "description": "Every other week"}])
    assert await since() == first
    await activate(services, False)
    assert await since() == first
    await activate(services, True)
    assert await since() > first
    again = await since()
    await engine.save(triggers=[schedule(rrule="FREQ=WEEKLY;INTERVAL=3")])
    assert await since() > again


async def test_a_schedule_that_temporal_lost_is_made_again(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule()])
    await sync_schedules_once(services)
    await handle(services).delete()
    await due(services)
    assert await sync_schedules_once(services) == 1
    assert not (await described(services)).schedule.state.paused


async def test_who_pauses_a_schedule_in_temporal_keeps_it_so_until_it_is_saved(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(rrule="FREQ=WEEKLY;INTERVAL=2")])
    await sync_schedules_once(services)
    await handle(services).pause(note="by hand")
    await fetch(services.database, "update schedules set sync_at = now(), refresh_at = now()")
    assert await sync_schedules_once(services) == 1
    state = (await described(services)).schedule.state
    assert (state.paused, state.note) == (True, "by hand")
    await engine.save(triggers=[schedule(rrule="FREQ=WEEKLY;INTERVAL=3")])
    assert await sync_schedules_once(services) == 1
    assert not (await described(services)).schedule.state.paused


async def test_what_no_calendar_says_is_told_again_before_it_runs_out(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(rrule="FREQ=MINUTELY;INTERVAL=7")])
    await sync_schedules_once(services)
    before, row = (await described(services)).schedule.spec, await row_of(services)
    assert row["refresh_at"] > datetime.now(UTC)
    await fetch(services.database, "update schedules set sync_at = now(), refresh_at = now()")

    async def refreshed() -> bool:
        """Not in the seconds around one of its times: an update would make Temporal forget that."""
        await due(services)
        return await sync_schedules_once(services) == 1

    await until(refreshed)
    assert (await row_of(services))["refresh_at"] > datetime.now(UTC)
    assert sum(len(calendar.minute) for calendar in before.calendars) >= 100


async def test_the_business_moves_and_its_schedules_with_it(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(), schedule("own", cron="0 1 * * *", timezone="Asia/Tokyo")])
    await sync_schedules_once(services)
    async with services.database.transaction() as connection:
        await write_business(connection, Business(name="Us", timezone="Europe/Vienna", locale="de"))
        await resync_schedules(connection, datetime.now(UTC))
    assert await sync_schedules_once(services) == 1
    assert (await described(services)).schedule.spec.time_zone_name == "Europe/Vienna"
    assert (await described(services, "own")).schedule.spec.time_zone_name == "Asia/Tokyo"


async def test_a_schedule_that_cannot_be_told_stands_in_no_others_way(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule("newer"), schedule(cron="0 1 * * *")])
    sql = "update schedules set definition = jsonb_set(definition, '{trigger,type}', '\"sunrise\"') where trigger_id = 'newer'"
    await fetch(services.database, sql)
    assert await sync_schedules_once(services) == 1
    assert "sunrise" in (await row_of(services, "newer"))["problem"]
    assert (await described(services)).schedule.spec.calendars
    assert await sync_schedules_once(services) == 0


async def test_while_temporal_is_away_nothing_is_lost(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule()])
    away = await Client.connect("127.0.0.1:1", lazy=True, data_converter=CONVERTER)
    alone = Services(services.settings, services.database, away, services.http, services.definitions)
    assert await sync_schedules_once(alone) == 0
    assert (await row_of(services))["problem"]
    await due(services)
    assert await sync_schedules_once(services) == 1
    row = await row_of(services)
    assert (row["problem"], row["synced_revision"]) == (None, row["revision"])


async def test_several_workers_tell_temporal_of_each_schedule_once(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(f"t{number}", cron=f"{number} 9 * * *") for number in range(30)])
    assert sum(await asyncio.gather(*(sync_schedules_once(services) for _ in range(4)))) == 30
    assert await sync_schedules_once(services) == 0


RULES = ["30 2 * * *", "0 1-4 * * *", "*/20 * * * *", "*/20 * * * sun", "15 1,2 * * *", "45 1 * * sun", "0 3 * * *", "30 0 * * *"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata"])
async def test_temporal_fires_when_it_is_planned_also_around_clock_changes(services: Services, engine: Engine, zone: str) -> None:
    """But for what a firing finds to be none of its times."""
    triggers = [schedule(f"t{number}", cron=rule, timezone=zone) for number, rule in enumerate(RULES)]
    await engine.save(triggers=triggers)
    await sync_schedules_once(services)
    now, day, odd = datetime.now(UTC).replace(microsecond=0), timedelta(days=1), timedelta(seconds=7)
    changes = list(clock_changes(ZoneInfo(zone), now, now + AHEAD)) or [now + 2 * day]
    for number, rule in enumerate(RULES):
        recurrence = Recurrence.of_cron(rule, ZoneInfo(zone))
        for set_at in changes:
            begin, end = set_at - day + odd, set_at + 2 * day + odd
            fired = await matching(services, f"t{number}", begin, end)
            planned = takewhile(lambda moment, end=end: moment <= end, recurrence.moments(begin))
            assert [time for time in fired if not recurrence.is_stray(time)] == list(planned), rule


async def matching(services: Services, trigger: str, begin: datetime, end: datetime) -> list[datetime]:
    """When Temporal would fire, as it says itself."""
    request = ListScheduleMatchingTimesRequest(namespace=services.temporal.namespace, schedule_id=handle(services, trigger).id)
    request.start_time.FromDatetime(begin)
    request.end_time.FromDatetime(end)
    answer = await services.temporal.workflow_service.list_schedule_matching_times(request)
    return [time.ToDatetime().replace(tzinfo=UTC) for time in answer.start_time]


# What a firing does.


async def test_a_firing_starts_the_automation_on_each_record_that_fits(services: Services, engine: Engine) -> None:
    leads = [await engine.lead(f"Lead {seats}", seats=seats) for seats in (10, 60, 70)]
    only = {"field": "seats", "op": ">=", "value": 50}
    await engine.save(object="lead", triggers=[schedule(filter=only)], steps=[change("seen", status="seen")])
    await sync_schedules_once(services)
    async with engine.working():
        await handle(services).trigger()

        async def statuses() -> bool:
            return [(await engine.record(lead))["field_values"].get("status") for lead in leads] == [None, "seen", "seen"]

        await until(statuses)
    told = await events(services)
    assert [event["record_id"] for event in told] == leads[1:]
    assert {event["trigger_id"] for event in told} == {"tick"}


async def test_a_firing_starts_a_global_automation_once(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule()], steps=[{"id": "wait", "type": "delay", "days": 1}])
    await sync_schedules_once(services)
    async with engine.working():
        await handle(services).trigger()
        execution = await engine.latest("subject")
        await engine.in_state(execution["id"], "paused", reason="delay")
    [event] = await events(services)
    assert event["record_id"] is None
    assert list(event["payload"]) == ["planned"]
    assert datetime.fromisoformat(event["payload"]["planned"]) <= event["event_at"]


async def test_a_schedule_of_every_minute_fires_five_times_after_five_minutes_without_a_worker(
    services: Services, engine: Engine
) -> None:
    """Temporal starts the firings at their times; they wait in the queue for a worker."""
    await engine.save(triggers=[schedule(cron="* * * * *")])
    await sync_schedules_once(services)
    await handle(services).pause()
    end = datetime.now(UTC).replace(second=30, microsecond=0) - timedelta(minutes=1)
    await handle(services).backfill(ScheduleBackfill(start_at=end - timedelta(minutes=5), end_at=end))

    async def started() -> bool:
        return (await described(services)).info.num_actions == 5

    await until(started)
    assert await events(services) == []
    async with engine.working(relaying=False):
        told = await until(lambda: _at_least(services, 5))
    first = end.replace(second=0) - timedelta(minutes=4)
    wanted = [first + timedelta(minutes=number) for number in range(5)]
    assert sorted(event["event_at"] for event in told) == wanted
    assert sorted(event["payload"]["planned"] for event in told) == [time.isoformat() for time in wanted]


async def _at_least(services: Services, count: int) -> list[Any] | None:
    found = await events(services)
    return found if len(found) >= count else None


async def test_a_planned_time_that_comes_twice_counts_once(services: Services, engine: Engine) -> None:
    await engine.save(triggers=[schedule(cron="* * * * *")])
    await sync_schedules_once(services)
    await handle(services).pause()
    end = datetime.now(UTC).replace(second=30, microsecond=0) - timedelta(minutes=1)
    window = ScheduleBackfill(start_at=end - timedelta(minutes=2), end_at=end)
    async with engine.working(relaying=False):
        await handle(services).backfill(window)
        await until(lambda: _at_least(services, 2))
        await fetch(services.database, "update events set payload = '{}'")
        await services.temporal.start_workflow(
            ScheduleFiringWorkflow.run,
            Firing(automation_id=await automation_id(services), trigger_id="tick", planned=end.replace(second=0)),
            id=f"{services.settings.queue_prefix}-again",
            task_queue=task_queue(services.settings, "regular"),
        )
        report = await services.temporal.get_workflow_handle_for(
            ScheduleFiringWorkflow.run, f"{services.settings.queue_prefix}-again"
        ).result()
    assert report == FiringReport(told=1)
    assert [event["payload"] for event in await events(services)] == [{}, {}]


async def test_many_records_are_told_page_by_page(services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """More pages than one run of the workflow takes; archived records are none of them."""
    monkeypatch.setattr(firing, "PAGE", 50)
    gone = await engine.lead("Gone")
    async with services.database.transaction() as connection:
        await archive_record(connection, gone, now=datetime.now(UTC))
        await connection.execute(
            "insert into records (id, object_id, name) select gen_random_uuid(), object_id, 'Lead ' || n"
            " from records, generate_series(1, 410) n where id = $1", gone,
        )  # fmt: skip
    await engine.save(object="lead", triggers=[schedule()])
    firing_id = f"{services.settings.queue_prefix}-many"
    async with engine.working(relaying=False):
        running = await services.temporal.start_workflow(
            ScheduleFiringWorkflow.run,
            Firing(automation_id=await automation_id(services), trigger_id="tick", planned=LONG_AGO, pages_per_run=4),
            id=firing_id,
            task_queue=task_queue(services.settings, "regular"),
        )
        assert await running.result() == FiringReport(told=410)
    told = await events(services)
    assert len({event["record_id"] for event in told}) == len(told) == 410
    assert {(event["event_at"], event["payload"]["planned"]) for event in told} == {(LONG_AGO, LONG_AGO.isoformat())}
    first = await services.temporal.get_workflow_handle(firing_id, run_id=running.first_execution_run_id).describe()
    assert first.status == WorkflowExecutionStatus.CONTINUED_AS_NEW


async def test_times_that_the_calendar_moves_to_one_moment_are_one(services: Services, engine: Engine) -> None:
    await engine.save(calendar={"skip_non_working_days": True}, triggers=[schedule()])
    firings, owner = Firings(services), await automation_id(services)
    plans = [await firings.plan_firing(planned_for(owner, planned)) for planned in (SATURDAY, SUNDAY, MONDAY)]
    assert [plan.due_at for plan in plans] == [MONDAY] * 3
    assert plans[0].why.startswith("moved from Sat 13 Mar (Saturday) to Mon 15 Mar")
    for planned in (SUNDAY, SATURDAY, MONDAY):
        await firings.fire_page(FiringPage(automation_id=owner, trigger_id="tick", planned=planned, due_at=MONDAY))
    [event] = await events(services)
    assert (event["event_at"], event["payload"]) == (MONDAY, {"planned": SUNDAY.isoformat()})


async def test_a_trigger_may_say_otherwise_than_its_automation(services: Services, engine: Engine) -> None:
    await engine.save(calendar={"skip_non_working_days": True}, triggers=[schedule(skip_non_working_days=False)])
    asked = planned_for(await automation_id(services), SATURDAY)
    assert (await Firings(services).plan_firing(asked)).due_at == SATURDAY
    await engine.save(triggers=[schedule(cron="0 22 * * *", skip_non_working_days=True, timezone="America/New_York")])
    late = asked.model_copy(update={"planned": datetime(2027, 3, 13, 3, tzinfo=UTC)})
    assert (await Firings(services).plan_firing(late)).due_at == late.planned


async def test_without_any_working_day_it_does_not_fire_and_says_so(services: Services, engine: Engine) -> None:
    every_day = [{"date": (SATURDAY + timedelta(days=day)).date()} for day in range(999)]
    calendar = BusinessCalendar.model_validate({"days_off": every_day})
    async with services.database.transaction() as connection:
        await write_business(connection, Business(name="Us", timezone="UTC", locale="en", calendar=calendar))
    await engine.save(triggers=[schedule(skip_non_working_days=True)])
    asked = planned_for(await automation_id(services), SATURDAY)
    plan = await Firings(services).plan_firing(asked)
    assert plan.due_at is None
    assert "business calendar" in plan.why


@pytest.mark.parametrize(("document", "why"), [({"triggers": []}, "the trigger is gone"), ({"active": False}, "is paused")])
async def test_a_firing_that_comes_too_late_tells_nobody(services: Services, engine: Engine, document: Json, why: str) -> None:
    await engine.save(triggers=[schedule()])
    await engine.save(**{"triggers": [schedule()], **document})
    owner = await automation_id(services)
    plan = await Firings(services).plan_firing(planned_for(owner, MONDAY))
    assert plan.due_at is None
    assert why in plan.why
    page = FiringPage(automation_id=owner, trigger_id="tick", planned=MONDAY, due_at=MONDAY)
    assert (await Firings(services).fire_page(page)).told == 0
    assert await events(services) == []


@pytest.mark.parametrize(("more", "told"), [({}, 1), ({"skip": True}, 0)])
async def test_a_time_that_came_while_it_was_active_is_told_of_though_it_is_switched_off_by_now(
    services: Services, engine: Engine, more: Json, told: int
) -> None:
    daily = {**schedule(cron="0 9 * * *", timezone="UTC"), **more}
    await engine.save(triggers=[daily])
    owner, came = await automation_id(services), datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    came -= timedelta(days=1)
    async with services.database.transaction() as connection:
        await connection.execute("update automations set activated_at = $1", came)
        await connection.execute("update listeners set since = $1", came)
        await set_active(connection, "subject", False)
    for planned, is_told in ((came, told), (came - timedelta(days=1), 0)):
        plan = await Firings(services).plan_firing(planned_for(owner, planned))
        assert plan.due_at == (planned if is_told else None)
        page = FiringPage(automation_id=owner, trigger_id="tick", planned=planned, due_at=planned)
        assert (await Firings(services).fire_page(page)).told == is_told
    assert await evaluate_events(services) == told
    async with services.database.connection() as connection:
        outcomes = await connection.fetch("select outcome from evaluations")
    assert [row["outcome"] for row in outcomes] == ["started"] * told


async def test_a_moved_firing_waits_and_looks_again_when_it_wakes(skipping_engine: Engine) -> None:
    """What was planned for Saturday fires on Monday; not if its trigger is gone by then, or plans other times."""
    moved = [
        schedule(id, cron=f"{minute} 9 * * *", skip_non_working_days=True) for minute, id in enumerate(("tick", "gone", "new"))
    ]
    await skipping_engine.save(triggers=moved)
    services, client = skipping_engine.services, skipping_engine.client
    now = datetime.now(UTC)
    saturday = (now + timedelta(days=(5 - now.weekday()) % 7 + 7)).replace(hour=9, minute=0, second=0, microsecond=0)
    owner = await automation_id(services)
    running = [
        await client.start_workflow(
            ScheduleFiringWorkflow.run,
            Firing(automation_id=owner, trigger_id=trigger, planned=saturday + timedelta(minutes=minute)),
            id=f"firing-{trigger}",
            task_queue=task_queue(services.settings, "regular"),
        )
        for minute, trigger in enumerate(("tick", "gone", "new"))
    ]
    for each in running:
        await until(lambda each=each: _has_timer(each))
    assert await events(services) == []
    await skipping_engine.save(triggers=[moved[0], {**moved[2], "cron": "0 7 * * *"}])
    leap = SleepRequest()
    leap.duration.FromTimedelta(saturday + timedelta(days=2, minutes=9) - now)
    await client.test_service.unlock_time_skipping_with_sleep(leap)
    reports = [await each.result() for each in running]
    assert [report.why for report in reports] == ["", "the trigger is gone", "it is not planned any more"]
    assert [report.told for report in reports] == [1, 0, 0]
    [event] = await events(services)
    assert (event["event_at"], event["trigger_id"]) == (saturday + timedelta(days=2), "tick")


async def _has_timer(running: Any) -> bool:
    history = await running.fetch_history()
    return any(event.HasField("timer_started_event_attributes") for event in history.events)
