"""Promises of the execution model that no single part keeps alone; docs/execution-model.md lists all of them."""

from store.automations import set_active
from tests.builders import branch, change, condition, delay, start, update, variable
from tests.engine import Engine
from tests.workflows.counting import COUNT

ASKS = {"field": "status", "op": "=", "value": "seen"}


async def test_an_open_execution_goes_on_after_its_automation_was_deactivated(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[delay("wait"), COUNT])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    async with engine.database.transaction() as connection:
        await set_active(connection, "subject", False)
    await engine.order(execution, "skip")
    await engine.ended(execution)
    assert (await engine.record(lead))["field_values"]["seats"] == 1


async def test_a_failed_step_undoes_nothing_that_ran_before_it(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[COUNT, change("wrong", gone=1), change("never", status="x")])
    execution = await engine.start(record=lead)
    row = await engine.in_state(execution, "paused", reason="error")
    assert row["steps_failed"] == 1
    assert (await engine.record(lead))["field_values"] == {"seats": 1}
    await engine.order(execution, "cancel")
    await engine.ended(execution, "canceled")
    assert (await engine.record(lead))["field_values"] == {"seats": 1}


async def test_a_condition_asks_the_record_as_it_is_when_it_runs(engine: Engine) -> None:
    lead = await engine.lead(status="new")
    await engine.save(
        object="lead", steps=[delay("wait"), condition("ask", [change("yes", seats=1)], [change("no", seats=2)], **{"if": ASKS})]
    )
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    await engine.edit(lead, status="seen")
    await engine.order(execution, "skip")
    await engine.ended(execution)
    asked = (await engine.steps(execution))[1]
    assert asked["output"] == {"path": "yes"}
    assert [(used["ref"], used["found"], used["matched"]) for used in asked["used"]] == [("field status", "seen", True)]


async def test_a_variable_keeps_what_it_was_given_when_the_record_changes(engine: Engine) -> None:
    lead = await engine.lead(status="new")
    kept = variable("kept", {"field": "status"}, type="string")
    later = update("later", "now", {"field": "status"})
    await engine.save(
        object="lead", variables=[kept, variable("now", {"static": "?"}, type="string")], steps=[delay("wait"), later]
    )
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    await engine.edit(lead, status="seen")
    await engine.order(execution, "skip")
    row = await engine.ended(execution)
    assert row["variables"] == {"kept": "new", "now": "seen"}


async def test_executions_of_several_automations_change_one_record_and_lose_no_change(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    for name in ("first", "second", "third"):
        await engine.save(api_name=name, object="lead", steps=[{**COUNT, "id": f"count-{number}"} for number in range(5)])
    executions = [await engine.start(name, record=lead) for name in ("first", "second", "third")]
    for execution in executions:
        await engine.ended(execution)
    assert (await engine.record(lead))["field_values"]["seats"] == 15


async def test_a_chain_of_children_keeps_the_low_priority_of_its_first(engine: Engine) -> None:
    for depth in range(4):
        await engine.save(api_name=f"depth-{depth}", priority="regular", steps=[start("next", f"depth-{depth + 1}")])
    await engine.save(
        api_name="depth-4", priority="regular", steps=[update("end", "n", {"static": 1})], variables=[variable("n")]
    )
    first = await engine.start("depth-0", priority="low")
    await engine.ended(first)
    last = await engine.latest("depth-4")
    await engine.ended(last["id"])
    assert (last["priority"], last["depth"], last["root_id"]) == ("low", 4, first)
    assert (await (await engine.handle(last["id"])).describe()).task_queue == f"{engine.settings.queue_prefix}-low"


async def test_lanes_may_write_the_same_field_and_the_last_one_stays(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[branch("fork", [change("a", status="a")], [change("b", status="b")])])
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    assert {"a", "b"} < {row["step_id"] for row in await engine.steps(execution)}
    assert (await engine.record(lead))["field_values"]["status"] in {"a", "b"}


async def test_nothing_of_an_automation_runs_before_a_worker_takes_it(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[COUNT])
    execution = await engine.start(record=lead, launched=False)
    row = await engine.execution(execution)
    assert (row["state"], row["steps_run"], row["workflow_started"]) == ("active", 0, False)
    assert (await engine.record(lead))["field_values"]["seats"] == 0
