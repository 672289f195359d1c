"""States that a crash, a lost signal or a hand in Temporal or the database leaves behind, made on purpose, and mended."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.chores import making_up
from activities.reconciling import Reconciler
from activities.services import Services
from automations.executions import Request
from store.requests import list_requests
from tests.engine import Engine, until
from tests.keys import CONVERTER
from tests.workflows.history import history_of

REST = {"id": "rest", "type": "delay", "days": 1}
STOP = {"id": "stop", "type": "stop_execution", "action": "fail", "reason": "no more"}


@pytest.fixture
def reconciler(engine: Engine) -> Reconciler:
    return Reconciler(engine.services, untouched=timedelta(0))


async def resting(engine: Engine, **cause: Any) -> UUID:
    """An execution that waits for a day."""
    await engine.save(steps=[REST])
    execution = await engine.start(**cause)
    await engine.in_state(execution, "paused", reason="delay")
    return execution


async def change(engine: Engine, execution: UUID, assignments: str) -> None:
    """Something that the engine itself would not write."""
    async with engine.database.connection() as connection:
        await connection.execute(f"update executions set {assignments} where id = $1", execution)


async def reopen(engine: Engine, execution: UUID) -> None:
    """As an older backup of the database has it."""
    await change(engine, execution, "state = 'active', finished_at = null, reason = null")


async def closed(engine: Engine, execution: UUID) -> WorkflowExecutionStatus | None:
    description = await (await engine.handle(execution)).describe()
    return description.status if description.close_time else None


async def delete_workflow(engine: Engine, execution: UUID) -> None:
    row = await engine.execution(execution)
    request = DeleteWorkflowExecutionRequest(
        namespace=engine.client.namespace, workflow_execution=WorkflowExecution(workflow_id=row["workflow_id"])
    )
    await engine.client.workflow_service.delete_workflow_execution(request)

    async def gone() -> bool:
        try:
            await (await engine.handle(execution)).describe()
        except RPCError as error:
            return error.status == RPCStatusCode.NOT_FOUND
        return False

    await until(gone, says="Temporal, which terminates it first, has deleted it")


async def test_a_workflow_that_was_terminated_ends_its_row_once_and_says_what_was_found(
    engine: Engine, reconciler: Reconciler
) -> None:
    execution, other = await resting(engine), await resting(engine)
    await (await engine.handle(execution)).terminate(reason="by mistake")
    with capture_logs() as logs:
        assert await until(reconciler.end_closed) == 1
    row = await engine.execution(execution)
    assert (row["state"], row["pause_reason"], row["cancel_reason"]) == ("canceled", None, "temporal")
    assert row["reason"] == "its workflow was terminated in Temporal: by mistake"
    assert row["finished_at"]
    assert await engine.visits(execution) == [("rest", "canceled")]
    assert [(log["event"], log["execution_id"], log["was"]) for log in logs] == [("end_made_up", str(execution), "paused")]
    assert (await reconciler.end_closed(), await reconciler.end_gone()) == (0, 0)
    assert (await engine.execution(other))["state"] == "paused"


async def test_what_no_list_of_temporal_tells_any_more_is_found_row_by_row(engine: Engine, reconciler: Reconciler) -> None:
    execution = await resting(engine)
    await (await engine.handle(execution)).terminate()
    assert await reconciler.end_gone() == 1
    assert (await engine.execution(execution))["state"] == "canceled"


async def test_a_workflow_counts_as_gone_when_it_is_missing_twice_in_a_row(engine: Engine, reconciler: Reconciler) -> None:
    execution = await resting(engine)
    await change(engine, execution, "workflow_id = 'no such workflow'")
    assert await reconciler.end_gone() == 0
    await change(engine, execution, f"workflow_id = 'subject/global/{execution}'")
    assert [await reconciler.end_gone() for _ in range(2)] == [0, 0]
    await delete_workflow(engine, execution)
    assert await until(reconciler.end_gone) == 1
    row = await engine.execution(execution)
    assert (row["state"], row["cancel_reason"]) == ("canceled", "temporal")
    assert row["reason"] == "its workflow is not in Temporal any more"


async def test_a_workflow_that_timed_out_in_temporal_fails_its_row(engine: Engine, reconciler: Reconciler) -> None:
    await engine.save(steps=[REST])
    execution = await engine.start(launched=False)
    await change(engine, execution, "workflow_started = true")
    row = await engine.execution(execution)
    short = timedelta(seconds=1)
    await engine.client.start_workflow(
        "Execution", row["start_request"]["start"], id=row["workflow_id"], task_queue="nobody", execution_timeout=short
    )
    await until(lambda: closed(engine, execution))
    assert await until(reconciler.end_closed) == 1
    row = await engine.execution(execution)
    assert (row["state"], row["reason"], row["cancel_reason"]) == ("failed", "its workflow timed out in Temporal", None)


@pytest.mark.parametrize(("steps", "state"), [([], "completed"), ([STOP], "failed")])
async def test_a_row_from_an_older_backup_ends_as_its_workflow_did(
    engine: Engine, reconciler: Reconciler, steps: list[Any], state: str
) -> None:
    await engine.save(steps=steps)
    execution = await engine.start()
    await engine.ended(execution, state)
    await reopen(engine, execution)
    assert await reconciler.end_gone() == 1
    row = await engine.execution(execution)
    assert row["state"] == state
    assert ("no more" in (row["reason"] or "")) is (state == "failed")


async def test_a_canceled_workflow_whose_row_does_not_know_cancels_it(engine: Engine, reconciler: Reconciler) -> None:
    execution = await resting(engine)
    await (await engine.handle(execution)).cancel()
    await engine.ended(execution, "canceled")
    await reopen(engine, execution)
    assert await until(reconciler.end_closed) == 1
    row = await engine.execution(execution)
    assert (row["state"], row["reason"]) == ("canceled", "its workflow was canceled in Temporal")


async def test_what_runs_is_left_alone_also_after_it_was_reset_or_continued_as_new(
    engine: Engine, reconciler: Reconciler
) -> None:
    execution = await resting(engine)
    row, description = await engine.execution(execution), await (await engine.handle(execution)).describe()
    reset = ResetWorkflowExecutionRequest(
        namespace=engine.client.namespace, reason="try again", workflow_task_finish_event_id=4, request_id="reset",
        workflow_execution=WorkflowExecution(workflow_id=row["workflow_id"], run_id=description.run_id),
    )  # fmt: skip
    await engine.client.workflow_service.reset_workflow_execution(reset)
    old_run = engine.client.get_workflow_handle(row["workflow_id"], run_id=description.run_id)

    async def is_listed_as_terminated() -> bool:
        query = f"WorkflowId = '{row['workflow_id']}' AND ExecutionStatus = 'Terminated'"
        return [found.run_id async for found in engine.client.list_workflows(query)] == [old_run.run_id]

    await until(is_listed_as_terminated)
    assert [await reconciler.end_closed(), await reconciler.end_gone()] == [0, 0]
    assert (await engine.execution(execution))["state"] == "paused"


async def test_executions_that_end_by_themselves_meanwhile_end_as_they_did(engine: Engine, reconciler: Reconciler) -> None:
    await engine.save(steps=[{"id": "stop", "type": "stop_execution"}])

    async def look_on() -> None:
        while True:
            await reconciler.end_gone()
            await reconciler.end_closed()

    looking = asyncio.create_task(look_on())
    executions = [await engine.start() for _ in range(20)]
    for execution in executions:
        await engine.ended(execution)
    looking.cancel()


async def test_a_namespace_that_temporal_does_not_know_ends_nothing(engine: Engine) -> None:
    execution = await resting(engine)
    address = engine.client.service_client.config.target_host
    elsewhere = await Client.connect(address, namespace="nowhere", data_converter=CONVERTER, lazy=True)
    services = engine.services
    lost = Reconciler(
        Services(services.settings, services.database, elsewhere, services.http, services.definitions), timedelta(0)
    )
    with capture_logs() as logs:
        assert [await lost.sweep() for _ in range(3)] == [0, 0, 0]
    assert {log["event"] for log in logs} == {"service_away"}
    assert (await engine.execution(execution))["state"] == "paused"


async def test_a_workflow_whose_row_is_over_closes_and_leaves_the_row_as_it_is(engine: Engine, reconciler: Reconciler) -> None:
    execution = await resting(engine)
    await change(engine, execution, "state = 'failed', reason = 'by hand', finished_at = now() - interval '10 seconds'")
    before = dict(await engine.execution(execution))
    with capture_logs() as logs:
        assert await reconciler.close_ended() == 1
    await until(lambda: closed(engine, execution))
    assert dict(await engine.execution(execution)) == before
    assert [log["event"] for log in logs] == ["close_made_up"]
    assert await reconciler.close_ended() == 0
    assert await Reconciler(engine.services).close_ended() == 0


async def test_a_workflow_that_is_just_about_to_close_is_given_its_time(engine: Engine, reconciler: Reconciler) -> None:
    execution = await resting(engine)
    await change(engine, execution, "state = 'completed', finished_at = now()")
    assert await reconciler.close_ended() == 0
    assert await closed(engine, execution) is None


async def test_a_request_whose_signal_was_lost_is_handed_over_once(engine: Engine, reconciler: Reconciler) -> None:
    execution = await resting(engine)
    await engine.write_request(execution, Request(id="lost", kind="pause", by="ada@example.com", why="lunch"))
    assert await reconciler.signal_again() == 0
    await change(engine, execution, "requested_at = now() - interval '1 minute'")
    with capture_logs() as logs:
        assert await until(reconciler.signal_again) == 1
        assert await reconciler.signal_again() == 0
    row = await engine.in_state(execution, "paused", reason="manual")
    assert (row["reason"], row["request"]) == ("paused by ada@example.com: lunch", None)
    assert [(log["event"], log["request_id"]) for log in logs] == [("signal_made_up", "lost")]
    assert (await history_of(engine, execution)).kinds["WORKFLOW_EXECUTION_SIGNALED"] == 1


async def test_a_request_to_one_that_sleeps_for_long_is_not_taken_for_lost_at_once(
    engine: Engine, reconciler: Reconciler
) -> None:
    execution = await resting(engine)
    await change(engine, execution, "updated_at = now() - interval '1 day'")
    await engine.write_request(execution, Request(id="new", kind="cancel"))
    assert await reconciler.signal_again() == 0


async def test_a_request_that_is_handed_over_twice_counts_once(engine: Engine, reconciler: Reconciler) -> None:
    execution = await resting(engine)
    request = Request(id="twice", kind="pause", by="ada@example.com")
    await engine.send(execution, request)
    await engine.in_state(execution, "paused", reason="manual")
    await engine.ask(execution, "resume")
    await engine.in_state(execution, "paused", reason="delay")
    await engine.write_request(execution, request)
    await change(engine, execution, "requested_at = now() - interval '1 minute'")
    assert await reconciler.signal_again() == 1
    await engine.ask(execution, "skip")
    await engine.ended(execution)


async def test_an_execution_that_was_started_while_its_record_was_archived_is_canceled(
    engine: Engine, reconciler: Reconciler
) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[REST])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused")
    async with engine.database.connection() as connection:
        await connection.execute("update records set archived_at = now()")
    assert [await reconciler.end_gone() for _ in range(2)] == [1, 0]
    await change(engine, execution, "requested_at = now() - interval '1 minute'")
    assert await reconciler.signal_again() == 1
    row = await engine.ended(execution, "canceled")
    assert row["cancel_reason"] == "record_archived"
    async with engine.database.connection() as connection:
        assert [request["why"] for request in await list_requests(connection, execution)] == ["its record was archived"]


async def test_a_row_that_cannot_be_mended_stands_in_no_others_way(engine: Engine, reconciler: Reconciler) -> None:
    broken, whole = await resting(engine), await resting(engine)
    for execution in (broken, whole):
        await engine.write_request(execution, Request(id=f"lost-{execution}", kind="cancel"))
        await change(engine, execution, "requested_at = now() - interval '1 minute'")
    await change(engine, broken, """request = '{"id": "lost", "kind": "what no release knows"}'""")
    with capture_logs() as logs:
        assert await reconciler.signal_again() == 1
    assert [(log["execution_id"], log["log_level"]) for log in logs if log["event"] == "cannot_mend"] == [(str(broken), "error")]
    await engine.ended(whole, "canceled")


async def test_a_page_at_a_time_all_open_rows_are_looked_at(
    engine: Engine, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.reconciling._LOOKS", 2)
    executions = [await resting(engine) for _ in range(5)]
    for execution in executions:
        await (await engine.handle(execution)).terminate()
    # Each page ends with a shorter one before the next round begins.
    assert [await reconciler.end_gone() for _ in range(4)] == [2, 2, 1, 0]


async def test_a_worker_mends_all_of_it_by_itself(engine: Engine) -> None:
    gone, over, asked = [await resting(engine) for _ in range(3)]
    await (await engine.handle(gone)).terminate()
    await change(engine, over, "state = 'completed', finished_at = now() - interval '10 seconds'")
    await engine.write_request(asked, Request(id="lost", kind="cancel"))
    await change(engine, asked, "requested_at = now() - interval '1 minute'")
    keeping = [asyncio.create_task(chore) for chore in making_up(engine.services, timedelta(seconds=0.1))]
    await engine.in_state(gone, "canceled")
    await engine.ended(asked, "canceled")
    await until(lambda: closed(engine, over))
    for chore in keeping:
        chore.cancel()
    assert datetime.now(UTC) > (await engine.execution(gone))["finished_at"]
