"""An execution goes through its steps, in order, once each."""

from tests.engine import Engine

STRAIGHT = [
    {"id": "a", "type": "change_field_value", "changes": [{"field": "status", "value": "seen"}]},
    {"id": "b", "type": "math", "operation": "add", "arguments": [{"field": "seats"}, {"constant": 1}], "into": {"field": "seats"}},
    {"id": "c", "type": "change_field_value", "changes": [{"field": "labels", "how": "add", "value": ["hot"]}]},
]


async def test_straight_execution_runs_its_steps_in_order(engine: Engine) -> None:
    lead = await engine.lead(seats=4)
    await engine.save(object="lead", steps=STRAIGHT)
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    assert await engine.visits(execution) == [("a", "completed"), ("b", "completed"), ("c", "completed")]
    record = await engine.record(lead)
    assert record["field_values"] == {"status": "seen", "seats": 5, "labels": ["hot"]}
