"""Checks of the ways through an automation: where go-to steps lead, what is never reached, what goes round without a wait."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automations.checks.cycles import on_cycles
from automations.checks.draft import Draft, UnreadStep
from automations.positions import Positions
from automations.problems import Problem, at
from automations.steps import STEP_TYPES
from automations.steps.base import StepBase
from automations.steps.control import Delay, GoToStep, StopExecution


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


@dataclass(frozen=True)
class _Tree:
    """The steps alone, each under an id of its own."""

    steps: Sequence[StepBase]

    def root(self) -> Sequence[StepBase]:
        return self.steps


def _distinct(steps: Sequence[StepBase], path: str, seen: set[str]) -> list[StepBase]:
    """The first step of an id keeps it; a later one of the same id has a problem already, and is told apart by its path here."""
    found: list[StepBase] = []
    for index, step in enumerate(steps):
        place = at(path, index)
        own: dict[str, Any] = {"id": f"({place})"} if step.id in seen else {}
        seen.add(step.id)
        below = {name: _distinct(children, at(place, f"if_{name}"), seen) for name, children in step.paths().items()}
        if isinstance(step, UnreadStep):
            own["children"] = below
        else:
            own.update({f"if_{name}": children for name, children in below.items()})
        found.append(step.model_copy(update=own) if own else step)
    return found


class _Ways:
    """From each step, by its id, the steps that may follow."""

    def __init__(self, draft: Draft) -> None:
        self.positions = Positions(_Tree(_distinct(draft.steps, "steps", set())))
        self.paths = dict(zip(self.positions.places, (path for path, _ in draft.walk if path.startswith("steps")), strict=True))
        self.following: Mapping[str, Sequence[str]] = {id: self._following(id) for id in self.positions.places}

    def _following(self, id: str) -> list[str]:
        step = self.positions.step(id)
        after = self.positions.after(id)
        ways: list[StepBase | None]
        match step:
            case GoToStep():
                ways = [self.positions.step(step.step)] if step.step in self.positions else []
            case StopExecution() if step.action in ("complete", "cancel", "fail"):
                ways = []
            case _:
                ways = [self.positions.down(id, path) for path in step.paths()] or [after]
        if step.skip or isinstance(step, UnreadStep):
            ways.append(after)
        return [way.id for way in ways if way is not None]

    def reached(self, start: str) -> set[str]:
        """Every step that an execution which begins at `start` may come to."""
        found = {start}
        waiting = [start]
        while waiting:
            fresh = [id for id in self.following[waiting.pop()] if id not in found]
            found.update(fresh)
            waiting += fresh
        return found

    def without_waits(self) -> Mapping[str, Sequence[str]]:
        """The ways that lead on at once."""
        return {id: () if self._waits(id) else following for id, following in self.following.items()}

    def _waits(self, id: str) -> bool:
        step = self.positions.step(id)
        is_pause = isinstance(step, StopExecution) and step.action in ("pause", "pause_with_error")
        return isinstance(step, UnreadStep) or (not step.skip and (isinstance(step, Delay) or is_pause))


def unreachable_steps(draft: Draft) -> Iterator[Problem]:
    """The outermost ones: what stands below a step that is never reached is not told of."""
    if any(_may_lead_anywhere(step) for _, step in draft.walk) or not draft.steps:
        return
    ways = _Ways(draft)
    reached = ways.reached(draft.steps[0].id)
    for id, path in ways.paths.items():
        parent = ways.positions.places[id].parent
        if id not in reached and (parent is None or parent in reached):
            sentence = "No way leads to this step: what stands before it never goes on to it."
            yield Problem(path=path, code="unreachable_step", sentence=sentence)


def _may_lead_anywhere(step: StepBase) -> bool:
    return isinstance(step, UnreadStep) and (step.type == "go_to_step" or step.type not in STEP_TYPES)


def loops_without_wait(draft: Draft) -> Iterator[Problem]:
    if not any(isinstance(step, GoToStep) for _, step in draft.walk):
        return
    ways = _Ways(draft)
    rounds = on_cycles(ways.without_waits())
    for id, path in ways.paths.items():
        if isinstance(ways.positions.step(id), GoToStep) and id in rounds:
            sentence = "The steps from there to here go round without a delay: an execution that does so too often is stopped."
            yield Problem(path=at(path, "step"), code="loop_without_wait", sentence=sentence, severity="warning")
