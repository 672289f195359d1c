"""A save during an open execution: what ran stays as it ran, what comes follows the newest document."""

from typing import Any
from uuid import UUID

from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.workflows.skipping import over_the_waits

WAIT = {"id": "wait", "type": "delay", "days": 1}


def change(name: str, value: str = "set") -> dict[str, Any]:
    return {"id": name, "type": "change_field_value", "changes": [{"field": "status", "value": value}]}


async def waiting(engine: Engine, *steps: dict[str, Any]) -> UUID:
    """An execution in a delay."""
    lead = await engine.lead()
    await engine.save(object="lead", steps=list(steps))
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    return execution


async def saved_and_skipped(engine: Engine, execution: UUID, *steps: dict[str, Any]) -> list[tuple[str, str]]:
    """The visits once a save has changed the steps and a person has passed over the delay."""
    await engine.save(object="lead", steps=list(steps))
    await engine.ask(execution, "skip")
    await engine.ended(execution)
    return await engine.visits(execution)


async def test_steps_put_in_after_the_delay_run(engine: Engine) -> None:
    execution = await waiting(engine, change("a"), WAIT, change("b"))
    visits = await saved_and_skipped(engine, execution, change("a"), WAIT, change("new"), change("b"))
    assert visits == [("a", "completed"), ("wait", "skipped"), ("new", "completed"), ("b", "completed")]


async def test_what_ran_is_shown_as_it_ran(engine: Engine) -> None:
    execution = await waiting(engine, change("a", "old"), WAIT, change("b", "old"))
    await saved_and_skipped(engine, execution, change("a", "new"), WAIT, change("b", "new"))
    ran = {row["step_id"]: (row["revision"], row["document"]["steps"]) for row in await engine.steps(execution)}
    assert {step: revision for step, (revision, _) in ran.items()} == {"a": 1, "wait": 1, "b": 2}
    assert ran["a"][1][0]["changes"][0]["value"] == "old"
    assert ran["b"][1][2]["changes"][0]["value"] == "new"


async def test_a_delay_that_was_deleted_goes_on_at_the_next_step_that_is_left(engine: Engine) -> None:
    execution = await waiting(engine, WAIT, change("b"), change("c"))
    assert await saved_and_skipped(engine, execution, change("c")) == [("wait", "skipped"), ("c", "completed")]
    assert (await engine.execution(execution))["warning"] == "Step wait was deleted: the execution went on at step c."


async def test_a_delay_that_ends_after_it_was_deleted_goes_on_too(skipping_engine: Engine) -> None:
    engine = skipping_engine
    execution = await waiting(engine, WAIT, change("b"), change("c"))
    await engine.save(object="lead", steps=[change("new"), change("c")])
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == [("wait", "completed"), ("c", "completed")]
    assert [row["revision"] for row in await engine.steps(execution)] == [1, 2]
    assert (await engine.execution(execution))["warning"] == "Step wait was deleted: the execution went on at step c."


async def test_a_step_that_is_deleted_before_a_resume_is_jumped_over_with_a_warning(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[change("b") | {"changes": [{"field": "gone", "value": 1}]}, change("c")])
    held = await engine.start(record=lead)
    await engine.in_state(held, "paused", reason="error")
    await engine.save(object="lead", steps=[change("c")])
    await engine.order(held, "resume")
    row = await engine.ended(held)
    assert row["warning"] == "Step b was deleted: the execution went on at step c."


async def test_after_a_skip_the_next_save_is_read_from_where_the_execution_stands(engine: Engine) -> None:
    """The step it stands before came with the first save, and goes with the second."""
    execution = await waiting(engine, WAIT, change("b"))
    again = {"id": "again", "type": "delay", "days": 1}
    await engine.save(object="lead", steps=[WAIT, again, change("x"), change("b")])
    await engine.ask(execution, "skip")
    await until(lambda: _at(engine, execution, "again"))
    await engine.save(object="lead", steps=[change("x"), change("b")])
    await engine.ask(execution, "skip")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("wait", "skipped"), ("again", "skipped"), ("x", "completed"), ("b", "completed")]


