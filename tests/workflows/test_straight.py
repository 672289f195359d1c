"""A straight execution of N database steps is N activities and nothing else."""

import pytest

from tests.engine import Engine
from tests.workflows.counting import counting
from tests.workflows.history import history_of

STRAIGHT = [
    {"id": "a", "type": "change_field_value", "changes": [{"field": "status", "value": "seen"}]},
    {
        "id": "b",
        "type": "math",
        "operation": "add",
        "arguments": [{"field": "seats"}, {"constant": 1}],
        "into": {"field": "seats"},
    },
    {"id": "c", "type": "change_field_value", "changes": [{"field": "labels", "how": "add", "value": ["hot"]}]},
]


async def test_a_straight_execution_runs_its_steps_in_order(engine: Engine) -> None:
    lead = await engine.lead(seats=4)
    await engine.save(object="lead", steps=STRAIGHT)
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    assert await engine.visits(execution) == [("a", "completed"), ("b", "completed"), ("c", "completed")]
    record = await engine.record(lead)
    assert record["field_values"] == {"status": "seen", "seats": 5, "labels": ["hot"]}


@pytest.mark.parametrize("steps", [1, 5, 20])
async def test_a_straight_execution_of_n_steps_is_n_local_activities(engine: Engine, steps: int) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[counting(f"s{number}") for number in range(steps)])
    execution = await engine.start(record=lead)
    row = await engine.ended(execution)
    history = await history_of(engine, execution)
    assert history.local_activities == [("math", f"s{number}: seats = seats + 1") for number in range(steps)]
    assert set(history.kinds) == {
        "WORKFLOW_EXECUTION_STARTED", "WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED", "WORKFLOW_TASK_COMPLETED",
        "MARKER_RECORDED", "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES", "WORKFLOW_EXECUTION_COMPLETED",
    }  # fmt: skip
    assert history.kinds["MARKER_RECORDED"] == row["steps_run"] == steps


async def test_an_automation_without_steps_completes(engine: Engine) -> None:
    await engine.save(steps=[])
    row = await engine.ended(await engine.start())
    assert (row["state"], row["steps_run"]) == ("completed", 0)
