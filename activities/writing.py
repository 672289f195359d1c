"""Turns what a step found out into one write and one outcome."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from activities.definitions import Plan
from activities.notifying import Notice, notice, write_notice
from activities.positions import down, jumped, lanes_of, onward, outcome_of
from activities.results import ChangedMeanwhileError, Down, ForkOut, GoTo, HoldOn, Onward, Result, Stop, WaitUntil
from activities.size_limits import kept_output, kept_used
from automations.executions import CancelReason
from automations.fields import NAME
from automations.lanes import Standing, branch_of
from automations.messages import StepRequest
from automations.outcomes import End, Fork, Hold, LaneEnd, Next, Outcome, StepRef, Wait
from automations.positions import surviving_step
from automations.steps.base import StepBase
from store.standings import Whole, close_step_runs, over, standings_of, whole
from store.step_runs import RecordChange, StepRunWrite, write_step_run


@dataclass(frozen=True)
class Attempt:
    """One attempt of one step run, on the execution as it was read.

    It ran from `plan`, the document of `revision`; where the execution goes on is read in `newest`.
    """

    request: StepRequest
    row: Any
    plan: Plan
    revision: int
    newest: Plan
    step: StepBase

    @property
    def lane(self) -> str:
        return self.request.lane

    def named(self) -> dict[str, str]:
        """For the log."""
        return {
            "execution_id": str(self.request.execution_id), "automation": self.row["api_name"], "lane": self.lane,
            "step": self.step.id,
        }  # fmt: skip

    def on(self, row: Any, newest: Plan) -> "Attempt":
        return replace(self, row=row, newest=newest)


async def write_result(connection: Any, attempt: Attempt, result: Result, seconds: float) -> Outcome | None:
    """None if the execution or the record changed since it was read; nothing was written then."""
    outcome = _outcome(attempt, result)
    write = _write(attempt, result, seconds, outcome)
    ends_lanes = isinstance(outcome, End) and bool(attempt.row["lanes"])
    error = result.error if result.failed else None
    told = notice(attempt.step, attempt.row, attempt.newest, error, outcome, attempt.request)
    if result.also or ends_lanes or told:
        written = await _write_together(connection, write, result, ends_lanes, told)
    else:
        written = await write_step_run(connection, write)
    return outcome if written else None


async def _write_together(connection: Any, write: StepRunWrite, result: Result, ends_lanes: bool, told: Notice | None) -> bool:
    """The step's own rows and its history in one transaction; the history first, as it may find that nothing must be written."""
    try:
        async with connection.transaction():
            if not await write_step_run(connection, write):
                return False
            if ends_lanes:
                await close_step_runs(connection, write.execution_id, write.now)
            if result.also:
                await result.also(connection)
            if told:
                await write_notice(connection, told)
            return True
    except ChangedMeanwhileError:
        return False


def _outcome(attempt: Attempt, result: Result) -> Outcome:
    ran_from, newest, step, lane = attempt.plan.positions, attempt.newest.positions, attempt.step, attempt.lane
    match result.then:
        case Onward():
            return outcome_of(onward(step.id, ran_from, newest, lane), lane)
        case Down(path=path):
            return outcome_of(down(step, path, ran_from, newest, lane), lane)
        case GoTo(step=target):
            return outcome_of(surviving_step(target, ran_from, newest, branch_of(lane)), lane)
        case ForkOut():
            lanes = lanes_of(step, lane)
            following = onward(step.id, ran_from, newest, lane)
            return Fork(step=StepRef.to(step), lanes=lanes) if lanes else outcome_of(following, lane)
        case WaitUntil(until=until, says=says, reason=reason):
            return Wait(reason=reason, until=until, says=says, step=StepRef.to(step))
        case HoldOn(reason=reason, says=says, after=after):
            return Hold(reason=reason, says=says[:500], step=StepRef.to(step), resume="after" if after else "again")
        case Stop(state=state, reason=reason):
            return End(state=state, reason=reason)
        case _:
            assert_never(result.then)


