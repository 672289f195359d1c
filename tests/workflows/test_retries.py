"""The retry ladder: four more attempts after 30 s, 90 s, 8 min and 62.5 min, as durable timers that people can see."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.workflows.counting import counting
from tests.workflows.history import history_of
from tests.workflows.skipping import over_the_waits

LADDER = [timedelta(seconds=30), timedelta(seconds=90), timedelta(minutes=8), timedelta(minutes=62.5)]
AFTER = counting("after")


def call(url: str) -> dict[str, Any]:
    return {"id": "call", "type": "http_request", "method": "POST", "url": url}


async def retrying(engine: Engine, url: str) -> UUID:
    """An execution whose first step has failed once."""
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[call(url), AFTER])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "retrying")
    return execution


def waits(failures: list[dict[str, Any]]) -> list[timedelta]:
    moments = [datetime.fromisoformat(failure["at"]) for failure in failures]
    return [later - earlier for earlier, later in pairwise(moments)]


def wait_of(timer: timedelta) -> timedelta:
    """A timer is shorter than its wait by the moment that it took to write the failure down."""
    return next(wait for wait in LADDER if timedelta(0) <= wait - timer < timedelta(seconds=1))


@pytest.mark.parametrize("answer", [500, None])
async def test_a_step_that_keeps_failing_is_attempted_five_times(
    skipping_engine: Engine, http: HttpServer, answer: int | None
) -> None:
    engine = skipping_engine
    http.answers = [answer or 200]
    if answer is None:
        await http.stop()
    execution = await retrying(engine, http.url)
    row = await over_the_waits(engine, execution, "failed")
    assert (row["state"], row["steps_failed"], row["steps_run"], row["retry_at"]) == ("failed", 1, 1, None)
    [step] = await engine.steps(execution)
    assert (step["status"], step["attempt"]) == ("failed", 5)
    assert [failure["attempt"] for failure in step["failures"]] == [1, 2, 3, 4, 5]
    for found, wanted in zip(waits(step["failures"]), LADDER, strict=True):
        assert timedelta(0) <= found - wanted < timedelta(seconds=2)
    history = await history_of(engine, execution)
    assert [wait_of(length) for length, _ in history.timers] == LADDER
    assert history.timers[0][1].startswith("retry 1 of call after: ")
    assert history.kinds["ACTIVITY_TASK_SCHEDULED"] == 5
    assert (await (await engine.handle(execution)).describe()).status == WorkflowExecutionStatus.FAILED
    assert len(http.asked) == (5 if answer else 0)


async def test_between_the_attempts_the_execution_says_when_the_next_one_is(
    skipping_engine: Engine, http: HttpServer, time_skipping: WorkflowEnvironment
) -> None:
    http.answers = [500]
    execution = await retrying(skipping_engine, http.url)
    for attempt, wait in enumerate(LADDER, start=2):
        row = await skipping_engine.in_state(execution, "retrying")
        assert row["attempt"] == attempt
        [step] = await skipping_engine.steps(execution)
        assert step["status"] == "retrying"
        assert row["retry_at"] == datetime.fromisoformat(step["failures"][-1]["at"]) + wait
        assert "answered 500" in row["reason"]
        await time_skipping.sleep(wait)

        async def next_attempt(reached: int = attempt) -> bool:
            found = await skipping_engine.execution(execution)
            return (found["attempt"] > reached and found["state"] == "retrying") or found["state"] == "failed"

        await until(next_attempt, says=f"attempt {attempt}")


async def test_a_step_that_works_again_goes_on_and_keeps_its_failures(skipping_engine: Engine, http: HttpServer) -> None:
    http.answers = [500, 503, 200]
    execution = await retrying(skipping_engine, http.url)
    await over_the_waits(skipping_engine, execution)
    row = await skipping_engine.execution(execution)
    assert (row["state"], row["steps_failed"], row["attempt"]) == ("completed", 0, 1)
    called, after = await skipping_engine.steps(execution)
    assert (called["status"], called["attempt"], after["status"]) == ("completed", 3, "completed")
    assert [failure["code"] for failure in called["failures"]] == ["http_server_error", "http_server_error"]
    assert len({asked.headers["idempotency-key"] for asked in http.asked}) == 1


async def test_a_wait_that_the_other_side_asks_for_is_kept_where_it_is_longer_than_the_ladders(
    skipping_engine: Engine, http: HttpServer
) -> None:
    dated = {"Date": "Mon, 02 Mar 2026 12:00:00 GMT", "Retry-After": "Mon, 02 Mar 2026 14:00:00 GMT"}
    asked = [(429, {}, {"Retry-After": "600"}), (503, {}, dated), (503, {}, {"Retry-After": "5"}), (408, {})]
    http.answers = [*asked, 200]
    execution = await retrying(skipping_engine, http.url)
    row = await skipping_engine.execution(execution)
    [step] = await skipping_engine.steps(execution)
    assert row["retry_at"] == datetime.fromisoformat(step["failures"][0]["at"]) + timedelta(minutes=10)
    assert "POST 127.0.0.1 answered 429 and asks to wait 600 s" in row["reason"]
    await over_the_waits(skipping_engine, execution)
    [called, _] = await skipping_engine.steps(execution)
    expected = [timedelta(minutes=10), timedelta(hours=2), timedelta(minutes=8)]
    for found, wanted in zip(waits(called["failures"]), expected, strict=True):
        assert timedelta(0) <= found - wanted < timedelta(seconds=2)
    assert (called["status"], called["attempt"]) == ("completed", 5)


async def test_a_pause_during_the_ladder_holds_the_next_attempt(
    skipping_engine: Engine, http: HttpServer, time_skipping: WorkflowEnvironment
) -> None:
    engine = skipping_engine
    http.answers = [500, 200]
    execution = await retrying(engine, http.url)
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await time_skipping.sleep(timedelta(hours=3))
    assert len(http.asked) == 1
    await engine.ask(execution, "resume")
    await engine.ended(execution)
    assert len(http.asked) == 2


async def test_resumed_before_it_is_due_the_ladder_waits_for_the_rest(skipping_engine: Engine, http: HttpServer) -> None:
    engine = skipping_engine
    http.answers = [500, 200]
    execution = await retrying(engine, http.url)
    before = await engine.execution(execution)
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await engine.ask(execution, "resume")
    after = await engine.in_state(execution, "retrying")
    assert after["retry_at"] == before["retry_at"]
    assert "answered 500" in after["reason"]
    await over_the_waits(engine, execution)
    assert [asked.method for asked in http.asked] == ["POST", "POST"]


async def test_retry_now_cuts_the_wait_short(engine: Engine, http: HttpServer) -> None:
    http.answers = [500, 500, 200]
    execution = await retrying(engine, http.url)
    await engine.ask(execution, "retry")
    await http.was_asked(2)
    await engine.in_state(execution, "retrying")
    await until(lambda: _attempt(engine, execution, 3))
    await engine.ask(execution, "retry")
    await engine.ended(execution)
    assert len((await engine.steps(execution))[0]["failures"]) == 2


async def _attempt(engine: Engine, execution: UUID, attempt: int) -> bool:
    return (await engine.execution(execution))["attempt"] == attempt


async def test_cancel_during_the_ladder_ends_at_once(engine: Engine, http: HttpServer) -> None:
    http.answers = [500]
    execution = await retrying(engine, http.url)
    await engine.ask(execution, "cancel", why="enough")
    row = await engine.ended(execution, "canceled", seconds=3)
    assert row["reason"] == "canceled by ada@example.com: enough"
    assert await engine.visits(execution) == [("call", "canceled")]


async def test_a_database_step_that_fails_unexpectedly_takes_the_ladder_and_leaves_no_effect(skipping_engine: Engine) -> None:
    engine = skipping_engine
    lead = await engine.lead(seats=0)
    async with engine.database.connection() as connection:
        await connection.execute(
            "alter table records add constraint no_nine check ((field_values ->> 'seats') is distinct from '9')"
        )
    nine = {
        "id": "nine",
        "type": "change_field_value",
        "changes": [{"field": "seats", "value": 9}, {"field": "status", "value": "x"}],
    }
    await engine.save(object="lead", steps=[nine])
    execution = await engine.start(record=lead)
    row = await engine.in_state(execution, "retrying")
    assert row["attempt"] == 2
    assert (await engine.record(lead))["field_values"] == {"seats": 0}
    async with engine.database.connection() as connection:
        await connection.execute("alter table records drop constraint no_nine")
    await over_the_waits(engine, execution)
    assert (await engine.record(lead))["field_values"] == {"seats": 9, "status": "x"}
    [step] = await engine.steps(execution)
    assert (step["status"], step["attempt"]) == ("completed", 2)
    assert step["failures"][0]["code"] == "database_error"
    assert wait_of((await history_of(engine, execution)).timers[0][0]) == LADDER[0]


async def test_a_failure_with_a_very_long_sentence_waits_like_any_other(engine: Engine) -> None:
    """Temporal refuses the task of a workflow whose timer has a long summary."""
    lead = await engine.lead(seats=0)
    async with engine.database.connection() as connection:
        await connection.execute("""
            create function refuse() returns trigger language plpgsql as $$
            begin raise exception '%', repeat('no "ümlaut" today ', 5000) using errcode = '40P01'; end $$;
            create trigger refused before update on records execute function refuse();
        """)
    await engine.save(object="lead", steps=[AFTER])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "retrying", seconds=5)
    await asyncio.gather(*(engine.ask(execution, "pause", id="once", why="no " * 100_000) for _ in range(3)))
    await engine.in_state(execution, "paused", seconds=5)
    assert (await history_of(engine, execution)).kinds["WORKFLOW_TASK_FAILED"] == 0
