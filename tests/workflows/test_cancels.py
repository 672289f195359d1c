"""Cancel ends an execution in every open state, also in the middle of a step."""

import json
import time
from datetime import timedelta
from uuid import UUID

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.builders import Json, branch, change, condition, delay, go_to, goal, request, stop
from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.workflows.counting import counting, generous
from tests.workflows.history import history_of

CALL = {"id": "call", "type": "http_request", "url": "http://calls.test/", "timeout_seconds": 60}


async def test_cancel_during_a_long_step_takes_effect_in_about_a_second_and_cancels_the_step(
    engine: Engine, http: HttpServer
) -> None:
    http.hold()
    await engine.save(steps=[{**CALL, "url": http.url}])
    execution = await engine.start()
    await http.was_asked()
    began = time.monotonic()
    await engine.order(execution, "cancel", why="enough")
    row = await engine.ended(execution, "canceled", seconds=3)
    assert (row["reason"], row["request"]) == ("canceled by ada@example.com: enough", None)
    await http.was_hung_up_on()
    assert time.monotonic() - began < 2.5
    assert await engine.visits(execution) == [("call", "canceled")]
    assert (await history_of(engine, execution)).kinds["ACTIVITY_TASK_CANCEL_REQUESTED"] == 1


@pytest.mark.parametrize("where", ["delay", "step", "manual pause"])
async def test_a_cancel_in_temporal_itself_is_kept_in_the_books(engine: Engine, http: HttpServer, where: str) -> None:
    http.hold()
    step = {**CALL, "url": http.url} if where == "step" else {"id": "wait", "type": "delay", "days": 1}
    await engine.save(steps=[step])
    execution = await engine.start()
    await (http.was_asked() if where == "step" else engine.in_state(execution, "paused"))
    if where == "manual pause":
        await engine.ask(execution, "pause")
        await engine.in_state(execution, "paused", reason="manual")
    handle = await engine.handle(execution)
    await handle.cancel()
    row = await engine.ended(execution, "canceled", seconds=3)
    assert row["reason"] == "canceled by Temporal"
    assert (await handle.describe()).status == WorkflowExecutionStatus.CANCELED
    assert [status for _, status in await engine.visits(execution)] == ["canceled"]


async def test_cancel_before_the_first_step_ends_the_execution_without_it(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    step = {"id": "set", "type": "change_field_value", "changes": [{"field": "seats", "value": 1}]}
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "days": 1}, step])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused")
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await engine.order(execution, "cancel")
    await engine.ended(execution, "canceled")
    await engine.order(execution, "cancel")
    assert (await engine.record(lead))["field_values"]["seats"] == 0


BROKEN = {"field": "gone", "op": ">=", "value": 1}
STATES: dict[str, tuple[list[Json], str, str | None]] = {
    "a long call": ([CALL], "active", None),
    "a delay": ([delay("wait")], "paused", "delay"),
    "a goal": ([goal("meet")], "paused", "goal"),
    "an error": ([change("wrong", gone=1)], "paused", "error"),
    "a condition that cannot be decided": ([condition("ask", **{"if": BROKEN})], "paused", "condition_error"),
    "a stop that pauses": ([stop("stop", "pause")], "paused", "automation"),
    "the wait for another attempt": ([request("call", "http://127.0.0.1:9/")], "retrying", None),
    "lanes": ([branch("fork", [CALL], [delay("wait")], [change("wrong", gone=1)])], "active", None),
    "waiting lanes": ([branch("fork", [delay("wait")], [change("wrong", gone=1)])], "paused", "error"),
    "a chain of quick steps": ([counting("first"), counting("next"), go_to("again", "first")], "active", None),
}


@pytest.mark.parametrize("where", STATES)
async def test_a_cancel_takes_effect_within_a_second(engine: Engine, http: HttpServer, where: str) -> None:
    """The quickest of three counts: these machines are shared."""
    http.hold()
    steps, state, reason = STATES[where]
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=json.loads(json.dumps(steps).replace(CALL["url"], http.url)))
    took = [await _cancel_in(generous(engine), http, lead, state, reason) for _ in range(3)]
    assert min(took) < timedelta(seconds=1)


async def _cancel_in(engine: Engine, http: HttpServer, lead: UUID, state: str, reason: str | None) -> timedelta:
    """How long it took from the request to the end in the books."""
    asked = len(http.asked)
    execution = await engine.start(record=lead)
    await engine.in_state(execution, state, reason=reason)
    if state == "active":
        await until(lambda: _runs(engine, execution))
    began = time.monotonic()
    await engine.order(execution, "cancel")
    row = await engine.in_state(execution, "canceled")
    assert row["cancel_reason"] == "person"
    assert len(http.asked) <= asked + 1
    return timedelta(seconds=time.monotonic() - began)


async def _runs(engine: Engine, execution: UUID) -> bool:
    """A call is out, or quick steps have run for a while."""
    rows = await engine.steps(execution)
    return any(row["status"] == "running" for row in rows) or len(rows) > 10
