"""Finds the executions whose workflow task fails again and again, says so, and ends those that are to be canceled.

Temporal tries such a task for ever, and no request reaches the workflow: a release that mends the cause lets it go on.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import WorkflowExecutionDescription
from temporalio.service import RPCError

from activities.requesting import PATIENCE, is_missing
from activities.services import Services
from automations.executions import Request, canceled_by
from automations.messages import Ending
from store.executions import end_execution, lock_execution
from store.failing_workflows import (
    list_failing_workflows,
    list_open_to_look_at,
    mark_failing_workflow,
    unmark_failing_workflow,
)
from store.ids import NIL

_FAILING = 3
"""Attempts of one workflow task: the second may follow a killed worker."""
_LATE = timedelta(seconds=15)
_PAGE = 1_000
_LOOKS = 20
"""Workflows that one sweep asks Temporal about."""
_EVENTS = 10
_SAID = 500
"""Characters kept of a failure."""
_LOG = structlog.get_logger("everstep.reconciling")


class FailingWorkflows:
    """Remembers how far it has looked."""

    def __init__(self, services: Services, late: timedelta = _LATE) -> None:
        self._services = services
        self._late = late
        self._cursor = NIL

    async def sweep(self) -> int:
        """Looks at those that are known and at a few that are late; returns how many it found, ended or saw go on."""
        now = datetime.now(UTC)
        async with self._services.database.connection() as connection:
            known = await list_failing_workflows(connection, _LOOKS)
            page = await list_open_to_look_at(connection, self._cursor, now - self._late, _PAGE)
        late = [row for row in page if row["is_late"]][:_LOOKS]
        is_last = len(page) < _PAGE and len(late) < _LOOKS
        self._cursor = NIL if is_last else (late if len(late) == _LOOKS else page)[-1]["id"]
        seen = {row["id"] for row in known}
        return sum([await self._look(row) for row in [*known, *(row for row in late if row["id"] not in seen)]])

    async def _look(self, row: Any) -> bool:
        found = await self._described(row)
        task = found.raw_description.pending_workflow_task if found else None
        if found is None or task is None or found.close_time or task.attempt < _FAILING:
            return row["is_known"] and await self._unmark(row)
        if row["finished_at"] is not None or (row["request"] or {}).get("kind") == "cancel":
            return await self._end(row)
        reason = await self._reason(row, found)
        async with self._services.database.connection() as connection:
            is_new = await mark_failing_workflow(connection, row["id"], task.attempt, reason, datetime.now(UTC))
        if is_new:
            _LOG.error("workflow_task_failing", execution_id=str(row["id"]), attempts=task.attempt, why=reason)
        return is_new

    async def _described(self, row: Any) -> WorkflowExecutionDescription | None:
        try:
            return await self._services.temporal.get_workflow_handle(row["workflow_id"]).describe(rpc_timeout=PATIENCE)
        except RPCError as error:
            if is_missing(error):
                return None
            raise

    async def _reason(self, row: Any, found: WorkflowExecutionDescription) -> str:
        """What the newest failure in the history says."""
        asked = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._services.temporal.namespace,
            execution=WorkflowExecution(workflow_id=row["workflow_id"], run_id=found.run_id),
            maximum_page_size=_EVENTS,
        )
        service = self._services.temporal.workflow_service
        answer = await service.get_workflow_execution_history_reverse(asked, timeout=PATIENCE)
        events = (event.workflow_task_failed_event_attributes for event in answer.history.events)
        failure = next((event.failure for event in events if event.HasField("failure")), None)
        if failure is None:
            return "no worker finished it in time"
        error = await self._services.temporal.data_converter.decode_failure(failure)
        return str(getattr(error, "message", error))[:_SAID]

    async def _end(self, row: Any) -> bool:
        """In the books first, then in Temporal; whoever is killed in between leaves it known, and it is ended again."""
        async with self._services.database.transaction() as connection:
            await mark_failing_workflow(connection, row["id"], _FAILING, "it is being ended", datetime.now(UTC))
            locked = await lock_execution(connection, row["id"])
            if locked and locked["finished_at"] is None:
                request = Request.model_validate(locked["request"] or row["request"])
                ending = Ending(
                    execution_id=row["id"], now=datetime.now(UTC), state="canceled", reason=canceled_by(request),
                    cancel_reason=request.cause,
                )  # fmt: skip
                await end_execution(connection, ending)
        handle = self._services.temporal.get_workflow_handle(row["workflow_id"])
        await handle.terminate("the execution is over", rpc_timeout=PATIENCE)
        _LOG.warning("end_made_up", execution_id=str(row["id"]), found="its workflow task fails", was=row["state"])
        return await self._unmark(row)

    async def _unmark(self, row: Any) -> bool:
        async with self._services.database.connection() as connection:
            return await unmark_failing_workflow(connection, row["id"])
