"""Temporal has forgotten workflows, as one restored from an older backup: nothing is ended that a person did not decide on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from activities.reconciling import Reconciler
from activities.recovering import recover_once
from activities.reloading import start_again
from activities.starting import launch, restarted
from automations.executions import Request
from store import missing_workflows as stored
from store.ids import new_id
from tests.activities.test_reconciling import REST, change, delete_workflow
from tests.builders import change as set_field
from tests.builders import goal, math
from tests.engine import Engine, until

MOST = 2


def hit(id: str) -> dict[str, Any]:
    """Adds one to the lead's seats."""
    return math(id, {"field": "seats"}, {"constant": 1}, into={"field": "seats"})


def wait(id: str, **length: Any) -> dict[str, Any]:
    return {"id": id, "type": "delay", **(length or {"days": 1})}


def branch(**lanes: list[dict[str, Any]]) -> dict[str, Any]:
    found = [{"name": name, "steps": steps} for name, steps in lanes.items()]
    return {"id": "fork", "type": "branch", "lanes": found}


@pytest.fixture
def reconciler(engine: Engine) -> Reconciler:
    settings = engine.settings.model_copy(update={"max_missing_workflows": MOST})
    return Reconciler(replace(engine.services, settings=settings), untouched=timedelta(0))


async def resting(engine: Engine, count: int) -> list[UUID]:
    await engine.save(steps=[REST])
    executions = [await engine.start() for _ in range(count)]
    for execution in executions:
        await engine.in_state(execution, "paused", reason="delay")
    return executions


async def forgotten(engine: Engine, executions: list[UUID]) -> None:
    for execution in executions:
        await delete_workflow(engine, execution)


async def rounds(reconciler: Reconciler, count: int = 4) -> list[dict[str, Any]]:
    """What is logged while it goes over all open rows so often."""
    with capture_logs() as logs:
        for _ in range(count):
            await reconciler.end_gone()
    return [dict(log) for log in logs]


async def recovered(engine: Engine, decision: stored.Decision) -> Any:
    """The row of a recovery that was carried out."""
    recovery = new_id()
    async with engine.database.connection() as connection:
        now = datetime.now(UTC)
        assert await stored.insert_recovery(connection, recovery, decision, by="ada@example.com", why="restored", now=now)

    async def over() -> Any:
        await recover_once(engine.services)
        async with engine.database.connection() as connection:
            row = await stored.read_recovery(connection, recovery)
        return row if row and row["finished_at"] else None

    return await until(over)


async def set_back(engine: Engine, execution: UUID) -> None:
    """The workflow as it was before its first step, without the signals since, as an older Temporal has it."""
    row = await engine.execution(execution)
    request = ResetWorkflowExecutionRequest(
        namespace=engine.client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=row["workflow_id"]),
        reason="restored",
        workflow_task_finish_event_id=4,
        request_id=str(new_id()),
        reset_reapply_exclude_types=[ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL],
    )
    await engine.client.workflow_service.reset_workflow_execution(request)


async def seats(engine: Engine, record: UUID) -> int:
    return (await engine.record(record))["field_values"]["seats"]


async def test_a_few_executions_without_a_workflow_are_ended_at_the_end_of_a_round(
    engine: Engine, reconciler: Reconciler
) -> None:
    gone, *others = await resting(engine, 3)
    await forgotten(engine, [gone])
    await rounds(reconciler)
    assert (await engine.execution(gone))["cancel_reason"] == "temporal"
    assert {(await engine.execution(other))["state"] for other in others} == {"paused"}


async def test_more_of_them_are_left_as_they_are_and_one_line_says_what_to_do(engine: Engine, reconciler: Reconciler) -> None:
    gone = await resting(engine, MOST + 1)
    [other] = await resting(engine, 1)
    await forgotten(engine, gone)
    logs = await rounds(reconciler)
    assert {(await engine.execution(each))["state"] for each in [*gone, other]} == {"paused"}
    [line] = [log for log in logs if log["log_level"] == "error"]
    assert (line["event"], line["count"]) == ("workflows_missing", MOST + 1)
    assert "everstep recover start-again" in line["what_to_do"]


