"""A manual pause takes effect at the next step's border, whichever way it comes, and once."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from automations.executions import Request
from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.workflows.counting import COUNT, counting, generous
from tests.workflows.history import history_of

LOOP = [COUNT, {"id": "again", "type": "go_to_step", "step": "count"}]
CALL = {"id": "call", "type": "http_request"}


async def test_a_pause_lets_the_running_step_finish_and_starts_no_other(engine: Engine, http: HttpServer) -> None:
    http.hold()
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[{**CALL, "url": http.url}, COUNT])
    execution = await engine.start(record=lead)
    await http.was_asked()
    await engine.ask(execution, "pause", why="lunch")
    http.let_go()
    row = await engine.in_state(execution, "paused", reason="manual")
    assert row["reason"] == "paused by ada@example.com: lunch"
    assert await engine.visits(execution) == [("call", "completed")]
    await engine.ask(execution, "resume")
    row = await engine.ended(execution)
    assert (row["reason"], (await engine.record(lead))["field_values"]["seats"]) == (None, 1)


@pytest.mark.parametrize("way", ["row", "signal", "both"])
async def test_a_busy_chain_of_database_steps_pauses_within_a_second_or_two(engine: Engine, way: str) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=LOOP)
    execution = await generous(engine, steps_per_run=5_000).start(record=lead)
    await until(lambda: _seats(engine, lead, 20))
    request = Request(id=str(uuid4()), kind="pause", by="ada@example.com")
    if way != "signal":
        await engine.write_request(execution, request)
    if way != "row":
        await engine.send(execution, request)
    # By signal alone it is seen when the workflow task ends, which the SDK does at 80 % of its timeout.
    await engine.in_state(execution, "paused", reason="manual", seconds=6 if way == "signal" else 2)
    seats = (await engine.record(lead))["field_values"]["seats"]
    assert (await engine.execution(execution))["request"] is None
    await engine.ask(execution, "resume")
    await until(lambda: _seats(engine, lead, seats + 20))
    await engine.order(execution, "cancel")
    await engine.ended(execution, "canceled")
    sequences = [row["sequence"] for row in await engine.steps(execution)]
    assert sequences == list(range(1, len(sequences) + 1))


async def _seats(engine: Engine, lead: Any, count: int) -> bool:
    return (await engine.record(lead))["field_values"]["seats"] >= count


async def test_a_request_that_comes_by_row_and_by_signal_counts_once(engine: Engine) -> None:
    execution = await _in_delay(engine)
    request = Request(id="one", kind="pause", by="ada@example.com")
    await engine.write_request(execution, request)
    await engine.send(execution, request)
    await engine.in_state(execution, "paused", reason="manual")
    await engine.ask(execution, "resume")
    await engine.in_state(execution, "paused", reason="delay")
    await engine.send(execution, request)
    await engine.ask(execution, "skip")
    await engine.ended(execution)


async def test_a_request_left_on_the_row_that_was_handled_before_is_cleared_and_stops_nothing(engine: Engine) -> None:
    execution = await _in_delay(engine)
    request = Request(id="old", kind="pause", by="ada@example.com")
    await engine.send(execution, request)
    await engine.in_state(execution, "paused", reason="manual")
    await engine.ask(execution, "resume")
    await engine.in_state(execution, "paused", reason="delay")
    await engine.write_request(execution, request)
    await engine.ask(execution, "skip")
    row = await engine.ended(execution)
    assert row["request"] is None
    assert await engine.visits(execution) == [("wait", "skipped"), ("count", "completed")]
    names = [name for name, _ in (await history_of(engine, execution)).local_activities]
    assert names[-4:] == ["skip_step", "math", "record_state", "math"]


async def _in_delay(engine: Engine) -> Any:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "days": 1}, COUNT])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    return execution


async def test_a_pause_asked_for_after_a_resume_holds_although_the_row_showed_it_first(engine: Engine) -> None:
    """The chain sees the row at once, and the signals sent before only when its workflow task ends."""
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=LOOP)
    execution = await generous(engine, steps_per_run=5_000).start(record=lead)
    await until(lambda: _seats(engine, lead, 20))
    await engine.ask(execution, "pause")
    await engine.ask(execution, "resume")
    await engine.order(execution, "pause", why="again")
    await until(lambda: _signals(engine, execution, 3))
    assert (await engine.in_state(execution, "paused"))["reason"] == "paused by ada@example.com: again"
    await engine.ask(execution, "resume")
    await engine.in_state(execution, "active")
    await engine.order(execution, "cancel")
    await engine.ended(execution, "canceled")


async def _signals(engine: Engine, execution: Any, count: int) -> bool:
    """So many have come, and the workflow has taken them."""
    history = await history_of(engine, execution)
    handled = history.kinds["WORKFLOW_TASK_SCHEDULED"] == history.kinds["WORKFLOW_TASK_COMPLETED"]
    return handled and history.kinds["WORKFLOW_EXECUTION_SIGNALED"] >= count


async def test_pause_and_resume_in_quick_turns_lose_nothing(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[counting(f"s{number}") for number in range(60)])
    execution = await engine.start(record=lead)
    for _ in range(5):
        await asyncio.gather(
            engine.order(execution, "pause"), engine.order(execution, "resume"), engine.order(execution, "pause")
        )
    await engine.until_over(execution, "resume")
    assert (await engine.record(lead))["field_values"]["seats"] == 60
    assert [row["sequence"] for row in await engine.steps(execution)] == list(range(1, 61))
