"""What became of a workflow, as Temporal tells it: for rows of which nobody wrote how they ended."""

from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import CancelledError, TerminatedError, TimeoutError
from temporalio.service import RPCError

from activities.requesting import PATIENCE, is_missing
from automations.executions import CancelReason, TerminalState
from automations.messages import EndReport

_GOING_ON = (None, WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)


@dataclass(frozen=True)
class Fate:
    """How an execution is to end, and what was found."""

    state: TerminalState
    reason: str
    cancel_reason: CancelReason | None = None


MISSING = Fate("canceled", "its workflow is not in Temporal any more", "temporal")


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
        case _:
            return Fate("failed", "its workflow failed in Temporal: its history there says why")
