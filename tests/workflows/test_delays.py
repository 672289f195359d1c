"""Delays are durable timers: to the moment, over pauses, and past where a person says so."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import FR, SA, relativedelta
from temporalio.testing import WorkflowEnvironment

from automations.calendars import BusinessCalendar
from store.business import Business, write_business
from tests.builders import change, delay, goal
from tests.engine import Engine
from tests.steps.showing import also_shows
from tests.workflows.history import history_of
from tests.workflows.skipping import over_the_waits

BERLIN = ZoneInfo("Europe/Berlin")


async def delayed(engine: Engine, **delay: Any) -> UUID:
    """An execution in a delay, with a step after it."""
    lead = await engine.lead(seats=0)
    tell = {"id": "tell", "type": "change_field_value", "changes": [{"field": "status", "value": "waited"}]}
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", **delay}, tell])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    return execution


@also_shows("delay", "months", where=["record"])
async def test_a_delay_of_three_months_ends_at_that_time_of_day(
    skipping_engine: Engine, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    async with engine.database.connection() as connection:
        await connection.execute("update business set timezone = 'Europe/Berlin'")
    execution = await delayed(engine, months=3)
    row = await engine.execution(execution)
    started = row["created_at"].astimezone(BERLIN)
    due = row["waiting_until"].astimezone(BERLIN)
    assert abs(due.replace(tzinfo=None) - (started.replace(tzinfo=None) + relativedelta(months=3))) < timedelta(seconds=5)
    row = await over_the_waits(engine, execution)
    assert await time_skipping.get_current_time() >= due
    assert row["finished_at"] >= due
    assert row["waiting_until"] is None
    assert await engine.visits(execution) == [("wait", "completed"), ("tell", "completed")]
    assert (await history_of(engine, execution)).timers[0][1] == "delay wait: 3 months"


@also_shows("delay", "days", "at", where=["record"])
async def test_a_delay_with_a_time_of_day_ends_then_in_the_business_s_timezone(skipping_engine: Engine) -> None:
    async with skipping_engine.database.connection() as connection:
        await connection.execute("update business set timezone = 'Europe/Berlin'")
    execution = await delayed(skipping_engine, days=2, at="09:00")
    due = (await skipping_engine.execution(execution))["waiting_until"].astimezone(BERLIN)
    assert (due.hour, due.minute, due.second) == (9, 0, 0)
    assert timedelta(days=2) <= due - datetime.now(UTC) + timedelta(minutes=1) < timedelta(days=3, hours=2)
    await over_the_waits(skipping_engine, execution)


@pytest.mark.parametrize("moment", ["2020-01-01T00:00:00+00:00", {"field": "due"}])
async def test_a_delay_until_a_moment_that_is_past_does_not_wait(engine: Engine, moment: Any) -> None:
    lead = await engine.lead(due="2021-05-01")
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "until": moment}])
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    assert await engine.visits(execution) == [("wait", "completed")]
    assert (await history_of(engine, execution)).kinds["TIMER_STARTED"] == 0


async def test_a_delay_until_a_blank_date_pauses_with_the_reason(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "until": {"field": "due"}}])
    row = await engine.in_state(await engine.start(record=lead), "paused", reason="error")
    assert row["reason"] == "The moment to wait for is blank."


async def test_a_pause_does_not_stop_a_delay_s_clock(skipping_engine: Engine, time_skipping: WorkflowEnvironment) -> None:
    engine = skipping_engine
    execution = await delayed(engine, days=2)
    due = (await engine.execution(execution))["waiting_until"]
    await engine.ask(execution, "pause")
    row = await engine.in_state(execution, "paused", reason="manual")
    assert row["waiting_until"] == due
    await time_skipping.sleep(timedelta(days=3))
    assert (await engine.execution(execution))["pause_reason"] == "manual"
    await engine.ask(execution, "resume")
    row = await engine.ended(execution)
    assert row["finished_at"] - due < timedelta(days=1, minutes=1)


async def test_resumed_before_it_is_due_a_delay_waits_for_the_rest(skipping_engine: Engine) -> None:
    engine = skipping_engine
    execution = await delayed(engine, days=2)
    before = await engine.execution(execution)
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await engine.ask(execution, "resume")
    row = await engine.in_state(execution, "paused", reason="delay")
    assert (row["waiting_until"], row["reason"]) == (before["waiting_until"], before["reason"])
    row = await over_the_waits(engine, execution)
    assert timedelta(0) <= row["finished_at"] - before["waiting_until"] < timedelta(minutes=1)


async def test_skip_goes_past_a_delay(engine: Engine) -> None:
    execution = await delayed(engine, days=2)
    await engine.ask(execution, "skip")
    row = await engine.ended(execution)
    assert row["waiting_until"] is None
    assert await engine.visits(execution) == [("wait", "skipped"), ("tell", "completed")]


async def test_cancel_ends_a_delay(engine: Engine) -> None:
    execution = await delayed(engine, days=2)
    await engine.ask(execution, "cancel")
    row = await engine.ended(execution, "canceled", seconds=3)
    assert (row["reason"], row["waiting_until"]) == ("canceled by ada@example.com", None)
    assert await engine.visits(execution) == [("wait", "canceled")]


async def test_resume_and_retry_mean_nothing_to_a_delay(engine: Engine) -> None:
    execution = await delayed(engine, days=2)
    await engine.ask(execution, "resume")
    await engine.ask(execution, "retry")
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    assert await engine.visits(execution) == [("wait", "waiting")]


FRIDAY = (datetime.now(UTC) + relativedelta(days=2, weekday=FR)).date()
TUESDAY = FRIDAY + timedelta(days=4)
OPEN_AGAIN = datetime.combine(TUESDAY, time(9), BERLIN)


async def on_the_fair(engine: Engine, *steps: Any, **parts: Any) -> UUID:
    """An execution whose record is due on a Friday that is off, as is the Monday after it."""
    fair = [{"date": FRIDAY, "name": "Fair"}, {"date": FRIDAY + timedelta(days=3), "name": "Fair Monday"}]
    calendar = BusinessCalendar.model_validate({"days_off": fair})
    async with engine.database.transaction() as connection:
        await write_business(connection, Business(name="Acme", timezone="Europe/Berlin", locale="de", calendar=calendar))
    lead = await engine.lead(due=FRIDAY.isoformat())
    await engine.save(object="lead", steps=list(steps), **parts)
    return await engine.start(record=lead)


def due(**more: Any) -> dict[str, Any]:
    return delay("wait", until={"field": "due"}, at="09:00", **more)


INHERITED = {"calendar": {"skip_non_working_days": True}}


@also_shows("delay", "until.field", "at", where=["record"])
async def test_a_delay_goes_on_after_a_holiday_and_the_weekend_at_the_same_time_of_day(skipping_engine: Engine) -> None:
    engine = skipping_engine
    execution = await on_the_fair(engine, due(), change("tell", status="waited"), **INHERITED)
    row = await engine.in_state(execution, "paused", reason="delay")
    assert row["waiting_until"] == OPEN_AGAIN
    row = await over_the_waits(engine, execution)
    assert timedelta(0) <= row["finished_at"] - OPEN_AGAIN < timedelta(minutes=1)
    wait = (await engine.steps(execution))[0]
    assert wait["status"] == "completed"
    assert wait["output"] == {
        "until": OPEN_AGAIN.astimezone(UTC).isoformat(),
        "moved": {
            "from": datetime.combine(FRIDAY, time(9), BERLIN).astimezone(UTC).isoformat(),
            "passed": [
                {"date": str(FRIDAY + timedelta(days=after)), "why": why}
                for after, why in enumerate(("Fair", "Saturday", "Sunday", "Fair Monday"))
            ],
        },
    }
    says = f"delay wait: until field due at 09:00, moved from {said(FRIDAY)} (Fair) to {said(TUESDAY)}"
    assert (await history_of(engine, execution)).timers[0][1] == says


def said(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


@pytest.mark.parametrize(
    ("of_automation", "of_delay", "moves"),
    [
        (None, None, False),
        (False, None, False),
        (True, None, True),
        (True, False, False),
        (False, True, True),
        (None, True, True),
    ],
)
@also_shows("delay", "skip_non_working_days", where=["record"])
async def test_a_delay_skips_non_working_days_as_it_says_or_else_as_its_automation_does(
    engine: Engine, of_automation: bool | None, of_delay: bool | None, moves: bool
) -> None:
    parts = {} if of_automation is None else {"calendar": {"skip_non_working_days": of_automation}}
    execution = await on_the_fair(engine, due(**({} if of_delay is None else {"skip_non_working_days": of_delay})), **parts)
    row = await engine.in_state(execution, "paused", reason="delay")
    assert row["waiting_until"].astimezone(BERLIN).date() == (TUESDAY if moves else FRIDAY)
    assert ("moved" in (await engine.steps(execution))[0]["output"]) == moves


@pytest.mark.parametrize("parts", [INHERITED, {}])
async def test_the_timeout_of_a_goal_skips_non_working_days_too(engine: Engine, parts: Any) -> None:
    own: dict[str, Any] = {} if parts else {"skip_non_working_days": True}
    execution = await on_the_fair(engine, goal("wait", timeout={"until": {"field": "due"}, "at": "09:00", **own}), **parts)
    row = await engine.in_state(execution, "paused", reason="goal")
    assert row["waiting_until"] == OPEN_AGAIN
    assert row["reason"].endswith(f", moved from {said(FRIDAY)} (Fair) to {said(TUESDAY)}")
    assert (await engine.steps(execution))[0]["output"]["moved"]["passed"][0] == {"date": str(FRIDAY), "why": "Fair"}


async def test_a_business_that_never_works_pauses_the_delay_with_the_reason(engine: Engine) -> None:
    saturdays = [{"date": (FRIDAY + relativedelta(weekday=SA(week))).isoformat()} for week in range(-2, 120) if week]
    calendar = BusinessCalendar.model_validate({"working_days": ["sat"], "days_off": saturdays})
    async with engine.database.transaction() as connection:
        await write_business(connection, Business(name="Acme", timezone="UTC", locale="en", calendar=calendar))
    await engine.save(steps=[delay("wait", hours=1)], **INHERITED)
    row = await engine.in_state(await engine.start(), "paused", reason="error")
    assert row["reason"].endswith("is worked: look at the business calendar.")
    assert (await engine.steps(row["id"]))[0]["error"]["code"] == "no_working_day"