async def test_a_few_at_a_time_are_no_way_round_the_limit(engine: Engine, reconciler: Reconciler) -> None:
    executions = await resting(engine, MOST + 3)
    ended = []
    for execution in executions[: MOST + 2]:
        await forgotten(engine, [execution])
        await rounds(reconciler)
        ended.append((await engine.execution(execution))["finished_at"] is not None)
    assert ended == [True] * MOST + [False] * 2


async def test_a_workflow_that_is_there_again_is_missed_no_more(engine: Engine, reconciler: Reconciler) -> None:
    executions = await resting(engine, MOST + 2)
    for execution in executions:
        await change(engine, execution, "workflow_id = 'no such workflow ' || id")
    await rounds(reconciler)
    async with engine.database.connection() as connection:
        assert await stored.count_missing(connection) == MOST + 2
    for execution in executions:
        await change(engine, execution, "workflow_id = 'subject/global/' || id")
    await rounds(reconciler)
    async with engine.database.connection() as connection:
        assert await stored.count_missing(connection) == 0


async def test_an_operator_may_end_them(engine: Engine, reconciler: Reconciler) -> None:
    gone = await resting(engine, MOST + 1)
    [other] = await resting(engine, 1)
    await forgotten(engine, gone)
    await rounds(reconciler)
    assert (await recovered(engine, "end"))["ended"] == MOST + 1
    row = await engine.execution(gone[0])
    assert (row["state"], row["cancel_reason"]) == ("canceled", "temporal")
    assert row["reason"].startswith("ended by ada@example.com: restored")
    assert (await engine.execution(other))["state"] == "paused"


async def test_one_that_waits_goes_on_waiting_and_then_goes_on(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[hit("a"), wait("rest"), hit("b")])
    execution = await engine.start(record=lead)
    before = await engine.in_state(execution, "paused", reason="delay")
    await forgotten(engine, [execution])
    assert (await recovered(engine, "start_again"))["started"] == 1
    await until(lambda: is_running(engine, execution))
    row = await engine.execution(execution)
    assert (row["state"], row["waiting_until"]) == ("paused", before["waiting_until"])
    await engine.order(execution, "skip")
    await engine.ended(execution)
    assert await engine.visits(execution) == [
        ("a", "completed"), ("rest", "skipped"), ("b", "completed"),
    ]  # fmt: skip
    assert await seats(engine, lead) == 2


async def is_running(engine: Engine, execution: UUID) -> bool:
    row = await engine.execution(execution)
    return row["workflow_started"] and row["start_request"]["start"]["carried"] is not None


async def test_one_whose_moment_has_passed_goes_on_at_once(engine: Engine) -> None:
    await engine.save(steps=[wait("rest"), {"id": "stop", "type": "stop_execution"}])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    await forgotten(engine, [execution])
    async with engine.database.connection() as connection:
        await connection.execute("update step_runs set outcome = jsonb_set(outcome, '{until}', to_jsonb(now() - interval '1 s'))")
    await recovered(engine, "start_again")
    await engine.ended(execution)


async def test_a_goal_that_was_met_meanwhile_is_met(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    paths = {"met": [hit("met")], "not_met": [hit("not-met")]}
    awaited = goal("aim", {"type": "field_updated", "field": "status"}, **paths)
    await engine.save(object="lead", steps=[awaited])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="goal")
    await forgotten(engine, [execution])
    await engine.edit(lead, status="won")
    await recovered(engine, "start_again")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("aim", "completed"), ("met", "completed")]


