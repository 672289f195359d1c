"""A goal that waits for dates: met when one comes, by the record as it is then, and by the workflow's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2
import pytest
from temporalio.testing import WorkflowEnvironment

from activities.relaying import evaluate_events, signal_met_goals
from automations.calendars import BusinessCalendar
from store.business import Business, write_business
from store.crm_activities import change_activity, complete_activity, schedule_activity
from store.events import insert_event
from tests.builders import Json, branch, change, goal
from tests.engine import Engine, until
from tests.steps.showing import also_shows
from tests.workflows.history import history_of
from tests.workflows.skipping import jumping, over_the_waits

YES, NO, AFTER = change("yes", seats=1), change("no", seats=2), change("after", country="DE")
MET = [("booked", "completed"), ("yes", "completed"), ("after", "completed")]
NOT_MET = [("booked", "completed"), ("no", "completed"), ("after", "completed")]


def day(days: int) -> str:
    """So many days from today (UTC)."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def midnight(days: int) -> datetime:
    return datetime.fromisoformat(f"{day(days)}T00:00:00+00:00")


def due(**more: Any) -> Json:
    return {"type": "on_or_around_date", "field": "due", **more}


def dated(*triggers: Json, **more: Any) -> Json:
    return goal("booked", *(triggers or [due()]), met=[YES], not_met=[NO], **more)


async def reached(engine: Engine, step: Json, values: Json | None = None, **document: Any) -> tuple[UUID, UUID]:
    """A record, and an execution on it that has come to the goal."""
    lead = await engine.lead(**{"seats": 0, **(values or {})})
    await engine.save(object="lead", steps=[step, AFTER], **document)
    return lead, await engine.start(record=lead)


async def waiting(engine: Engine, step: Json, values: Json | None = None, **document: Any) -> tuple[UUID, UUID]:
    lead, execution = await reached(engine, step, values, **document)
    await engine.in_state(execution, "paused", reason="goal")
    return lead, execution


async def output(engine: Engine, execution: UUID) -> Json:
    return (await engine.steps(execution))[0]["output"]


async def waits_until(engine: Engine, execution: UUID, moment: datetime | None) -> None:
    async def found() -> bool:
        row = await engine.execution(execution)
        return row["waiting_until"] == moment and row["pause_reason"] == "goal"

    await until(found, says=f"it waits until {moment}")


async def signals(engine: Engine, execution: UUID) -> int:
    return (await history_of(engine, execution)).kinds["WORKFLOW_EXECUTION_SIGNALED"]


async def all_evaluated(engine: Engine) -> bool:
    async with engine.database.connection() as connection:
        return await connection.fetchval("select not exists (select from events where evaluated_at is null)")


async def waits(engine: Engine) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from goal_waits order by execution_id, sequence")