async def _at(engine: Engine, execution: UUID, step: str) -> bool:
    row = await engine.execution(execution)
    return row["step_id"] == step and row["state"] == "paused"


async def test_nothing_left_completes_with_a_reason(engine: Engine, http: HttpServer) -> None:
    http.answers = [404]
    lead = await engine.lead()
    await engine.save(object="lead", steps=[{"id": "call", "type": "http_request", "url": http.url}])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    await engine.save(object="lead", steps=[])
    await engine.order(execution, "resume")  # of the row, as it is paused a moment before the workflow
    row = await engine.ended(execution)
    assert row["warning"] == "Step call was deleted, and nothing that comes after it is left."


async def test_a_skipped_delay_with_nothing_left_behind_it_completes_with_a_warning(engine: Engine) -> None:
    execution = await waiting(engine, change("a"), WAIT, change("b"))
    await saved_and_skipped(engine, execution, change("a"))
    assert "Step wait was deleted" in (await engine.execution(execution))["warning"]


async def test_a_failed_step_that_was_deleted_goes_on_behind_it_at_resume(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(
        object="lead", steps=[{**change("a"), "changes": [{"field": "gone", "value": 1}]}, change("b"), change("c")]
    )
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    await engine.save(object="lead", steps=[change("c")])
    await engine.order(execution, "resume")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("a", "failed"), ("c", "completed")]


async def test_a_step_of_another_type_by_now_runs_as_that(engine: Engine, http: HttpServer) -> None:
    http.answers = [404, 200]
    lead = await engine.lead()
    await engine.save(object="lead", steps=[{**change("a"), "changes": [{"field": "gone", "value": 1}]}])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    await engine.save(object="lead", steps=[{"id": "a", "type": "http_request", "url": http.url}])
    await engine.order(execution, "resume")
    await http.was_asked(1)
    await engine.in_state(execution, "paused", reason="error")
    await engine.save(object="lead", steps=[change("a")])
    await engine.order(execution, "resume")
    await engine.ended(execution)
    steps = [(row["step_type"], row["status"], row["sequence"]) for row in await engine.steps(execution)]
    assert steps == [("change_field_value", "failed", 1), ("http_request", "failed", 2), ("change_field_value", "completed", 3)]


async def test_a_step_put_in_behind_a_running_one_runs(engine: Engine, http: HttpServer) -> None:
    http.hold()
    lead = await engine.lead()
    call = {"id": "call", "type": "http_request", "url": http.url}
    await engine.save(object="lead", steps=[call, change("b")])
    execution = await engine.start(record=lead)
    await http.was_asked(1)
    await engine.save(object="lead", steps=[call, change("new"), change("b")])
    http.let_go()
    await engine.ended(execution)
    assert await engine.visits(execution) == [("call", "completed"), ("new", "completed"), ("b", "completed")]
    assert [row["revision"] for row in await engine.steps(execution)] == [1, 2, 2]


async def test_a_retrying_step_that_was_deleted_keeps_its_failures_and_the_next_one_is_its_own(
    engine: Engine, http: HttpServer
) -> None:
    http.answers = [500]
    lead = await engine.lead()
    await engine.save(object="lead", steps=[{"id": "call", "type": "http_request", "url": http.url}, change("b")])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "retrying")
    await engine.save(object="lead", steps=[change("b")])
    await engine.ask(execution, "retry")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("call", "canceled"), ("b", "completed")]
    assert len((await engine.steps(execution))[0]["failures"]) == 1


async def test_go_to_a_step_that_is_gone_is_an_expected_failure(engine: Engine) -> None:
    jump = {"id": "jump", "type": "go_to_step", "step": "a"}
    execution = await waiting(engine, change("a"), WAIT, jump)
    await engine.save(object="lead", steps=[WAIT, jump])
    await engine.ask(execution, "skip")
    row = await engine.in_state(execution, "paused", reason="error")
    assert row["reason"] == "There is no step a (any more)."