async def test_lanes_go_on_each_from_where_it_stood_and_join_once(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    fork = branch(quick=[hit("a")], slow=[wait("rest"), hit("b")], far=[hit("c"), wait("long"), hit("d")])
    await engine.save(object="lead", steps=[fork, hit("joined")])
    execution = await engine.start(record=lead)

    async def two_wait() -> bool:
        lanes = (await engine.execution(execution))["lanes"]
        return [each["state"] for each in lanes.values()].count("paused") == 2 and len(lanes) == 3

    await until(two_wait)
    await forgotten(engine, [execution])
    await recovered(engine, "start_again")
    await until(lambda: is_running(engine, execution))
    await engine.order(execution, "skip", step="rest")
    await engine.order(execution, "skip", step="long")
    await engine.ended(execution)
    assert sorted(await engine.visits(execution)) == [
        ("a", "completed"), ("b", "completed"), ("c", "completed"), ("d", "completed"),
        ("fork", "completed"), ("joined", "completed"), ("long", "skipped"), ("rest", "skipped"),
    ]  # fmt: skip
    assert await seats(engine, lead) == 5


async def test_what_a_person_paused_stays_paused_and_can_be_resumed(engine: Engine) -> None:
    await engine.save(steps=[wait("rest")])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    await engine.order(execution, "pause", why="lunch")
    await engine.in_state(execution, "paused", reason="manual")
    await forgotten(engine, [execution])
    await recovered(engine, "start_again")
    await until(lambda: is_running(engine, execution))
    assert (await engine.execution(execution))["pause_reason"] == "manual"
    await engine.order(execution, "resume")
    await engine.in_state(execution, "paused", reason="delay")
    await engine.order(execution, "skip")
    await engine.ended(execution)


async def test_a_resume_that_comes_with_the_start_lifts_the_pause_that_is_shown(
    engine: Engine,
) -> None:
    await engine.save(steps=[wait("rest")])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    await engine.order(execution, "pause", why="lunch")
    await engine.in_state(execution, "paused", reason="manual")
    await forgotten(engine, [execution])
    async with engine.database.transaction() as connection:
        now = datetime.now(UTC)
        assert await start_again(connection, engine.services.definitions, execution, now)
    row = restarted(await engine.execution(execution))
    resume = Request(id="resume", kind="resume", by="ada@example.com")
    await launch(engine.client, engine.settings, row, resume)
    await engine.in_state(execution, "paused", reason="delay")


async def test_what_failed_waits_for_a_person_and_runs_that_step_again(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[set_field("set", seats="{{ record.nowhere }}")])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    await forgotten(engine, [execution])
    await recovered(engine, "start_again")
    await until(lambda: is_running(engine, execution))
    await engine.save(object="lead", steps=[set_field("set", status="new")])
    await engine.order(execution, "resume")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("set", "failed"), ("set", "completed")]


async def test_one_that_never_came_to_its_first_step_begins(engine: Engine) -> None:
    await engine.save(steps=[{"id": "stop", "type": "stop_execution"}])
    execution = await engine.start(launched=False)
    await change(engine, execution, "workflow_started = true, launch_at = now()")
    await recovered(engine, "start_again")
    await engine.ended(execution)


LANES = [
    branch(quick=[hit("a"), hit("b")], slow=[hit("c"), wait("rest"), hit("d"), wait("long"), hit("e")]),
    hit("joined"),
]


@pytest.mark.parametrize("is_recovered", [True, False])
async def test_a_workflow_that_is_behind_its_row_does_nothing_twice(engine: Engine, is_recovered: bool) -> None:
    """Its lanes come to their steps in another order than they did before."""
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=LANES)
    execution = await engine.start(record=lead)

    async def waits_at(step: str) -> bool:
        return any(each["step"] == step for each in (await engine.execution(execution))["lanes"].values())

    await until(lambda: waits_at("rest"))
    await engine.order(execution, "skip", step="rest")
    await until(lambda: waits_at("long"))
    assert await seats(engine, lead) == 4
    await set_back(engine, execution)
    if is_recovered:
        await recovered(engine, "start_again")
    await engine.until_over(execution, "skip")
    assert await seats(engine, lead) == 6
    assert len(await engine.visits(execution)) == 9


async def test_a_workflow_that_has_forgotten_a_resume_is_noticed(engine: Engine, reconciler: Reconciler) -> None:
    """Its row says that it runs, and it waits for a resume that came long ago."""
    lead = await engine.lead()
    await engine.save(object="lead", steps=[set_field("set", seats="{{ record.nowhere }}")])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    await change(engine, execution, "state = 'active', pause_reason = null, reason = null")
    await engine.save(object="lead", steps=[set_field("set", status="new")])
    logs = await rounds(reconciler)
    assert [log["event"] for log in logs] == ["reload_made_up"]
    await engine.ended(execution)


async def test_a_workflow_behind_a_row_that_is_over_ends_as_the_row_did(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[hit("a"), wait("rest"), hit("b")])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    await engine.ask(execution, "cancel")
    await engine.ended(execution, "canceled")
    await set_back(engine, execution)
    await engine.ended(execution, "canceled")
    assert await seats(engine, lead) == 1