async def test_it_is_met_when_the_date_comes_and_the_history_says_which(
    skipping_engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    _, execution = await waiting(engine, dated(due(days=3, when="before", at="09:00")), {"due": day(10)})
    moment = midnight(7) + timedelta(hours=9)
    assert (await engine.execution(execution))["waiting_until"] == moment
    told = await output(engine, execution)
    assert told["moments"] == [{"trigger": "3 days before due at 09:00", "at": moment.isoformat()}]
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET
    assert await time_skipping.get_current_time() >= moment
    met_by = (await output(engine, execution))["met_by"]
    assert (met_by["kind"], met_by["field"], met_by["value"]) == ("date_reached", "due", day(10))
    assert met_by["trigger"]["when"] == "before"
    assert met_by["event_at"] == moment.isoformat()
    assert datetime.fromisoformat(met_by["evaluated_at"]) >= moment
    assert await waits(engine) == []


async def test_its_time_is_up_before_the_date_comes(skipping_engine: Engine) -> None:
    engine = skipping_engine
    _, execution = await waiting(engine, dated(timeout={"days": 2}), {"due": day(10)})
    told = await output(engine, execution)
    assert told["until"] == told["timeout"]
    assert told["moments"][0]["at"] == midnight(10).isoformat()
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == NOT_MET


async def test_the_date_comes_before_its_time_is_up(skipping_engine: Engine) -> None:
    engine = skipping_engine
    _, execution = await waiting(engine, dated(timeout={"days": 20}), {"due": day(10)})
    assert (await engine.execution(execution))["waiting_until"] == midnight(10)
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET


@pytest.mark.parametrize(("past", "visits"), [("met", MET), ("not_met", NOT_MET)])
async def test_a_date_that_is_past_leads_where_the_trigger_says(engine: Engine, past: str, visits: Any) -> None:
    _, execution = await reached(engine, dated(due(past=past)), {"due": "2021-05-01"})
    await engine.ended(execution)
    assert await engine.visits(execution) == visits
    said = (await output(engine, execution))["met_by" if past == "met" else "passed"]
    assert (said["kind"], said["event_at"]) == ("date_reached", "2021-05-01T00:00:00+00:00")
    assert await waits(engine) == []


@pytest.mark.parametrize("more", [{}, {"past": "wait"}])
async def test_a_date_that_is_past_is_no_reason_to_go_on(skipping_engine: Engine, more: Json) -> None:
    _, execution = await waiting(skipping_engine, dated(due(**more), timeout={"days": 3}), {"due": "2021-05-01"})
    assert (await output(skipping_engine, execution))["moments"] == []
    await over_the_waits(skipping_engine, execution)
    assert await skipping_engine.visits(execution) == NOT_MET


async def test_of_every_year_the_next_one_counts(skipping_engine: Engine) -> None:
    engine = skipping_engine
    _, execution = await waiting(engine, dated(due(every_year=True, past="met")), {"due": f"2001{day(40)[4:]}"})
    assert (await engine.execution(execution))["waiting_until"] == midnight(40)
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET


async def test_a_date_that_is_moved_earlier_wakes_it_then(skipping_engine: Engine) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated(timeout={"days": 30}), {"due": day(20)})
    await engine.edit(lead, due=day(5))
    await waits_until(engine, execution, midnight(5))
    assert (await output(engine, execution))["moments"][0]["at"] == midnight(5).isoformat()
    assert await engine.visits(execution) == [("booked", "waiting")]
    assert await signals(engine, execution) == 1
    row = (await waits(engine))[0]
    assert (row["wakes_at"], row["nudged"], row["signal_at"]) == (midnight(5), False, None)
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET
    assert (await output(engine, execution))["met_by"]["event_at"] == midnight(5).isoformat()


async def test_a_date_that_is_moved_later_is_waited_for_without_a_signal(
    skipping_engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated(), {"due": day(3)})
    await engine.edit(lead, due=day(30))
    await until(lambda: all_evaluated(engine))
    assert (await waits(engine))[0]["nudged"] is False
    assert await signals(engine, execution) == 0
    await time_skipping.sleep(timedelta(days=5))
    await waits_until(engine, execution, midnight(30))
    assert await signals(engine, execution) == 0
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET
    assert await time_skipping.get_current_time() >= midnight(30)


async def test_a_date_that_is_cleared_comes_no_more(skipping_engine: Engine, time_skipping: WorkflowEnvironment) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated(), {"due": day(3)})
    await engine.edit(lead, due=None)
    await time_skipping.sleep(timedelta(days=5))
    await waits_until(engine, execution, None)
    assert await output(engine, execution) == {"until": None, "moved": None, "timeout": None, "moments": []}
    await engine.edit(lead, due=day(9))
    await waits_until(engine, execution, midnight(9))
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET


async def test_a_blank_date_is_waited_for_once_it_is_set(skipping_engine: Engine) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated())
    assert (await engine.execution(execution))["waiting_until"] is None
    await engine.edit(lead, due=day(4))
    await waits_until(engine, execution, midnight(4))
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET


