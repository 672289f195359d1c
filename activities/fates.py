"""What became of a workflow, as Temporal tells it: for rows of which nobody wrote how they ended."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError, TimeoutError
from temporalio.service import RPCError

from activities.requesting import PATIENCE, is_missing
from automations.executions import CancelReason, TerminalState
from automations.messages import Ending, EndReport
from store.database import Database
from store.executions import end_execution, lock_execution

_GOING_ON = (None, WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)


Activity = Literal["idle", "in a step", "about to move", "failing"]
"""`failing`: its workflow task is tried again and again, as that of a history which its worker remembers otherwise."""


@dataclass(frozen=True)
class Fate:
    """How an execution is to end, and what was found."""

    state: TerminalState
    reason: str
    cancel_reason: CancelReason | None = None


MISSING = Fate("canceled", "its workflow is not in Temporal any more", "temporal")


async def activity_of(client: Client, workflow_id: str) -> Activity:
    """Of a workflow that runs. Raises RPCError, also where it is not there."""
    description = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=PATIENCE)
    raw = description.raw_description
    if not raw.HasField("pending_workflow_task"):
        return "in a step" if raw.pending_activities else "idle"
    return "failing" if raw.pending_workflow_task.attempt > 1 else "about to move"


async def fate_of(client: Client, workflow_id: str) -> Fate | None:
    """None for a workflow that goes on. Raises RPCError while Temporal is away."""
    handle = client.get_workflow_handle(workflow_id, result_type=EndReport)
    try:
        description = await handle.describe(rpc_timeout=PATIENCE)
        if description.status in _GOING_ON:
            return None
        report = await handle.result(rpc_timeout=PATIENCE)
    except WorkflowFailureError as error:
        return _failed(error.cause)
    except RPCError as error:
        if not is_missing(error):
            raise
        return MISSING
    return Fate(report.state, report.reason or "its workflow had ended in Temporal")


def _failed(cause: BaseException) -> Fate:
    match cause:
        case TerminatedError():
            return Fate("canceled", f"its workflow was terminated in Temporal: {cause.message}", "temporal")
        case CancelledError():
            return Fate("canceled", "its workflow was canceled in Temporal", "temporal")
        case TimeoutError():
            return Fate("failed", "its workflow timed out in Temporal")
        case ApplicationError(type="execution_failed", message=reason):
            return Fate("failed", reason)
        case _:
            return Fate("failed", "its workflow failed in Temporal: its history there says why")


async def end_as_found(database: Database, row: Any, fate: Fate) -> Any | None:
    """The row as it was before; None if it was ended in the meantime, or is about to be started again.

    A workflow writes its end before it closes.
    """
    async with database.transaction() as connection:
        locked = await lock_execution(connection, row["id"])
        if locked is None or locked["finished_at"] is not None or not locked["workflow_started"]:
            return None
        ending = Ending(
            execution_id=row["id"], now=datetime.now(UTC), state=fate.state, reason=fate.reason,
            cancel_reason=fate.cancel_reason,
        )  # fmt: skip
        await end_execution(connection, ending)
    return locked