def _write(attempt: Attempt, result: Result, seconds: float, outcome: Outcome) -> StepRunWrite:
    request, row = attempt.request, attempt.row
    return StepRunWrite(
        execution_id=request.execution_id, version=row["version"], sequence=request.sequence, lane=request.lane,
        step_id=attempt.step.id, step_type=attempt.step.step_type, revision=attempt.revision,
        status=_status(result, outcome), attempt=request.attempt, now=request.now, duration=timedelta(seconds=seconds),
        stands=_stands(attempt, result, outcome), outcome=outcome.as_json(),
        used=kept_used(result.used), output=kept_output(result.output), error=result.error,
        variables={**row["variables"], **result.variables} if result.variables else None,
        warning=_warning(attempt, result, outcome),
        change=_change(row, result), root_id=row["root_id"], depth=row["depth"],
        priority=row["priority"],
    )  # fmt: skip


def _warning(attempt: Attempt, result: Result, outcome: Outcome) -> str | None:
    """What the step warns of, and that it was deleted while the lane stood on it."""
    if isinstance(result.then, Stop) or isinstance(outcome, Wait | Hold | Fork):
        return result.warning
    following = outcome.step.id if isinstance(outcome, Next) else None
    deleted = jumped(attempt.step.id, attempt.newest.positions, following, attempt.lane)
    return " ".join(each for each in (result.warning, deleted) if each) or None


def _status(result: Result, outcome: Outcome) -> str:
    if result.held:
        return "held"
    if isinstance(result.then, Stop) and result.then.cause == "kill_switch":
        return "canceled"
    if result.skipped:
        return "skipped"
    if result.failed:
        return "failed"
    return "waiting" if isinstance(outcome, Wait | Fork) else "completed"


def _stands(attempt: Attempt, result: Result, outcome: Outcome) -> Whole:
    cause = result.then.cause if isinstance(result.then, Stop) and result.then.state == "canceled" else None
    return stands_after(attempt.row, attempt.lane, attempt.step.id, outcome, attempt.request.now, cause, attempt.revision)


def stands_after(
    row: Any, lane: str, here: str, outcome: Outcome, now: datetime, cause: CancelReason | None = None, ran_from: int = 0
) -> Whole:
    """The execution once the outcome of that lane's step is written. One that waits on does so in the document it ran from."""
    if isinstance(outcome, End):
        return over(row, outcome.state, outcome.reason or None, now, cause)
    standings, revision = standings_of(row), ran_from if isinstance(outcome, Wait) else row["revision"]
    if isinstance(outcome, LaneEnd):
        return whole(standings.without([lane]))
    standings = standings.moved(lane, standing_after(here, revision, outcome))
    if isinstance(outcome, Fork):
        for start in outcome.lanes:
            standings = standings.moved(start.lane, Standing(state="active", step=start.first.id, revision=revision))
    return whole(standings)


def standing_after(here: str, revision: int, outcome: Outcome) -> Standing:
    """Of one lane that goes on or waits."""
    match outcome:
        case Next(step=step):
            return Standing(state="active", step=step.id, revision=revision)
        case Wait() | Hold():
            until = outcome.until if isinstance(outcome, Wait) else None
            return Standing(
                state="paused",
                step=here,
                revision=revision,
                pause_reason=outcome.reason,
                waiting_until=until,
                reason=outcome.says,
            )
        case Fork():
            return Standing(state="active", step=here, revision=revision, forked=True)
        case _:
            raise AssertionError(f"nowhere to stand after {outcome.kind}")


def _change(row: Any, result: Result) -> RecordChange | None:
    """Only what is really changed: an event for a change that changes nothing would start automations for nothing."""
    held = {**row["field_values"], NAME.name: row["record_name"]} if result.fields else {}
    before = {name: held.get(name) for name in result.fields}
    values = {name: value for name, value in result.fields.items() if before[name] != value}
    if not values:
        return None
    return RecordChange(row["record_id"], row["record_revision"], values, {name: before[name] for name in values})
