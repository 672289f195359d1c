"""Walks one lane from step to step by what each step's activity answers."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

from automations.executions import Request, RequestKind
from automations.lanes import MAIN
from automations.messages import Again, At, Cursor, Ending, GoalMet, Retry, StepFailure, StepRequest, StepSkip
from automations.outcomes import (
    End,
    Fork,
    Hold,
    LaneEnd,
    LaneStart,
    Moved,
    Next,
    Outcome,
    Renumbered,
    Requested,
    StepAnswer,
    StepRef,
    Wait,
)
from automations.retries import UNREADABLE
from workflows import bookkeeping
from workflows.course import Course
from workflows.faults import ImpossibleError
from workflows.requests import Waiter
from workflows.retries import after_handover, failure_cause, retry_wait
from workflows.waits import Waits

_ONE_ATTEMPT = RetryPolicy(maximum_attempts=1)
_HEARTBEAT = timedelta(seconds=10)

_WAITING: frozenset[RequestKind] = frozenset({"pause", "skip"})
_RETRYING: frozenset[RequestKind] = frozenset({"pause", "retry"})
_HELD: frozenset[RequestKind] = frozenset({"resume", "skip"})


class Lane:
    """One path through an automation. What it does next is one value: between any two of them it can be carried on from."""

    def __init__(self, course: Course, cursor: Cursor) -> None:
        self._course = course
        self._key = cursor.lane
        self._at: At = cursor.at
        self._sequence = cursor.sequence
        self._after = cursor.after
        self._since_wait = Counter(cursor.since_wait)
        self._waits = Waits(course, cursor.lane)
        course.lanes[self._key] = self

    def cursor(self) -> Cursor:
        return Cursor(
            lane=self._key,
            at=self._at,
            sequence=self._sequence,
            since_wait=dict(self._since_wait),
            after=self._after,
        )

    @property
    def is_forked(self) -> bool:
        return isinstance(self._at, Fork)

    async def run(self) -> End | LaneEnd | None:
        """How it ended; None if the workflow is to continue as new, with this lane among what is carried."""
        while not isinstance(self._at, End | LaneEnd):
            if self._course.draining:
                return None
            self._at = await self._advance(self._at)
        self._course.lanes.pop(self._key)
        self._course.shown.forget(self._key)
        return self._at

    async def _advance(self, at: Next | Moved | Again | Wait | Hold | Retry | Fork) -> At:
        match at:
            case Next(step=step) | Moved(step=step):
                return await self._visit(at, step)
            case Again():
                return await self._attempt(at)
            case Retry():
                return await self._retry(at)
            case Wait():
                return await self._wait(at)
            case Hold():
                return await self._hold(at)
            case Fork():
                return await self._fork(at)

    async def _visit(self, at: Next | Moved, step: StepRef) -> At:
        if self._course.is_long():
            self._course.draining = True
            return at
        sequence = self._course.sequence + 1
        broken_limit = self._course.guard.visit(step.id, sequence, self._since_wait)
        if broken_limit:
            return await self._end(broken_limit)
        # A cursor of a release that did not know where a lane had begun.
        is_known = self._sequence > 0 or self._key == MAIN
        self._after = self._sequence if is_known else None
        self._sequence = self._course.next_sequence()
        return Again(step=step)

    async def _attempt(self, at: Again) -> At:
        """Over pauses, moves and the retry ladder a step run keeps its sequence number."""
        if self._course.desk.pause and not await self._waits.stand_while_paused():
            return at
        try:
            outcome = await self._run(at)
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            return after_handover(at, error) or await self._after_failure(at, error)
        if outcome is None or isinstance(outcome, Requested | Renumbered):
            await self._before_it_runs(outcome)
            return at
        if isinstance(outcome, Wait) and at.phase != "run" and self._course.is_long():
            self._course.draining = True
        match outcome:
            case Moved(step=moved) if moved.id == at.step.id or at.attempt == 1:
                return Again(step=moved)
            case Wait() | Hold() if at.attempt > 1:
                until = outcome.until if isinstance(outcome, Wait) else None
                await self._waits.record("paused", pause_reason=outcome.reason, waiting_until=until, reason=outcome.says)
            case _:
                pass
        return outcome

    async def _run(self, at: Again) -> Outcome | None:
        """None if a pause came while the lane waited for its turn: it holds before the step."""
        step, request = at.step, self._request(at)
        if not step.local:
            answer = await workflow.execute_activity(
                step.type,
                request,
                result_type=StepAnswer,
                start_to_close_timeout=step.timeout,
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_ONE_ATTEMPT,
                summary=step.summary,
            )
            return answer.outcome
        async with self._course.turn:
            if self._course.desk.pause and workflow.patched("a-pause-holds-at-the-turn"):
                return None
            answer = await workflow.execute_local_activity(
                step.type,
                request,
                result_type=StepAnswer,
                start_to_close_timeout=step.timeout,
                retry_policy=_ONE_ATTEMPT,
                summary=step.summary,
            )
        return answer.outcome

    def _request(self, at: Again) -> StepRequest:
        return StepRequest.model_construct(
            execution_id=self._course.execution_id,
            sequence=self._sequence,
            step=at.step.id,
            attempt=at.attempt,
            now=workflow.now(),
            phase=at.phase,
            after=self._after,
            **self._waits.named,  # pyright: ignore[reportArgumentType]
        )

    async def _before_it_runs(self, outcome: Requested | Renumbered | None) -> None:
        """What is to be done before the same step is asked for again."""
        match outcome:
            case Requested(request=request):
                await self._heed(request)
            case Renumbered():
                self._sequence = self._course.renumbered(outcome)
            case None:
                pass

    async def _heed(self, request: Request) -> None:
        """A request found on the row. One that is known here stands there by mistake, and is cleared."""
        if not self._course.desk.take_from_row(request):
            await self._waits.record("active", request_id=request.id)
        if self._course.desk.cancel:
            await workflow.wait_condition(lambda: False)

    async def _after_failure(self, at: Again, error: FailureError) -> At:
        """Writes an unexpected failure down, and what follows from it."""
        code, sentence = failure_cause(error)
        step, wait = at.step, retry_wait(at.attempt, error)
        retries = step.retries or code == UNREADABLE
        retry_at = workflow.now() + wait if wait and retries else None
        follows = "hold" if not retries else "retry" if retry_at else "fail"
        hold = Hold(reason="condition_error", says=sentence, step=step)
        failure = StepFailure(
            execution_id=self._course.execution_id, sequence=self._sequence, step=step.id, step_type=step.type,
            attempt=at.attempt, now=workflow.now(), code=code, sentence=sentence, follows=follows, phase=at.phase,
            retry_at=retry_at, hold=hold if follows == "hold" else None, **self._waits.named,
        )  # fmt: skip
        known = await bookkeeping.record_failure(failure)
        if known:
            return _way_on(known)
        if follows == "hold":
            return hold
        if retry_at is None:
            return End(state="failed", reason=f"Step {step.id} failed {at.attempt} times: {sentence}")
        says = f"retry {at.attempt} of {step.id} after: {sentence}"
        return Retry(next=Again(step=step, attempt=at.attempt + 1, phase=at.phase), until=retry_at, says=says)

    async def _retry(self, at: Retry) -> At:
        waiter = Waiter(at.next.step.id, _RETRYING, f"{self._sequence}/{at.next.attempt}")
        nudge = await self._waits.linger("retrying", None, at.until, waiter, at.says)
        return at if nudge is None and self._is_carried(at.until) else at.next

    async def _wait(self, at: Wait) -> At:
        self._since_wait.clear()
        waiter = Waiter(at.step.id, _WAITING, f"{self._sequence}", self._sequence if at.reason == "goal" else None)
        nudge = await self._waits.linger("paused", at.reason, at.until, waiter, at.says)
        match nudge:
            case Request():
                return await self._skip(at.step, nudge)
            case GoalMet():
                self._course.desk.heed_goal(self._sequence)
                return Again(step=at.step, phase="met")
            case None:
                return at if self._is_carried(at.until) else Again(step=at.step, phase="elapsed")

    async def _hold(self, at: Hold) -> At:
        self._since_wait.clear()
        accepts = _HELD if at.reason != "condition_error" else _HELD - {"resume"}
        waiter = Waiter(at.step.id, accepts, f"{self._sequence}", switched=at.reason == "kill_switch")
        nudge = await self._waits.linger("paused", at.reason, None, waiter, at.says)
        if not isinstance(nudge, Request):
            return at
        if nudge.kind == "skip" or at.resume == "after":
            return await self._skip(at.step, nudge)
        await self._waits.record("active")
        return Next(step=at.step)

    async def _fork(self, at: Fork) -> At:
        """Until each of its lanes has ended, or one of them has ended the execution."""
        self._course.shown.forget(self._key)
        lanes = {self._begun(start): start for start in at.lanes}
        pending, left = list(lanes), list[str]()
        try:
            while pending:
                done, pending = await workflow.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for end in (lane.result() for lane in done):
                    if isinstance(end, End):
                        return end
                left += [lanes[lane].lane for lane in done if lane.result() is None]
        finally:
            for lane in pending:
                lane.add_done_callback(let_go)
                lane.cancel()
        if left:
            return at.model_copy(update={"lanes": [start for start in at.lanes if start.lane in left]})
        return Again(step=at.step, phase="joined")

    def _begun(self, start: LaneStart) -> "asyncio.Task[End | LaneEnd | None]":
        lane = Lane(self._course, self._course.cursor(start, self._sequence))
        return asyncio.create_task(lane.run())

    async def _skip(self, step: StepRef, request: Request) -> At:
        self._waits.show("active")
        skip = StepSkip(
            execution_id=self._course.execution_id, sequence=self._sequence, step=step.id, now=workflow.now(),
            path=request.path, request_id=request.id, **self._waits.named,
        )  # fmt: skip
        return _way_on(await bookkeeping.skip_step(skip))

    def _is_carried(self, until: datetime | None) -> bool:
        """Whether a wait that ended without a nudge is to be gone on with in the next run."""
        return self._course.draining and (until is None or until > workflow.now())

    async def _end(self, broken_limit: str) -> End:
        ending = Ending(execution_id=self._course.execution_id, now=workflow.now(), state="failed", reason=broken_limit)
        return await bookkeeping.end_execution(ending)


def _way_on(answer: StepAnswer) -> At:
    if isinstance(answer.outcome, Requested | Renumbered):
        raise ImpossibleError(f"a step run that is over answered {answer.outcome.kind}")
    return answer.outcome


def let_go(lane: "asyncio.Task[End | LaneEnd | None]") -> None:
    """What a lane that was canceled raised is of no interest to anybody, and nobody waits for it."""
    if not lane.cancelled():
        lane.exception()
