"""One execution of an automation, from its first step to its end."""

import asyncio
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from automations.executions import CancelReason, Request, RequestKind, TerminalState, canceled_by
    from automations.lanes import MAIN
    from automations.messages import Ending, EndReport, ExecutionStart, GoalMet, ReloadRequest
    from automations.outcomes import End, LaneEnd, LaneStart
    from workflows import bookkeeping
    from workflows.course import Course
    from workflows.faults import FAULT, ImpossibleError
    from workflows.lane import Lane, let_go
    from workflows.shown import show_state


@workflow.defn(name="Execution")
class ExecutionWorkflow:
    """Runs the main lane and listens to people. A failed execution fails the workflow, so that the Temporal UI shows it so."""

    @workflow.init
    def __init__(self, start: ExecutionStart) -> None:
        self._course = Course(start)
        self._desk = self._course.desk

    @workflow.run
    async def run(self, start: ExecutionStart) -> EndReport:
        ending = asyncio.create_task(self._run_to_its_end(start))
        try:
            end = await asyncio.shield(ending)
        except asyncio.CancelledError:
            # Asked for in Temporal itself: the books are kept as for any other cancel, and Temporal shows what it was asked for.
            self._desk.take(Request(id="temporal", kind="cancel", by="Temporal", cause="temporal"))
            end = await ending
            if end.state == "canceled":
                show_state("canceled", end.reason)
                raise
        await workflow.wait_condition(workflow.all_handlers_finished)
        show_state(end.state, end.reason)
        if end.state == "failed":
            raise ApplicationError(end.reason, type="execution_failed", non_retryable=True)
        return EndReport(state=end.state, reason=end.reason, steps_run=self._course.sequence)

    async def _run_to_its_end(self, start: ExecutionStart) -> End:
        if start.first is None:
            return await self._end("completed", "")
        lane = Lane(self._course, self._course.cursor(LaneStart(lane=MAIN, first=start.first), 0))
        walk = asyncio.create_task(lane.run())
        await workflow.wait_condition(lambda: walk.done() or self._desk.cancel is not None)
        if self._desk.cancel and not (walk.done() and walk.result()):
            walk.add_done_callback(let_go)
            walk.cancel()
            return await self._cancel(self._desk.cancel)
        try:
            return await self._ended(walk.result())
        except ImpossibleError as fault:
            return await self._end_by_fault(fault)

    async def _ended(self, end: End | LaneEnd | None) -> End:
        if end is None:
            onward = await self._onward()
            if isinstance(onward, End):
                return onward
            workflow.continue_as_new(onward)
        if isinstance(end, LaneEnd):
            raise ImpossibleError("the main lane ended, and the execution did not")
        return end

    async def _end_by_fault(self, fault: ImpossibleError) -> End:
        """Ends the execution in the books: raised, it would fail the workflow task again and again."""
        workflow.logger.error("%s: %s", FAULT, fault)
        return await self._end("failed", f"{FAULT}: {fault}. Report it, and restart the execution.")

    async def _onward(self) -> ExecutionStart | End:
        onward = self._course.onward()
        if not self._course.reloading:
            return onward
        request = ReloadRequest(execution_id=onward.execution_id, now=workflow.now())
        by_row = await bookkeeping.load_cursors(request)
        if self._desk.cancel:
            return await self._cancel(self._desk.cancel)
        return by_row.end or onward.model_copy(update={"carried": by_row.carried})

    async def _cancel(self, request: Request) -> End:
        return await self._end("canceled", canceled_by(request), request.cause)

    async def _end(self, state: TerminalState, reason: str, cancel_reason: CancelReason | None = None) -> End:
        ending = Ending(
            execution_id=self._course.execution_id, now=workflow.now(), state=state, reason=reason, cancel_reason=cancel_reason
        )
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

    @workflow.signal
    def met(self, *said: Any) -> None:
        """What a goal waits for has happened, or may happen earlier than was known."""
        try:
            self._desk.take_goal(GoalMet.model_validate(said[0]))
        except (ValidationError, IndexError):
            workflow.logger.warning("ignored a signal met that names no step run")

    @workflow.signal
    def reload(self, *said: Any) -> None:
        """Goes on from where the execution's row stands: Temporal was restored from an older backup."""
        self._course.reload()

    def _take(self, kind: RequestKind, said: tuple[Any, ...]) -> None:
        """The first argument is a Request, whose kind is the signal's name."""
        try:
            self._desk.take(Request.model_validate({**said[0], "kind": kind}))
        except (ValidationError, TypeError, IndexError):
            workflow.logger.warning("ignored a signal %s that holds no request", kind)
