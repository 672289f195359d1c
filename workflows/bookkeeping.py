"""The activities that only write down what the workflow did by itself.

They are retried by the server until they succeed: a database that is away delays an execution and never loses it.
"""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

from automations.messages import Ending, Reloaded, ReloadRequest, StateChange, StepFailure, StepSkip
from automations.outcomes import End, StepAnswer

_UNTIL_IT_SUCCEEDS = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=0
)


async def _write(name: str, message: Any, result: Any, says: str) -> Any:
    return await workflow.execute_local_activity(
        name,
        message,
        result_type=result,
        start_to_close_timeout=timedelta(seconds=20),
        retry_policy=_UNTIL_IT_SUCCEEDS,
        summary=says,
    )


async def record_state(change: StateChange) -> None:
    await _write("record_state", change, None, change.pause_reason or change.state)


async def record_failure(failure: StepFailure) -> StepAnswer | None:
    """What the attempt came to after all, where only its answer was lost."""
    said = f"{failure.step}: attempt {failure.attempt} failed"
    return await _write("record_failure", failure, StepAnswer | None, said)


async def skip_step(skip: StepSkip) -> StepAnswer:
    return await _write("skip_step", skip, StepAnswer, f"past {skip.step}")


async def end_execution(ending: Ending) -> End:
    """How the execution ended: not as asked, if its last step was faster."""
    return await _write("end_execution", ending, End, ending.state)


async def load_cursors(request: ReloadRequest) -> Reloaded:
    """Where the execution goes on as its row says it."""
    return await _write("load_cursors", request, Reloaded, "where it stands by its row")
