"""Delays are durable timers: to the moment, over pauses, and past where a person says so."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from temporalio.testing import WorkflowEnvironment

from tests.engine import Engine
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
