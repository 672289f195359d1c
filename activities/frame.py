"""The frame around every step: load, run, write, answer what is next.

Effect, history and position are written by one statement that takes hold only if the execution and the record are as they were
read; else the step is read and run again. What has left the house is not taken back or done twice: only its writing is tried
again.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from time import perf_counter
from typing import Any

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.after_calls import written
from activities.answers import known_answer
from activities.definitions import Plan
from activities.failures import ContendedError, SupersededError, UnreadableDocumentError, unexpected
from activities.handlers import HANDLERS
from activities.handovers import handed_over_at_shutdown
from activities.heartbeats import heartbeats
from activities.outside_results import lesser_results, outcome_after_call
from activities.plain_words import raw
from activities.positions import jumped, stands_before
from activities.registry import Runner
from activities.results import ChangedMeanwhileError, Down, Onward, Result, Written, failed
from activities.secrets import keeping, redacted
from activities.services import Services
from activities.situation import Situation
from activities.situations import situation_of
from activities.size_limits import fitting
from activities.switching import checked
from activities.writing import Attempt, write_result
from automations.errors import EverstepError
from automations.lanes import MAIN, Standing
from automations.messages import Ending, StepRequest
from automations.outcomes import End, LaneEnd, Moved, Outcome, StepAnswer, StepRef
from automations.positions import Positions
from automations.steps.base import StepBase
from store.database import TRANSIENT
from store.executions import end_execution, warn
from store.standings import hold_version, lock_standings, revision_of, standings_of, whole, write_standings
from store.step_runs import begin_step_run, count_attempts_anew, drop_step_run, load_asked_step

_LOG = structlog.get_logger("everstep.executions")
_TRIES = 20
"""Of one attempt against a record that others change all the time, before the retry ladder takes over."""


class StepFrame:
    """Runs one step type; its `run` is the activity. A dry run puts itself in the place of what is protected."""

    def __init__(self, step_type: str, services: Services) -> None:
        self._step_type = step_type
        self._services = services
        self._runner: Runner = HANDLERS[step_type]

    async def run(self, request: StepRequest) -> StepAnswer:
        """Raises ApplicationError where something unexpected went wrong."""
        try:
            with handed_over_at_shutdown():
                return await self._answer(request)
        except ApplicationError:
            raise
        except Exception as error:
            told = {"execution_id": str(request.execution_id), "step": request.step, "attempt": request.attempt}
            _LOG.warning("attempt_broke", **told, why=raw(error))
            raise unexpected(error) from error

    async def _answer(self, request: StepRequest) -> StepAnswer:
        for _ in range(_TRIES):
            outcome = await self._try(request)
            if outcome is not None:
                return StepAnswer(outcome=outcome)
        raise ContendedError(f"step {request.step}: the record is changed by others all the time")

    async def _try(self, request: StepRequest) -> Outcome | None:
        """None if the execution or the record changed while the step ran.

        What follows waits for others, and takes connections of its own.
        """
        found = await self._tried(request)
        match found:
            case Attempt():
                return await self._run_outside(found)
            case Written(result, outcome):
                return await self._done(result, outcome)
            case _:
                return found

    async def _tried(self, request: StepRequest) -> Outcome | Written | Attempt | None:
        """As far as it goes on one connection; an attempt is still to be run."""
        async with self._services.database.connection() as connection:
            row = await self._load(connection, request)
            known = await known_answer(connection, row, request, self._services.definitions)
            if known is not None:
                return known
            plan = await self._services.definitions.plan(connection, row["automation_id"], row["revision"])
            revision = revision_of(row, request.lane)
            ran_from = await self._services.definitions.plan(connection, row["automation_id"], revision)
            if request.phase != "run":
                step = ran_from.positions.step(request.step)
                return await self._over(connection, Attempt(request, row, ran_from, revision, plan, step))
            step = stands_before(request.step, ran_from.positions, plan.positions, request.lane)
            if step is None:
                return await _nothing_left(connection, request, plan.positions)
            if self._is_another(step, request):
                return await _moved(connection, request, step, plan.positions)
            attempt = Attempt(request, row, plan, row["revision"], plan, step)
            stopped = self._stopped(row, step)
            if stopped:
                return await write_result(connection, attempt, stopped, 0.0)
            if step.local or step.skip:
                return await self._run_local(connection, attempt)
            if (row["run_attempt"] or 0) > request.attempt:
                raise SupersededError
        return attempt

    def _is_another(self, step: StepBase, request: StepRequest) -> bool:
        return step.id != request.step or step.step_type != self._step_type or (step.local or step.skip) != self._is_local()

    def _is_local(self) -> bool:
        return activity.info().is_local

    def _heartbeats(self) -> AbstractAsyncContextManager[None]:
        return heartbeats()

    def _patience(self, attempt: Attempt) -> timedelta:
        """With a Postgres that is away after a call."""
        return attempt.step.timeout

    def _stopped(self, row: Any, step: StepBase) -> Result | None:
        return checked(row, step, row["api_name"])

    async def _load(self, connection: Any, request: StepRequest) -> Any:
        return await load_asked_step(connection, request)

    async def _done(self, result: Result, outcome: Outcome | None) -> Outcome | None:
        if outcome is not None and result.afterwards:
            await result.afterwards()
        return outcome

    async def _over(self, connection: Any, attempt: Attempt) -> Outcome | None:
        """A wait is over; the step may have to wait on."""
        if self._runner.goes_on:
            async with connection.transaction():
                result = await self._runner.goes_on(connection, attempt, self._services)
                return await write_result(connection, attempt, result, 0.0)
        return await _over(connection, attempt)

    async def _run_local(self, connection: Any, attempt: Attempt) -> Written | None:
        if self._runner.writes and not attempt.step.skip:
            return await self._run_writing(connection, attempt)
        result, seconds = await self._result(connection, attempt)
        return Written(result, await write_result(connection, attempt, result, seconds))

    async def _run_writing(self, connection: Any, attempt: Attempt) -> Written | None:
        """What the step writes and its history in one transaction."""
        try:
            async with connection.transaction():
                if not await hold_version(connection, attempt.request.execution_id, attempt.row["version"]):
                    return None
                result, seconds = await self._result(connection, attempt)
                outcome = await write_result(connection, attempt, result, seconds)
                if outcome is None:
                    raise ChangedMeanwhileError
        except ChangedMeanwhileError:
            return None
        return Written(result, outcome)

    async def _run_outside(self, attempt: Attempt) -> Outcome | None:
        """Shows that it runs, runs, and then writes on whatever version the execution is at by then: all that can be kept."""
        request, database = attempt.request, self._services.database
        async with database.connection() as connection:
            running = Standing(state="active", step=attempt.step.id, revision=attempt.revision, attempt=request.attempt)
            began = await begin_step_run(
                connection, attempt.row, whole(standings_of(attempt.row).moved(request.lane, running)),
                execution_id=request.execution_id, sequence=request.sequence, lane=request.lane,
                step=(attempt.step.id, attempt.step.step_type), attempt=request.attempt, now=request.now,
            )  # fmt: skip
            if not began:
                return None
            situation = await situation_of(connection, attempt, self._services)
        async with self._heartbeats():
            result, seconds = await self._handled(attempt, situation)
            result, outcome = await written(lambda: self._kept(attempt, result, seconds), self._patience(attempt))
        return await self._done(result, outcome)

    async def _kept(self, attempt: Attempt, result: Result, seconds: float) -> tuple[Result, Outcome]:
        """The result, or as much of it as Postgres takes."""
        lesser = lesser_results(attempt.step, result)
        while True:
            try:
                return result, await self._written(attempt, result, seconds)
            except (*TRANSIENT, ContendedError, SupersededError):
                raise
            except Exception as error:
                _LOG.error("result_not_kept", **attempt.named(), why=type(error).__name__)
                fewer = next(lesser, None)
                if fewer is None:
                    raise
                result = fewer

    async def _written(self, attempt: Attempt, result: Result, seconds: float) -> Outcome:
        for _ in range(_TRIES):
            async with self._services.database.transaction() as connection:
                await lock_standings(connection, attempt.request.execution_id)
                row = await self._load(connection, attempt.request)
                known = outcome_after_call(attempt, row)
                if known is not None:
                    return known
                newest = await self._newest(connection, attempt, row)
                outcome = await write_result(connection, attempt.on(row, newest), result, seconds)
            if outcome is not None:
                return outcome
        raise ContendedError(f"step {attempt.step.id}: the record is changed by others all the time")

    async def _newest(self, connection: Any, attempt: Attempt, row: Any) -> Plan:
        """Or the document it ran from: that a newer one cannot be read is no reason to call again."""
        try:
            return await self._services.definitions.plan(connection, row["automation_id"], row["revision"])
        except UnreadableDocumentError:
            return attempt.plan

    async def _result(self, connection: Any, attempt: Attempt) -> tuple[Result, float]:
        if attempt.step.skip:
            return Result(then=Down(attempt.step.skip_to) if attempt.step.skip_to else Onward(), skipped=True), 0.0
        return await self._handled(attempt, await situation_of(connection, attempt, self._services), connection)

    async def _handled(self, attempt: Attempt, situation: Situation, connection: Any = None) -> tuple[Result, float]:
        """What the handler found; an expected failure is a result too."""
        started = perf_counter()
        try:
            with keeping(situation.secrets):
                result = await self._found(attempt.step, situation, connection)
                if situation.secrets:  # what a step leaves behind may be long, and so is the search
                    result = await asyncio.to_thread(redacted, result, situation.secrets)
        except EverstepError as failure:
            _LOG.warning("step_failed", **attempt.named(), code=failure.code, why=failure.sentence)
            result = failed(attempt.step, failure)
        return result, perf_counter() - started

    async def _found(self, step: StepBase, situation: Situation, connection: Any) -> Result:
        if self._runner.writes:
            async with connection.transaction():  # a failure takes back what it wrote, and is written down itself
                return fitting(await self._runner.writes(step, situation, self._services, connection), situation, self._services)
        if self._runner.reads:
            return fitting(await self._runner.reads(step, situation, self._services, connection), situation, self._services)
        assert self._runner.runs
        return fitting(await self._runner.runs(step, situation, self._services), situation, self._services)


async def _over(connection: Any, attempt: Attempt) -> Outcome | None:
    """A wait is over. What comes next is read from the newest document, whatever became of the step."""
    path = attempt.step.path_after(attempt.request.phase)
    result = Result(then=Down(path), output={"path": path}) if path is not None else Result()
    return await write_result(connection, attempt, result, 0.0)


async def _moved(connection: Any, request: StepRequest, step: StepBase, newest: Positions) -> Outcome:
    """Another step stands in the place of this one, which keeps what it did."""
    warning = jumped(request.step, newest, step.id, request.lane)
    if warning:
        await warn(connection, request.execution_id, warning)
    if step.id != request.step and request.attempt > 1:
        await drop_step_run(connection, request.execution_id, request.sequence, request.now)
    elif request.attempt > 1:
        await count_attempts_anew(connection, request.execution_id, request.sequence)
    return Moved(step=StepRef.to(step))


async def _nothing_left(connection: Any, request: StepRequest, newest: Positions) -> Outcome:
    reason = jumped(request.step, newest, None, request.lane) or ""
    if request.lane != MAIN:
        async with connection.transaction():
            row = await lock_standings(connection, request.execution_id)
            if row is not None:
                stands = whole(standings_of(row).without([request.lane]))
                await write_standings(connection, request.execution_id, stands, request.now, warning=reason)
        return LaneEnd()
    ending = Ending(execution_id=request.execution_id, now=request.now, state="completed", reason=reason)
    state, found = await end_execution(connection, ending, warning=reason)
    return End(state=state, reason=found)


def step_activity(step_type: str, services: Services) -> Any:
    """The activity of one step type, under the type's name."""
    frame = StepFrame(step_type, services)

    @activity.defn(name=step_type)
    async def run_step(request: StepRequest) -> StepAnswer:
        return await frame.run(request)

    return run_step
