"""Walks an execution from step to step by what each step's activity answers."""

from datetime import datetime, timedelta
from typing import Literal

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

from automations.executions import PauseReason, Request, RequestKind, State
from automations.messages import Carried, Ending, ExecutionStart, StateChange, StepFailure, StepRequest, StepSkip
from automations.outcomes import End, Hold, Moved, Next, Outcome, Requested, StepAnswer, StepRef, Wait
from workflows import bookkeeping
from workflows.requests import RequestDesk
from workflows.retries import failure_cause, retry_wait
from workflows.runaway import RunawayGuard
from workflows.shown import show_state

Phase = Literal["run", "elapsed"]
_ONE_ATTEMPT = RetryPolicy(maximum_attempts=1)
_HEARTBEAT = timedelta(seconds=10)

_DELAYED: frozenset[RequestKind] = frozenset({"pause", "skip"})
_RETRYING: frozenset[RequestKind] = frozenset({"pause", "retry"})
_HELD: frozenset[RequestKind] = frozenset({"resume", "skip"})


class Lane:
    """One path through an automation, from its first step to an End."""

    def __init__(self, start: ExecutionStart, desk: RequestDesk) -> None:
        self._start = start
        self._desk = desk
        self._guard = RunawayGuard(start.limits, start.carried.visits, start.carried.visits_since_wait)
        self.sequence = start.carried.sequence

    async def run(self) -> End:
        outcome: Outcome = Next(step=self._start.first) if self._start.first else await self._end("completed", "")
        while not isinstance(outcome, End):
            outcome = await self._advance(outcome)
        return outcome

    async def _advance(self, outcome: Next | Wait | Hold | Moved | Requested) -> Outcome:
        match outcome:
            case Next(step=step) | Moved(step=step):
                return await self._visit(step)
            case Wait():
                return await self._delay(outcome)
            case Hold():
                return await self._hold(outcome)
            case Requested(request=request):
                raise AssertionError(f"a request reached past its step: {request}")

    async def _visit(self, step: StepRef) -> Outcome:
        self._continue_as_new_when_long(step)
        broken_limit = self._guard.visit(step.id, self.sequence + 1)
        if broken_limit:
            return await self._end("failed", broken_limit)
        self.sequence += 1
        return await self._attempts(step)

    async def _attempts(self, step: StepRef, phase: Phase = "run") -> Outcome:
        """Runs a step until it has an outcome: over pauses, moves and the retry ladder, under one sequence number."""
        attempt = 1
        while True:
            await self._stand_while_paused()
            try:
                outcome = await self._run(step, attempt, phase)
            except FailureError as error:
                if is_cancelled_exception(error):
                    raise
                verdict = await self._after_failure(step, attempt, phase, error)
                if verdict:
                    return verdict
                attempt += 1
                continue
            match outcome:
                case Requested(request=request):
                    await self._heed(request)
                case Moved(step=moved) if moved.id != step.id and attempt > 1:
                    return outcome
                case Moved(step=step):
                    attempt, phase = 1, "run"
                case Wait() | Hold() if attempt > 1:
                    await self._record("paused", pause_reason=outcome.reason, waiting_until=_until(outcome), reason=outcome.says)
                    return outcome
                case _:
                    return outcome

    async def _run(self, step: StepRef, attempt: int, phase: Phase) -> Outcome:
        request = StepRequest.model_construct(
            execution_id=self._start.execution_id,
            sequence=self.sequence,
            step=step.id,
            attempt=attempt,
            now=workflow.now(),
            phase=phase,
        )
        if step.local:
            answer = await workflow.execute_local_activity(
                step.type,
                request,
                result_type=StepAnswer,
                start_to_close_timeout=step.timeout,
                retry_policy=_ONE_ATTEMPT,
                summary=step.summary,
            )
        else:
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

    async def _heed(self, request: Request) -> None:
        """A request found on the row. One that is known here stands there by mistake, and is cleared."""
        if not self._desk.take_from_row(request):
            await self._record("active", request_id=request.id)
        if self._desk.cancel:
            await workflow.wait_condition(lambda: False)

    async def _stand_while_paused(self) -> None:
        if self._desk.pause is None:
            return
        await self._record_manual_pause(None)
        await self._desk.lifted()
        await self._record("active")

    async def _after_failure(self, step: StepRef, attempt: int, phase: Phase, error: FailureError) -> Outcome | None:
        """Writes an unexpected failure down; None after the wait for the next attempt."""
        code, sentence = failure_cause(error)
        wait = retry_wait(attempt)
        retry_at = workflow.now() + wait if wait and step.retries else None
        follows = "hold" if not step.retries else "retry" if retry_at else "fail"
        failure = StepFailure(
            execution_id=self._start.execution_id, sequence=self.sequence, step=step.id, step_type=step.type, attempt=attempt,
            now=workflow.now(), code=code, sentence=sentence, follows=follows, phase=phase, retry_at=retry_at,
        )  # fmt: skip
        known = await bookkeeping.record_failure(failure)
        if known:
            return known.outcome
        if follows == "hold":
            return Hold(reason="condition_error", says=sentence, step=step)
        if retry_at is None:
            return End(state="failed", reason=f"Step {step.id} failed {attempt} times: {sentence}")
        await self._wait("retrying", None, retry_at, _RETRYING, f"retry {attempt} of {step.id} after: {sentence}")
        return None

    async def _delay(self, wait: Wait) -> Outcome:
        self._guard.waited()
        nudge = await self._wait("paused", wait.reason, wait.until, _DELAYED, wait.says)
        if nudge:
            return await self._skip(wait.step, nudge)
        return await self._attempts(wait.step, "elapsed")

    async def _hold(self, hold: Hold) -> Outcome:
        self._guard.waited()
        accepts = _HELD if hold.reason != "condition_error" else _HELD - {"resume"}
        nudge = await self._wait("paused", hold.reason, None, accepts, hold.says)
        if nudge and (nudge.kind == "skip" or hold.resume == "after"):
            return await self._skip(hold.step, nudge)
        await self._record("active")
        return Next(step=hold.step)

    async def _skip(self, step: StepRef, request: Request) -> Outcome:
        show_state("active")
        skip = StepSkip(
            execution_id=self._start.execution_id, sequence=self.sequence, step=step.id, now=workflow.now(),
            path=request.path, request_id=request.id,
        )  # fmt: skip
        return (await bookkeeping.skip_step(skip)).outcome

    async def _wait(
        self,
        state: State,
        reason: PauseReason | None,
        until: datetime | None,
        accepts: frozenset[RequestKind],
        says: str,
    ) -> Request | None:
        """Waits as the store says already. A manual pause in between does not stop the clock, but holds what comes after it."""
        show_state(state, says, until)
        while True:
            nudge = await self._desk.nudged(accepts, until, says)
            if self._desk.pause is None:
                show_state("active")
                return nudge
            await self._record_manual_pause(until)
            await self._desk.lifted()
            if until and until <= workflow.now():
                show_state("active")
                return None
            retry_at, waiting_until = (until, None) if state == "retrying" else (None, until)
            await self._record(state, pause_reason=reason, waiting_until=waiting_until, retry_at=retry_at, reason=says)
            show_state(state, says, until)

    async def _record_manual_pause(self, until: datetime | None) -> None:
        pause = self._desk.pause
        if pause is None:
            return
        says = f"paused by {pause.by or 'a person'}{f': {pause.why}' if pause.why else ''}"
        show_state("paused", says)
        await self._record("paused", pause_reason="manual", waiting_until=until, request_id=pause.id, reason=says)

    async def _record(
        self,
        state: State,
        *,
        pause_reason: PauseReason | None = None,
        waiting_until: datetime | None = None,
        retry_at: datetime | None = None,
        request_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        if state == "active":
            show_state("active")
        await bookkeeping.record_state(
            StateChange(
                execution_id=self._start.execution_id, now=workflow.now(), state=state, pause_reason=pause_reason,
                waiting_until=waiting_until, retry_at=retry_at, request_id=request_id, reason=reason,
            )
        )  # fmt: skip

    async def _end(self, state: str, reason: str) -> End:
        ending = Ending.model_validate(
            {"execution_id": self._start.execution_id, "now": workflow.now(), "state": state, "reason": reason}
        )
        return await bookkeeping.end_execution(ending)

    def _continue_as_new_when_long(self, step: StepRef) -> None:
        """At a step's border a history that grew long is left behind; all that has to go along is small."""
        ran = self.sequence - self._start.carried.sequence
        if ran < self._start.limits.steps_per_run and not workflow.info().is_continue_as_new_suggested():
            return
        seen, pause = self._desk.carried()
        carried = Carried(
            sequence=self.sequence, visits=dict(self._guard.visits), visits_since_wait=dict(self._guard.since_wait),
            seen=seen, pause=pause,
        )  # fmt: skip
        workflow.continue_as_new(self._start.model_copy(update={"first": step, "carried": carried}))


def _until(outcome: Wait | Hold) -> datetime | None:
    return outcome.until if isinstance(outcome, Wait) else None
