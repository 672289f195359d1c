"""Cancel ends an execution in every open state, also in the middle of a step."""

import time

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.engine import Engine
from tests.http_server import HttpServer
from tests.workflows.history import history_of

CALL = {"id": "call", "type": "http_request", "timeout_seconds": 60}


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
