"""The ways through an automation: too deep, too long, or without an end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from automations.lint.subject import Subject, hint, warning
from automations.positions import Positions
from automations.problems import Problem, at
from automations.steps.base import StepBase
from automations.steps.control import Branch, Delay, GoToStep, StopExecution
from automations.steps.goals import AwaitingStep
from automations.ways import Ways

_DEEP = 3
"""Steps with paths around a step."""

_END = StopExecution.model_construct(id="(end)")
"""Stands behind the last step, under an id that no step can have."""


def deep_nesting(subject: Subject) -> Iterator[Problem]:
    """Of each list that stands too deep, the first step; not of those in it."""
    for steps in subject.lists:
        around = [*subject.positions.ancestors(steps[0][1].id)] if steps else []
        if len(around) == _DEEP + 1:
            sentence = f"It stands in {len(around)} steps: stop early, or put a part into an automation of its own."
            yield hint(steps[0][0], "deep_nesting", sentence)


def delay_chain(subject: Subject) -> Iterator[Problem]:
    for (_, first), (path, second) in subject.neighbours:
        if isinstance(first, Delay) and isinstance(second, Delay) and not (_is_bound(first) or _is_bound(second)):
            yield hint(path, "delay_chain", f"It follows the delay {first.id}: one delay can say both lengths.")


def _is_bound(delay: Delay) -> bool:
    """To a moment or a variable: what is added to it is another thing than a longer length."""
    return delay.until is not None or delay.amount is not None


def single_lane(subject: Subject) -> Iterator[Problem]:
    for path, step in subject.steps:
        if isinstance(step, Branch) and sum(bool(lane.steps) for lane in step.lanes) < 2:
            yield hint(
                at(path, "lanes"), "single_lane", "Nothing runs beside anything here: its steps may stand without a branch."
            )


def needless_go_to(subject: Subject) -> Iterator[Problem]:
    for path, step in subject.steps:
        after = subject.positions.after(step.id) if isinstance(step, GoToStep) else None
        if isinstance(step, GoToStep) and after is not None and after.id == step.step:
            yield hint(path, "needless_go_to", f"The step {step.step} comes next without it.")


def no_way_out(subject: Subject) -> Iterator[Problem]:
    """An execution that comes to the go-to never ends by itself."""
    if not any(isinstance(step, GoToStep) for _, step in subject.steps):
        return
    ends = _ending(Ways(Positions(_Steps([*subject.document.steps, _END]))))
    for path, step in subject.steps:
        if isinstance(step, GoToStep) and step.id not in ends and not step.skip:
            sentence = f"From {step.step} on all ways come back to here: only a person or a limit ends such an execution."
            yield warning(path, "no_way_out", sentence)


@dataclass(frozen=True)
class _Steps:
    steps: Sequence[StepBase]

    def root(self) -> Sequence[StepBase]:
        return self.steps


def _ending(ways: Ways) -> set[str]:
    """The steps from which an execution may come to its end."""
    before = _turned(ways.following)
    waiting = [id for id in ways.following if isinstance(ways.positions.step(id), StopExecution)]
    found = set(waiting)
    while waiting:
        fresh = [id for id in before[waiting.pop()] if id not in found]
        found.update(fresh)
        waiting += fresh
    return found


def _turned(following: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    before: dict[str, list[str]] = {id: [] for id in following}
    for id, onward in following.items():
        for each in onward:
            before[each].append(id)
    return before


def goal_without_timeout(subject: Subject) -> Iterator[Problem]:
    for path, step in subject.steps:
        if isinstance(step, AwaitingStep) and step.limit is None:
            sentence = "It waits for ever where nothing of it happens: a timeout says when to go on without."
            yield hint(path, "goal_without_timeout", sentence)