async def test_a_date_that_is_moved_into_the_time_it_has_waited_has_come(
    skipping_engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated(), {"due": day(30)})
    await time_skipping.sleep(timedelta(days=10))
    await engine.edit(lead, due=day(5))
    await engine.ended(execution)
    assert await engine.visits(execution) == MET


@pytest.mark.parametrize(("past", "visits"), [("met", MET), ("not_met", NOT_MET)])
async def test_a_date_that_is_moved_to_before_the_goal_is_past(engine: Engine, past: str, visits: Any) -> None:
    lead, execution = await waiting(engine, dated(due(past=past)), {"due": day(30)})
    await engine.edit(lead, due="2021-05-01")
    await engine.ended(execution)
    assert await engine.visits(execution) == visits


@also_shows("goal", "triggers")
async def test_an_event_meets_it_before_any_date(engine: Engine) -> None:
    booked = {"type": "field_updated", "field": "status", "to": "Booked"}
    lead, execution = await waiting(engine, dated(due(), booked), {"due": day(30)})
    await engine.edit(lead, status="Booked")
    row = await engine.ended(execution)
    assert row["waiting_until"] is None
    assert await engine.visits(execution) == MET
    assert (await output(engine, execution))["met_by"]["kind"] == "field_updated"


async def test_the_filter_is_asked_when_the_date_comes(skipping_engine: Engine, time_skipping: WorkflowEnvironment) -> None:
    engine = skipping_engine
    only = {"field": "country", "op": "=", "value": "DE"}
    lead, execution = await waiting(engine, dated(due(filter=only), timeout={"days": 30}), {"due": day(3), "country": "AT"})
    await time_skipping.sleep(timedelta(days=5))
    await waits_until(engine, execution, datetime.fromisoformat((await output(engine, execution))["timeout"]))
    await engine.edit(lead, country="DE")
    await until(lambda: all_evaluated(engine))
    assert await engine.visits(execution) == [("booked", "waiting")]
    await engine.edit(lead, due=day(9))
    await waits_until(engine, execution, midnight(9))
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET


async def test_a_day_that_is_not_worked_moves_the_date(skipping_engine: Engine) -> None:
    engine = skipping_engine
    off = BusinessCalendar.model_validate(
        {"working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "days_off": [{"date": day(6), "name": "Fair"}]}
    )
    async with engine.database.transaction() as connection:
        await write_business(connection, Business(name="Acme", timezone="UTC", locale="de", calendar=off))
    own = {"calendar": {"skip_non_working_days": True}}
    _, execution = await waiting(engine, dated(due(at="09:00")), {"due": day(6)}, **own)
    assert (await engine.execution(execution))["waiting_until"] == midnight(7) + timedelta(hours=9)
    told = await output(engine, execution)
    assert told["moved"]["passed"] == [{"date": day(6), "why": "Fair"}]
    assert "(Fair)" in (await engine.execution(execution))["reason"]
    await over_the_waits(engine, execution)
    assert (await output(engine, execution))["met_by"]["moved"]["passed"] == [{"date": day(6), "why": "Fair"}]


async def test_days_count_in_the_business_s_timezone_and_follow_it(skipping_engine: Engine, api: httpx2.AsyncClient) -> None:
    engine = skipping_engine
    _, execution = await waiting(engine, dated(due(at="09:00")), {"due": day(20)})
    assert (await engine.execution(execution))["waiting_until"] == midnight(20) + timedelta(hours=9)
    answer = await api.put("/business", json={"name": "Acme", "timezone": "Asia/Tokyo", "locale": "de"})
    assert answer.status_code == 200
    local = datetime.fromisoformat(f"{day(20)}T09:00:00").replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    await waits_until(engine, execution, local)


async def call(engine: Engine, lead: UUID, days: int, type: str = "call") -> UUID:
    async with engine.database.connection() as connection:
        moment = midnight(days) + timedelta(hours=10)
        row = await schedule_activity(connection, lead, type=type, due_at=moment, now=datetime.now(UTC))
    assert row is not None
    return row["id"]


async def test_a_crm_activity_that_is_not_done_in_time_meets_it(skipping_engine: Engine) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated({"type": "activity_overdue", "activity_type": "call"}))
    await call(engine, lead, 3, "meeting")
    first, second = await call(engine, lead, 5), await call(engine, lead, 4)
    await waits_until(engine, execution, midnight(4) + timedelta(hours=10))
    async with engine.database.connection() as connection:
        await complete_activity(connection, second, now=datetime.now(UTC))
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET
    met_by = (await output(engine, execution))["met_by"]
    assert (met_by["kind"], met_by["activity"]["id"]) == ("activity_overdue", str(first))
    assert met_by["event_at"] == (midnight(5) + timedelta(hours=10)).isoformat()


