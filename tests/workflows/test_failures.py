"""Expected failures obey `on_error`; a condition asks a person for the path."""

from typing import Any
from uuid import UUID

import pytest

from tests.engine import Engine, until

WRONG = {"id": "set", "type": "change_field_value", "changes": [{"field": "seats", "value": "many"}]}
RIGHT = {"id": "set", "type": "change_field_value", "changes": [{"field": "seats", "value": 7}]}
AFTER = {"id": "after", "type": "change_field_value", "changes": [{"field": "status", "value": "gone on"}]}


async def started(engine: Engine, *steps: dict[str, Any]) -> tuple[UUID, UUID]:
    """The execution and its record."""
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=list(steps))
    return await engine.start(record=lead), lead


async def test_an_expected_failure_pauses_on_its_step_with_the_reason(engine: Engine) -> None:
    execution, _ = await started(engine, WRONG, AFTER)
    row = await engine.in_state(execution, "paused", reason="error")
    assert (row["step_id"], row["steps_failed"]) == ("set", 1)
    [step] = await engine.steps(execution)
    assert step["error"]["sentence"] == row["reason"]
    assert "seats" in row["reason"]
    assert step["status"] == "failed"


async def test_resume_after_an_error_runs_the_step_as_it_is_by_now(engine: Engine) -> None:
    execution, lead = await started(engine, WRONG, AFTER)
    await engine.in_state(execution, "paused", reason="error")
    await engine.save(object="lead", steps=[RIGHT, AFTER])
    await engine.ask(execution, "resume")
    row = await engine.ended(execution)
    assert await engine.visits(execution) == [("set", "failed"), ("set", "completed"), ("after", "completed")]
    assert [step["revision"] for step in await engine.steps(execution)] == [1, 2, 2]
    assert (await engine.record(lead))["field_values"] == {"seats": 7, "status": "gone on"}
    assert (row["steps_failed"], row["reason"]) == (1, None)


async def test_resume_without_a_change_fails_again_as_a_step_run_of_its_own(engine: Engine) -> None:
    execution, _ = await started(engine, WRONG)
    await engine.in_state(execution, "paused", reason="error")
    await engine.ask(execution, "resume")

    async def failed_twice() -> bool:
        return await engine.visits(execution) == [("set", "failed"), ("set", "failed")]

    await until(failed_twice)
    await engine.in_state(execution, "paused", reason="error")


async def test_skip_goes_past_a_failed_step(engine: Engine) -> None:
    execution, _ = await started(engine, WRONG, AFTER)
    await engine.in_state(execution, "paused", reason="error")
    await engine.ask(execution, "skip")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("set", "failed"), ("after", "completed")]


@pytest.mark.parametrize("on_error", ["continue", "continue_silently"])
async def test_a_step_that_may_fail_is_counted_and_gone_past(engine: Engine, on_error: str) -> None:
    execution, _ = await started(engine, {**WRONG, "on_error": on_error}, AFTER)
    row = await engine.ended(execution)
    assert row["steps_failed"] == 1
    assert await engine.visits(execution) == [("set", "failed"), ("after", "completed")]


async def test_some_changes_that_fail_leave_the_step_completed(engine: Engine) -> None:
    some = {**WRONG, "changes": [*WRONG["changes"], {"field": "status", "value": "set"}, {"field": "gone", "value": 1}]}
    execution, lead = await started(engine, some)
    row = await engine.ended(execution)
    [step] = await engine.steps(execution)
    assert (step["status"], row["steps_failed"]) == ("completed", 0)
    assert [(each["field"], each["code"]) for each in step["output"]["not_changed"]] == [
        ("seats", "invalid_field_value"),
        ("gone", "unknown_field"),
    ]
    assert step["error"]["code"] == "partial_failure"
    assert step["error"]["sentence"] == row["warning"]
    assert row["warning"].startswith("2 of the 3 changes of step set failed: ")
    assert (await engine.record(lead))["field_values"] == {"seats": 0, "status": "set"}


BROKEN = {
    "id": "big",
    "type": "condition",
    "if": {"field": "gone", "op": "is", "value": "x"},
    "if_yes": [{**AFTER, "id": "yes"}],
    "if_no": [{**AFTER, "id": "no"}],
}


@pytest.mark.parametrize("path", ["yes", "no"])
async def test_a_condition_that_cannot_be_decided_waits_for_a_person_to_choose_the_path(engine: Engine, path: str) -> None:
    execution, _ = await started(engine, BROKEN, {**AFTER, "id": "joined"})
    row = await engine.in_state(execution, "paused", reason="condition_error")
    assert "gone" in row["reason"]
    await engine.ask(execution, "resume")
    await engine.ask(execution, "skip", path=path)
    await engine.ended(execution)
    assert await engine.visits(execution) == [("big", "failed"), (path, "completed"), ("joined", "completed")]


async def test_a_condition_that_fails_unexpectedly_is_not_tried_again(engine: Engine) -> None:
    whole = {**BROKEN, "if": {"field": "seats", "op": ">=", "value": 1}}
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[{"id": "wait", "type": "delay", "days": 1}, whole])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    async with engine.database.connection() as connection:
        await connection.execute(
            "alter table step_runs add constraint none check (step_type <> 'condition' or status = 'failed')"
        )
    await engine.ask(execution, "skip")
    await engine.in_state(execution, "paused", reason="condition_error")
    await engine.ask(execution, "skip", path="no")
    row = await engine.ended(execution)
    assert row["steps_failed"] == 1
    assert await engine.visits(execution) == [("wait", "skipped"), ("big", "failed"), ("no", "completed")]


async def test_a_stop_step_ends_or_pauses_the_execution_as_it_says(engine: Engine) -> None:
    for action, state in {"complete": "completed", "cancel": "canceled", "fail": "failed"}.items():
        await engine.save(steps=[{"id": "stop", "type": "stop_execution", "action": action, "reason": f"to {action}"}])
        row = await engine.ended(await engine.start(), state)
        assert row["reason"] == f"to {action}"


@pytest.mark.parametrize(("action", "reason"), [("pause", "automation"), ("pause_with_error", "error")])
async def test_resume_after_a_stop_step_goes_on_behind_it(engine: Engine, action: str, reason: str) -> None:
    execution, _ = await started(engine, {"id": "stop", "type": "stop_execution", "action": action, "reason": "look"}, AFTER)
    row = await engine.in_state(execution, "paused", reason=reason)
    assert row["reason"] == "look"
    await engine.ask(execution, "resume")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("stop", "completed"), ("after", "completed")]
