"""Turns what a step found out into one write and one outcome."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, assert_never

from pydantic_core import to_json

from activities.definitions import Plan
from activities.positions import down, onward, outcome_of
from activities.results import Down, GoTo, HoldOn, Onward, Result, Stop, WaitUntil
from automations.messages import StepRequest
from automations.outcomes import End, Hold, Moved, Next, Outcome, Requested, StepRef, Wait
from automations.positions import surviving_step
from automations.steps.base import StepBase
from store.step_runs import Position, RecordChange, StepRunWrite, write_step_run

OUTPUT_BYTES = 64 * 1024
"""Kept of one step's output."""


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

    def on(self, row: Any, newest: Plan) -> "Attempt":
        return replace(self, row=row, newest=newest)


async def write_result(connection: Any, attempt: Attempt, result: Result, seconds: float) -> Outcome | None:
    """None if the execution or the record changed since it was read; nothing was written then."""
    outcome = _outcome(attempt, result)
    write = _write(attempt, result, seconds, outcome)
    if result.also is None:
        written = await write_step_run(connection, write)
    else:
        written = await _write_together(connection, write, result)
    if written and result.afterwards:
        await result.afterwards()
    return outcome if written else None


async def _write_together(connection: Any, write: StepRunWrite, result: Result) -> bool:
    """The step's own rows and its history in one transaction; the history first, as it may find that nothing must be written."""
    async with connection.transaction():
        if not await write_step_run(connection, write):
            return False
        if result.also:
            await result.also(connection)
        return True


def _outcome(attempt: Attempt, result: Result) -> Outcome:
    ran_from, newest, step = attempt.plan.positions, attempt.newest.positions, attempt.step
    match result.then:
        case Onward():
            return outcome_of(onward(step.id, ran_from, newest))
        case Down(path=path):
            return outcome_of(down(step, path, ran_from, newest))
        case GoTo(step=target):
            return outcome_of(surviving_step(target, ran_from, newest))
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
        execution_id=request.execution_id, version=row["version"], sequence=request.sequence, step_id=attempt.step.id,
        step_type=attempt.step.step_type, revision=attempt.revision, stands_in=row["revision"], status=_status(result),
        attempt=request.attempt, now=request.now, duration=timedelta(seconds=seconds),
        position=_position(attempt, outcome), outcome=outcome.as_json(),
        used=result.used, output=_kept(result.output), error=result.error,
        variables={**row["variables"], **result.variables} if result.variables else None, warning=result.warning,
        change=_change(row, result), root_id=row["root_id"], depth=row["depth"],
    )  # fmt: skip


def _status(result: Result) -> str:
    if result.skipped:
        return "skipped"
    if result.failed:
        return "failed"
    return "waiting" if isinstance(result.then, WaitUntil) else "completed"


def _position(attempt: Attempt, outcome: Outcome) -> Position:
    here, now = attempt.step.id, attempt.request.now
    match outcome:
        case Next(step=step):
            return Position("active", step.id)
        case Wait():
            return Position("paused", here, outcome.reason, outcome.until, outcome.says)
        case Hold():
            return Position("paused", here, outcome.reason, reason=outcome.says)
        case End():
            return Position(outcome.state, None, reason=outcome.reason or None, ended_at=now)
        case Moved() | Requested():
            raise AssertionError(f"nothing to write for {outcome.kind}")


def _change(row: Any, result: Result) -> RecordChange | None:
    """Only what is really changed: an event for a change that changes nothing would start automations for nothing."""
    before = {name: row["field_values"].get(name) for name in result.fields} if result.fields else {}
    values = {name: value for name, value in result.fields.items() if before[name] != value}
    if not values:
        return None
    return RecordChange(row["record_id"], row["record_revision"], values, {name: before[name] for name in values})


def _kept(output: dict[str, Any]) -> dict[str, Any]:
    size = len(to_json(output))
    return output if size <= OUTPUT_BYTES else {"dropped": f"{size} bytes, more than the {OUTPUT_BYTES} that are kept"}
