"""Where a lane goes on, as outcomes."""

from automations.lanes import MAIN, branch_of, lane_below
from automations.outcomes import End, LaneEnd, LaneStart, Next, Outcome, StepRef
from automations.positions import Positions, surviving_step
from automations.steps.base import StepBase


def stands_before(step_id: str, ran_from: Positions, newest: Positions, lane: str) -> StepBase | None:
    """The step to run, where a save may have deleted the one that was asked for."""
    return surviving_step(step_id, ran_from, newest, branch_of(lane))


def onward(step_id: str, ran_from: Positions, newest: Positions, lane: str) -> StepBase | None:
    """What comes after a step that is over, and that a save may have deleted meanwhile. None at the end of the lane."""
    branch = branch_of(lane)
    if step_id in newest and newest.is_within(step_id, branch):
        return newest.after(step_id, branch)
    following = ran_from.after(step_id, branch) if step_id in ran_from else None
    return surviving_step(following.id, ran_from, newest, branch) if following else None


def down(step: StepBase, path: str, ran_from: Positions, newest: Positions, lane: str) -> StepBase | None:
    """The first step of a path of a step that is over, and that a save may have deleted or changed meanwhile."""
    branch = branch_of(lane)
    if step.id in newest and newest.is_within(step.id, branch) and path in newest.step(step.id).paths():
        return newest.down(step.id, path, branch)
    return onward(step.id, ran_from, newest, lane)


def jumped(step_id: str, newest: Positions, following: str | None, lane: str) -> str | None:
    """The warning for a lane that stood on a step that a save deleted, and goes on at the following one or ends."""
    if step_id in newest:
        return None
    where = "" if lane == MAIN else f" in lane {lane}"
    if following is None:
        return f"Step {step_id} was deleted, and nothing that comes after it{where} is left."
    return f"Step {step_id} was deleted: the execution went on at step {following}{where}."


def outcome_of(step: StepBase | None, lane: str) -> Outcome:
    """On to a step, or to the end of the lane: with the main one the execution ends."""
    if step is not None:
        return Next(step=StepRef.to(step))
    return End(state="completed") if lane == MAIN else LaneEnd()


def lanes_of(step: StepBase, lane: str) -> list[LaneStart]:
    """The lanes of a branch that hold anything."""
    return [
        LaneStart(lane=lane_below(lane, step.id, name), first=StepRef.to(steps[0]))
        for name, steps in step.paths().items()
        if steps
    ]
