"""One execution of an automation, from its first step to its end."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from automations.executions import Request
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

    @workflow.signal
    def pause(self, request: Request) -> None:
        """No new step begins until a resume; the running one finishes."""
        self._take(request, "pause")

    @workflow.signal
    def resume(self, request: Request) -> None:
        """Ends a manual pause, or runs the failed step again with the newest configuration."""
        self._take(request, "resume")

    @workflow.signal
    def cancel(self, request: Request) -> None:
        """Ends the execution at once, also during a step."""
        self._take(request, "cancel")

    @workflow.signal
    def skip(self, request: Request) -> None:
        """Passes over the failed or waiting step."""
        self._take(request, "skip")

    @workflow.signal
    def retry(self, request: Request) -> None:
        """Makes a retrying step run now."""
        self._take(request, "retry")

    def _take(self, request: Request, kind: str) -> None:
        self._desk.take(request.model_copy(update={"kind": kind}))
