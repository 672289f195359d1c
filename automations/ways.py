"""The ways through an automation: from each step, the steps that may come next."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from automations.positions import Positions
from automations.steps.base import StepBase
from automations.steps.control import GoToStep, StopExecution


class Ways:
    """A document as a graph. A branch leads to the first step of each of its lanes, and their ends lead to what comes after it.

    They do so only if every lane can end: one that stops the execution, or goes round for ever, keeps the others from coming
    together again.
    """

    following: Mapping[str, Sequence[str]]
    """By a step's id, the ids of those that may come next."""

    def __init__(self, positions: Positions, held: Collection[str] = (), passed: Collection[str] = ()) -> None:
        """Nothing gets past the `held` steps; the `passed` ones may be passed over, as skipped ones are."""
        self.positions = positions
        self._held = frozenset(held)
        self._passed = frozenset(passed)
        self._together: set[str] = set()
        for branch in self._innermost_first():
            if all(self._can_end(lane[0].id, branch.id) for lane in branch.paths().values() if lane):
                self._together.add(branch.id)
        self.following = {id: list(self._following(id)) for id in positions.places}

    def reached(self, start: str) -> set[str]:
        """Every step that an execution which stands before `start` may come to, that one too."""
        return _reached(start, self.following.__getitem__)

    def _innermost_first(self) -> list[StepBase]:
        steps = [place.step for place in self.positions.places.values() if place.step.parallel]
        return steps[::-1]

    def _can_end(self, first: str, branch: str) -> bool:
        """Whether a lane that begins with this step comes to its end."""
        walked = _reached(first, lambda id: [way for way in self._along(id, branch) if way is not None])
        return any(None in self._along(id, branch) for id in walked)

    def _following(self, id: str) -> Iterator[str]:
        lane = self._lane(id)
        lanes = self._first_of_lanes(self.positions.step(id))
        yield from lanes
        for way in self._along(id, lane) if not lanes or self._may_be_passed(self.positions.step(id)) else ():
            onward = way if way is not None else self._joined(lane)
            if onward is not None:
                yield onward

    def _first_of_lanes(self, step: StepBase) -> list[str]:
        is_entered = step.parallel and step.id not in self._held
        return [lane[0].id for lane in step.paths().values() if lane] if is_entered else []

    def _along(self, id: str, branch: str | None) -> list[str | None]:
        """Where a walk within a lane of this branch goes from here; None is the lane's end. A branch is one step of the way."""
        step = self.positions.step(id)
        after = self.positions.after(id, branch)
        ways = [] if id in self._held else self._onward(step, after, branch)
        if self._may_be_passed(step):
            ways.append(after)
        return [way.id if way else None for way in ways]

    def _onward(self, step: StepBase, after: StepBase | None, branch: str | None) -> list[StepBase | None]:
        match step:
            case GoToStep():
                return [self.positions.step(step.step)] if step.step in self.positions else []
            case StopExecution() if step.is_end:
                return []
            case _ if step.parallel:
                return [after] if step.id in self._together else []
            case _:
                return [self.positions.down(step.id, path, branch) for path in step.paths()] or [after]

    def _may_be_passed(self, step: StepBase) -> bool:
        return step.skip or step.id in self._passed

    def _lane(self, id: str) -> str | None:
        """The innermost branch in whose lane a step stands."""
        return next((above for above in self.positions.ancestors(id) if self.positions.step(above).parallel), None)

    def _joined(self, branch: str | None) -> str | None:
        """What comes after the lanes of a branch, once they have all ended."""
        while branch is not None and branch in self._together:
            outer = self._lane(branch)
            after = self.positions.after(branch, outer)
            if after is not None:
                return after.id
            branch = outer
        return None


def _reached(start: str, following: Callable[[str], Iterable[str]]) -> set[str]:
    found = {start}
    waiting = [start]
    while waiting:
        fresh = [id for id in following(waiting.pop()) if id not in found]
        found.update(fresh)
        waiting += fresh
    return found
