"""Steps that decide where an execution goes on, and when."""

from typing import Any

from activities.registry import runs
from activities.results import Down, ForkOut, GoTo, HoldOn, Result, Stop, WaitUntil
from activities.services import Services
from activities.situation import Situation
from automations.delays import delay_end
from automations.failures import ExpectedFailure
from automations.filter_evaluation import evaluate
from automations.steps.control import Branch, Condition, Delay, FieldMoment, GoToStep, StopExecution, VariableMoment


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
    given = _given(step, situation)
    until = delay_end(step, situation.now, situation.zone, given)
    if until <= situation.now:
        return Result(output={"until": until.isoformat()})
    says = f"delay {step.id}: {step.summary()}"
    used = [{"ref": "delay", "found": given}] if given is not None else []
    return Result(then=WaitUntil(until, says), output={"until": until.isoformat()}, used=used)


def _given(step: Delay, situation: Situation) -> Any:
    match step.until:
        case FieldMoment():
            return situation.field(step.until.field)
        case VariableMoment():
            return situation.variable(step.until.variable)
        case _:
            return situation.variable(step.amount.variable) if step.amount else None


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
