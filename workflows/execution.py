"""One execution of an automation, from its first step to its end."""

import asyncio
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from automations.executions import Request, RequestKind
    from automations.messages import Ending, EndReport, ExecutionStart
    from automations.outcomes import End
    from workflows import bookkeeping
    from workflows.lane import Lane
    from workflows.requests import RequestDesk
    from workflows.shown import show_state


@workflow.defn(name="Execution")
class ExecutionWorkflow:
    """Runs a lane and listens to people. A failed execution fails the workflow, so that the Temporal UI shows it so."""

    @workflow.init
    def __init__(self, start: ExecutionStart) -> None:
        self._start = start
        self._desk = RequestDesk(start.carried)
        self._lane = Lane(start, self._desk)

    @workflow.run
    async def run(self, start: ExecutionStart) -> EndReport:
        ending = asyncio.create_task(self._run_lane())
        try:
            end = await asyncio.shield(ending)
        except asyncio.CancelledError:
            # Asked for in Temporal itself: the books are kept as for any other cancel, and Temporal shows what it was asked for.
            self._desk.take(Request(id="temporal", kind="cancel", by="Temporal"))
            end = await ending
            if end.state == "canceled":
                show_state("canceled", end.reason)
                raise
        await workflow.wait_condition(workflow.all_handlers_finished)
        show_state(end.state, end.reason)
        if end.state == "failed":
            raise ApplicationError(end.reason, type="execution_failed", non_retryable=True)
        return EndReport(state=end.state, reason=end.reason, steps_run=self._lane.sequence)

    async def _run_lane(self) -> End:
        lane = asyncio.create_task(self._lane.run())
        await workflow.wait_condition(lambda: lane.done() or self._desk.cancel is not None)
        request = self._desk.cancel
        if request is None or lane.done():
            return lane.result()
        return await self._cancel(lane, f"canceled by {request.by or 'a person'}: {request.why}")

    async def _cancel(self, lane: "asyncio.Task[End]", reason: str) -> End:
        lane.cancel()
        ending = Ending(execution_id=self._start.execution_id, now=workflow.now(), state="canceled", reason=reason.rstrip(": "))
        return await bookkeeping.end_execution(ending)

    # The handlers take whatever comes: an argument that does not fit a signature would fail the workflow task, again and again.

    @workflow.signal
    def pause(self, *said: Any) -> None:
        """No new step begins until a resume; the running one finishes."""
        self._take("pause", said)

    @workflow.signal
    def resume(self, *said: Any) -> None:
        """Ends a manual pause, or runs the failed step again with the newest configuration."""
        self._take("resume", said)

    @workflow.signal
    def cancel(self, *said: Any) -> None:
        """Ends the execution at once, also during a step."""
        self._take("cancel", said)

    @workflow.signal
    def skip(self, *said: Any) -> None:
        """Passes over the failed or waiting step."""
        self._take("skip", said)

    @workflow.signal
    def retry(self, *said: Any) -> None:
        """Makes a retrying step run now."""
        self._take("retry", said)

    def _take(self, kind: RequestKind, said: tuple[Any, ...]) -> None:
        """The first argument is a Request, whose kind is the signal's name."""
        try:
            self._desk.take(Request.model_validate({**said[0], "kind": kind}))
        except (ValidationError, TypeError, IndexError):
            workflow.logger.warning("ignored a signal %s that holds no request", kind)
