"""Steps that decide where an execution goes on, and when."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from activities.registry import runs
from activities.results import Down, ForkOut, GoTo, HoldOn, Result, Stop, WaitUntil
from activities.services import Services
from activities.situation import Situation
from automations.calendars import Moved
from automations.delays import delay_end
from automations.failures import ExpectedFailure
from automations.filter_evaluation import evaluate
from automations.steps.control import Branch, Condition, Delay, GoToStep, StopExecution
from automations.steps.lengths import FieldMoment, Length, VariableMoment


@runs("condition")
async def condition(step: Condition, situation: Situation, services: Services) -> Result:
    evaluation = evaluate(step.condition, situation.for_filters())
    path = "yes" if evaluation.matched else "no"
    used = [
        {"ref": value.ref, "op": value.op, "wanted": value.wanted, "found": value.found, "matched": value.matched}
        for value in evaluation.used
    ]
    return Result(then=Down(path), output={"path": path}, used=used)


@runs("branch")
async def branch(step: Branch, situation: Situation, services: Services) -> Result:
    return Result(then=ForkOut(), output={"lanes": list(step.paths())})


@runs("delay")
async def delay(step: Delay, situation: Situation, services: Services) -> Result:
    end = wait_end(step, situation)
    if end.is_past(situation.now):
        return Result(output=end.output)
    says = f"delay {step.id}: {step.summary()}{end.says_moved}"
    return Result(then=WaitUntil(end.until, says), output=end.output, used=end.used)


@dataclass(frozen=True)
class WaitEnd:
    """When a wait is over (None: never), and what says so: `used` has the value of the record or variable.

    `output` is {"until"}, with {"moved": {"from", "passed"}} if that was moved to a working day; `says_moved` tells of that at
    the end of a line.
    """

    until: datetime | None = None
    used: list[dict[str, Any]] = field(default_factory=list)
    output: dict[str, Any] = field(default_factory=dict)
    says_moved: str = ""

    def is_past(self, now: datetime) -> bool:
        return self.until is not None and self.until <= now


def wait_end(length: Length, situation: Situation) -> WaitEnd:
    """Of a wait that begins now."""
    given = _given(length, situation)
    used = [{"ref": "delay", "found": given}] if given is not None else []
    end = _end(length, situation, given)
    output = {"until": end.moment.isoformat()}
    if not end.passed:
        return WaitEnd(end.moment, used, output)
    return WaitEnd(end.moment, used, {**output, "moved": end.as_json()}, f", {end.in_words(situation.zone)}")


def _end(length: Length, situation: Situation, given: Any) -> Moved:
    calendar = situation.skipping_calendar(length.skip_non_working_days)
    return delay_end(length, situation.now, situation.zone, given, calendar)


def _given(length: Length, situation: Situation) -> Any:
    match length.until:
        case FieldMoment():
            return situation.field(length.until.field)
        case VariableMoment():
            return situation.variable(length.until.variable)
        case _:
            return situation.variable(length.amount.variable) if length.amount else None


@runs("go_to_step")
async def go_to_step(step: GoToStep, situation: Situation, services: Services) -> Result:
    if step.step not in situation.plan.positions:
        raise ExpectedFailure("unknown_step", f"There is no step {step.step} (any more).")
    return Result(then=GoTo(step.step), output={"to": step.step})


@runs("stop_execution")
async def stop_execution(step: StopExecution, situation: Situation, services: Services) -> Result:
    reason = situation.render(step.reason) or f"stopped by step {step.id}"
    output = {"reason": reason}
    match step.action:
        case "complete":
            return Result(then=Stop("completed", reason), output=output)
        case "cancel":
            return Result(then=Stop("canceled", reason), output=output)
        case "fail":
            return Result(then=Stop("failed", reason), output=output)
        case "pause":
            return Result(then=HoldOn("automation", reason, after=True), output=output)
        case "pause_with_error":
            return Result(then=HoldOn("error", reason, after=True), output=output)
