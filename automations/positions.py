"""Position arithmetic: what comes next in this document."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from automations.steps.base import StepBase


@dataclass(frozen=True)
class Place:
    """Where a step stands: in which list, at which index, below which step and path."""

    step: StepBase
    siblings: Sequence[StepBase]
    index: int
    parent: str | None
    path: str | None


class HasRoot(Protocol):
    """A document, or a draft of one."""

    def root(self) -> Sequence[StepBase]: ...


class Positions:
    """A document seen as places. Steps after a step with paths run once its paths have come together again."""

    def __init__(self, document: HasRoot) -> None:
        self._root = document.root()

    @cached_property
    def places(self) -> dict[str, Place]:
        """Every step's place by its id, in the order of the document."""
        return {place.step.id: place for place in _places(self._root, None, None)}

    def __contains__(self, step_id: str) -> bool:
        return step_id in self.places

    def step(self, step_id: str) -> StepBase:
        return self.places[step_id].step

    def first(self) -> StepBase | None:
        return self._root[0] if self._root else None

    def after(self, step_id: str, within: str | None = None) -> StepBase | None:
        """The step that runs once this one (with all its paths) is over; None at the end of the automation.

        `within` is the branch whose lane is walked: None at the end of that lane too.
        """
        place = self.places[step_id]
        if place.index + 1 < len(place.siblings):
            return place.siblings[place.index + 1]
        return self.after(place.parent, within) if place.parent is not None and place.parent != within else None

    def down(self, step_id: str, path: str, within: str | None = None) -> StepBase | None:
        """The first step of a path, or what comes after it where the path is empty."""
        steps = self.step(step_id).paths()[path]
        return steps[0] if steps else self.after(step_id, within)

    def ancestors(self, step_id: str) -> Iterator[str]:
        parent = self.places[step_id].parent
        while parent is not None:
            yield parent
            parent = self.places[parent].parent

    def is_within(self, step_id: str, branch: str | None) -> bool:
        """Whether a step stands below that branch; all do below none."""
        return branch is None or branch in self.ancestors(step_id)


def _places(steps: Sequence[StepBase], parent: str | None, path: str | None) -> Iterator[Place]:
    for index, step in enumerate(steps):
        yield Place(step, steps, index, parent, path)
        for name, children in step.paths().items():
            yield from _places(children, step.id, name)


def surviving_step(step_id: str, ran_from: Positions, newest: Positions, within: str | None = None) -> StepBase | None:
    """Where an execution goes on that stood before a step: the step itself, or the next one after it that a save has left.

    "After" is read in the document that the execution last ran from. None if nothing after it is left in the lane.
    """
    while step_id not in newest or not newest.is_within(step_id, within):
        following = ran_from.after(step_id, within) if step_id in ran_from else None
        if following is None:
            return None
        step_id = following.id
    return newest.step(step_id)
