"""Checks of the ways through an automation: where go-to steps lead, what is never reached, what goes round without a wait."""

from collections.abc import Iterator

from automations.checks.cycles import on_cycles
from automations.checks.draft import Draft, UnreadStep
from automations.checks.lanes import go_to_across_lanes
from automations.problems import Problem, at
from automations.steps import STEP_TYPES
from automations.steps.base import StepBase
from automations.steps.control import GoToStep, StopExecution
from automations.ways import Ways


def unknown_targets(draft: Draft) -> Iterator[Problem]:
    steps = {step.id for path, step in draft.walk if path.startswith("steps")}
    variables = {step.id for path, step in draft.walk if path.startswith("variables")}
    for path, step in draft.walk:
        if not isinstance(step, GoToStep) or step.step in steps:
            continue
        if step.step in variables:
            sentence = f"{step.step} is a variable; an execution goes to steps only."
            yield Problem(path=at(path, "step"), code="go_to_variable", sentence=sentence)
        elif "steps" not in draft.unread:
            yield Problem(path=at(path, "step"), code="unknown_step", sentence=f"There is no step {step.step}.")


def unreachable_steps(draft: Draft) -> Iterator[Problem]:
    """The outermost ones: what stands below a step that is never reached is not told of."""
    if not draft.steps or any(_may_lead_anywhere(step) for _, step in draft.walk) or any(go_to_across_lanes(draft)):
        return
    reached = Ways(draft.positions, passed=_unread(draft)).reached(draft.steps[0].id)
    for id, path in draft.places.items():
        parent = draft.positions.places[id].parent
        if id not in reached and (parent is None or parent in reached):
            sentence = "No way leads to this step: what stands before it never goes on to it."
            yield Problem(path=path, code="unreachable_step", sentence=sentence)


def _may_lead_anywhere(step: StepBase) -> bool:
    return isinstance(step, UnreadStep) and (step.type == "go_to_step" or step.type not in STEP_TYPES)


def _unread(draft: Draft) -> list[str]:
    return [id for id in draft.places if isinstance(draft.positions.step(id), UnreadStep)]


def loops_without_wait(draft: Draft) -> Iterator[Problem]:
    if not any(isinstance(step, GoToStep) for _, step in draft.walk) or any(go_to_across_lanes(draft)):
        return
    steps = {id: draft.positions.step(id) for id in draft.places}
    rounds = on_cycles(Ways(draft.positions, held=[id for id, step in steps.items() if _waits(step)]).following)
    for id, path in draft.places.items():
        if isinstance(steps[id], GoToStep) and id in rounds:
            sentence = "The steps from there to here go round without a wait: an execution that does so too often is stopped."
            yield Problem(path=at(path, "step"), code="loop_without_wait", sentence=sentence, severity="warning")


def _waits(step: StepBase) -> bool:
    is_pause = isinstance(step, StopExecution) and not step.is_end
    return isinstance(step, UnreadStep) or (not step.skip and (step.waits or is_pause))
