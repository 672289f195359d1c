"""Loops go on over continue-as-new, and are stopped where they run away."""

import os
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.engine import Engine
from tests.steps.showing import also_shows
from tests.workflows.counting import COUNT, GENEROUS, generous

LONG = "EVERSTEP_LONG" in os.environ


def rounds(count: int) -> list[dict[str, Any]]:
    """Three visits a round: the sum, the condition, and the way back."""
    check = {"id": "check", "type": "condition", "if": {"field": "seats", "op": "<", "value": count}}
    return [COUNT, {**check, "if_yes": [{"id": "back", "type": "go_to_step", "step": "count"}]}]


@pytest.mark.parametrize("visits", [600, pytest.param(20_000, marks=pytest.mark.skipif(not LONG, reason="EVERSTEP_LONG=1"))])
@also_shows("go_to_step", "step", where=["record"])
@also_shows("condition", "if", where=["record"])
async def test_a_long_loop_runs_through_several_runs_of_its_workflow(engine: Engine, visits: int) -> None:
    lead = await engine.lead(seats=0)
    engine = generous(engine, steps_per_run=visits // 5)
    await engine.save(object="lead", steps=rounds(visits // 3))
    execution = await engine.start(record=lead)
    row = await engine.ended(execution, seconds=100 if visits < 2_000 else 600)
    total = visits // 3 * 3 - 1
    assert row["steps_run"] == total
    assert [step["sequence"] for step in await engine.steps(execution)] == list(range(1, total + 1))
    assert (await engine.record(lead))["field_values"]["seats"] == visits // 3
    assert await _runs(engine, row["workflow_id"]) == 5
    described = await (await engine.handle(execution)).describe()
    assert described.typed_search_attributes.search_attributes


async def _runs(engine: Engine, workflow_id: str) -> int:
    """How many runs of the workflow there were, counted backwards from the newest."""
    handle, count = engine.client.get_workflow_handle(workflow_id), 1
    while True:
        first = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
        if not first.continued_execution_run_id:
            return count
        handle = engine.client.get_workflow_handle(workflow_id, run_id=first.continued_execution_run_id)
        count += 1


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({}, "step count ran 100 times with no wait in between"),
        ({**GENEROUS, "max_visits": 30}, "more than 30 visits of step count"),
        ({**GENEROUS, "max_step_runs": 50, "steps_per_run": 20}, "more than 50 steps in one execution"),
        ({**GENEROUS, "max_visits": 30, "steps_per_run": 20}, "more than 30 visits of step count"),
    ],
)
async def test_a_runaway_is_stopped_with_the_reason(engine: Engine, limits: dict[str, int], says: str) -> None:
    lead = await engine.lead(seats=0)
    engine = Engine(engine.database, engine.client, engine.settings.model_copy(update=limits))
    await engine.save(object="lead", steps=[COUNT, {"id": "back", "type": "go_to_step", "step": "count"}])
    execution = await engine.start(record=lead)
    row = await engine.ended(execution, "failed")
    assert says in row["reason"]
    assert (await (await engine.handle(execution)).describe()).status == WorkflowExecutionStatus.FAILED
    assert row["steps_run"] == {"step count ran": 200, "more than 30": 60, "more than 50": 50}[" ".join(says.split()[:3])]


async def test_a_pause_goes_along_when_the_workflow_continues_as_new(engine: Engine) -> None:
    """Every visit is a run of its own here: the pause stands over the border, and its request is not taken twice."""
    lead = await engine.lead(seats=0)
    engine = generous(engine, steps_per_run=1)
    await engine.save(object="lead", steps=rounds(4))
    execution = await engine.start(record=lead)
    for _ in range(3):
        await engine.order(execution, "pause")
        await engine.in_state(execution, "paused", reason="manual")
        await engine.order(execution, "resume")
    row = await engine.ended(execution)
    assert (row["steps_run"], row["request"]) == (11, None)
    assert [step["sequence"] for step in await engine.steps(execution)] == list(range(1, 12))