async def test_crm_activities_that_are_there_already_count_from_the_goal_on(
    skipping_engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    lead = await engine.lead(seats=0)
    await call(engine, lead, -2)
    ahead = await call(engine, lead, 4)
    await engine.save(object="lead", steps=[dated({"type": "activity_overdue"}), AFTER])
    execution = await engine.start(record=lead)
    await waits_until(engine, execution, midnight(4) + timedelta(hours=10))
    async with engine.database.connection() as connection:
        await change_activity(connection, ahead, due_at=midnight(6), now=datetime.now(UTC))
    await time_skipping.sleep(timedelta(days=5))
    await waits_until(engine, execution, midnight(6))
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET


async def test_under_a_pause_the_moved_date_is_looked_at_when_it_is_resumed(skipping_engine: Engine) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated(), {"due": day(20)})
    await engine.order(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    for days in (15, 10, 5):
        await engine.edit(lead, due=day(days))
    await until(lambda: _signalled(engine, execution, 2))
    await until(lambda: all_evaluated(engine))
    assert [row["nudged"] for row in await waits(engine)] == [True]
    await engine.order(execution, "resume")
    await waits_until(engine, execution, midnight(5))
    assert await signals(engine, execution) == 3
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == MET


async def _signalled(engine: Engine, execution: UUID, count: int) -> bool:
    return await signals(engine, execution) == count


async def test_a_date_that_comes_under_a_pause_counts_at_the_resume(
    skipping_engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    _, execution = await waiting(engine, dated(), {"due": day(3)})
    await engine.order(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await time_skipping.sleep(timedelta(days=5))
    assert await engine.visits(execution) == [("booked", "waiting")]
    await engine.order(execution, "resume")
    await engine.ended(execution)
    assert await engine.visits(execution) == MET


async def test_two_goals_in_lanes_wait_each_for_its_own_date(skipping_engine: Engine) -> None:
    engine = skipping_engine
    one = goal("one", due(days=2, when="before"), met=[YES])
    two = goal("two", due(days=2, when="after"), met=[change("late", budget=3)])
    lead, execution = await waiting(engine, branch("fork", [one], [two]), {"due": day(20)})
    await engine.edit(lead, due=day(10))
    await until(lambda: _lanes_wait_until(engine, execution, {"fork:1": day(8), "fork:2": day(12)}))
    assert (await engine.execution(execution))["waiting_until"] == midnight(8)
    await over_the_waits(engine, execution)
    order = [row["step_id"] for row in await engine.steps(execution)]
    assert order.index("yes") < order.index("late") < order.index("after")


async def _lanes_wait_until(engine: Engine, execution: UUID, days: dict[str, str]) -> bool:
    lanes = (await engine.execution(execution))["lanes"]
    return {lane: stands.get("waiting_until", "")[:10] for lane, stands in lanes.items() if lane} == days


async def test_a_goal_that_was_deleted_while_it_waits_looks_at_its_dates_as_before(
    skipping_engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated(), {"due": day(3)})
    await engine.save(object="lead", steps=[AFTER])
    await engine.edit(lead, due=day(10))
    await time_skipping.sleep(timedelta(days=4))
    await waits_until(engine, execution, midnight(10))
    await engine.edit(lead, due=day(6))
    await waits_until(engine, execution, midnight(6))
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == [("booked", "completed"), ("after", "completed")]


async def test_a_goal_that_is_looked_at_often_continues_as_new(engine: Engine) -> None:
    lead = await engine.lead(seats=0, due=day(300))
    await engine.save(object="lead", steps=[dated(), AFTER])
    short = Engine(engine.database, engine.client, engine.settings.model_copy(update={"steps_per_run": 1}))
    execution = await short.start(record=lead)
    await engine.in_state(execution, "paused", reason="goal")
    for days in (200, 100, 50):
        await engine.edit(lead, due=day(days))
        await waits_until(engine, execution, midnight(days))
    description = await (await engine.handle(execution)).describe()
    assert description.raw_description.workflow_execution_info.first_run_id != description.run_id
    await engine.edit(lead, due="2021-01-01")
    assert await engine.visits(execution) == [("booked", "waiting")]


async def test_a_date_that_moves_while_the_goal_is_written_down_is_not_missed(engine: Engine) -> None:
    """The goal decides by the record as it read it; what changed it since is over for the goal."""
    lead = await engine.lead(seats=0, due=day(300))
    await engine.save(object="lead", steps=[dated(), AFTER])
    async with engine.database.transaction() as connection:
        await connection.fetchrow("select from records where id = $1 for no key update", lead)
        execution = await engine.start(record=lead)
        await until(lambda: _someone_waits(engine))
        await connection.execute("update records set field_values = field_values || $2 where id = $1", lead, {"due": day(9)})
        payload = {"old": {"due": day(300)}, "new": {"due": day(9)}}
        await insert_event(connection, "field_updated", lead, datetime.now(UTC), payload)
    await waits_until(engine, execution, midnight(9))
    assert await signals(engine, execution) == 0


async def _someone_waits(engine: Engine) -> bool:
    async with engine.database.connection() as connection:
        return await connection.fetchval(
            "select exists (select from pg_locks l join pg_database d on d.oid = l.database"
            " where not granted and datname = current_database()) or exists (select from pg_locks where not granted)"
        )


async def test_what_is_told_while_it_looks_is_looked_at_again(database: Any, temporal_client: Any, settings: Any) -> None:
    """A nudge that was on its way when it looked is not counted for what changed after the look."""
    async with Engine(database, temporal_client, settings).working(relaying=False) as engine:
        lead, execution = await waiting(engine, dated(), {"due": day(300)})
        await engine.edit(lead, due=day(200))
        await evaluate_events(engine.services)
        assert [row["nudged"] for row in await waits(engine)] == [True]
        await engine.edit(lead, due=day(100))
        await evaluate_events(engine.services)
        assert await signal_met_goals(engine.services) == 1
        await waits_until(engine, execution, midnight(100))
        await engine.edit(lead, due=day(50))
        await evaluate_events(engine.services)
        assert await signal_met_goals(engine.services) == 1
        await waits_until(engine, execution, midnight(50))
        assert await signal_met_goals(engine.services) == 0
        assert await signals(engine, execution) == 2


async def test_explain_says_which_dates_it_waits_for(engine: Engine, api: httpx2.AsyncClient) -> None:
    _, execution = await waiting(engine, dated(due(days=2, when="after"), timeout={"days": 90}), {"due": day(30)})
    told = (await api.get(f"/executions/{execution}/explain")).json()
    assert "(2 days after due)" in told["sentence"]
    assert told["facts"]["moments"] == [{"trigger": "2 days after due", "at": midnight(32).isoformat()}]
    assert told["facts"]["until"] == midnight(32).isoformat()
    assert datetime.fromisoformat(told["facts"]["timeout_at"]) > midnight(80)


async def test_time_jumps_over_many_moves(skipping_engine: Engine) -> None:
    engine = skipping_engine
    lead, execution = await waiting(engine, dated(), {"due": day(5)})
    async with jumping(engine):
        for days in (6, 4, 8, 3):
            await engine.edit(lead, due=day(days))
        await engine.ended(execution)
    assert await engine.visits(execution) == MET
