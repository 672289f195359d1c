"""Where an execution goes on, as outcomes."""

from automations.outcomes import End, Next, Outcome, StepRef
from automations.positions import Positions, surviving_step
from automations.steps.base import StepBase


def stands_before(step_id: str, ran_from: Positions, newest: Positions) -> StepBase | None:
    """The step to run, where a save may have deleted the one that was asked for."""
    return surviving_step(step_id, ran_from, newest)


def onward(step_id: str, ran_from: Positions, newest: Positions) -> StepBase | None:
    """What comes after a step that is over, and that a save may have deleted meanwhile."""
    if step_id in newest:
        return newest.after(step_id)
    following = ran_from.after(step_id) if step_id in ran_from else None
    return surviving_step(following.id, ran_from, newest) if following else None


def down(step: StepBase, path: str, ran_from: Positions, newest: Positions) -> StepBase | None:
    """The first step of a path of a step that is over, and that a save may have deleted or changed meanwhile."""
    if step.id in newest and path in newest.step(step.id).paths():
        return newest.down(step.id, path)
    return onward(step.id, ran_from, newest)


def nothing_left(step_id: str, newest: Positions, following: StepBase | None) -> str | None:
    """The warning for an execution that ends because a save deleted the step it stood on and all that came after it."""
    if following is not None or step_id in newest:
        return None
    return f"Step {step_id} was deleted, and nothing that comes after it is left."


def outcome_of(step: StepBase | None) -> Outcome:
    """On to a step, or to the end of the automation."""
    return Next(step=StepRef.to(step)) if step else End(state="completed")
