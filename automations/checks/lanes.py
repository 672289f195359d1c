"""Checks of what runs side by side: no way leads from lane to lane, and no two lanes should write the same."""

from collections.abc import Iterator, Sequence

from automations.checks.draft import Draft
from automations.fields import ObjectDefinition
from automations.nesting import walk
from automations.positions import Positions
from automations.problems import Problem, at
from automations.steps.base import StepBase, Written
from automations.steps.control import GoToStep

Lane = tuple[str, str]
"""The id of a branch, and the name of one of its lanes."""


def go_to_across_lanes(draft: Draft) -> Iterator[Problem]:
    """An execution joins its lanes by counting them: one that left its lane, or stood in another's, could not be counted."""
    for id, path in draft.places.items():
        step = draft.positions.step(id)
        if not isinstance(step, GoToStep) or step.step not in draft.places:
            continue
        own, theirs = _lanes_around(draft.positions, id), _lanes_around(draft.positions, step.step)
        if theirs[: len(own)] != own:
            sentence = f"The step {step.step} stands outside {_named(own[-1])}, which a go-to cannot leave."
            yield Problem(path=at(path, "step"), code="go_to_out_of_lane", sentence=sentence)
        elif theirs != own:
            sentence = f"The step {step.step} stands in {_named(theirs[len(own)])}, which begins at its first step only."
            yield Problem(path=at(path, "step"), code="go_to_into_lane", sentence=sentence)


def _lanes_around(positions: Positions, id: str) -> Sequence[Lane]:
    """From the outermost one in."""
    around = [positions.places[id], *(positions.places[above] for above in positions.ancestors(id))]
    lanes = [(place.parent, place.path) for place in around if place.parent and positions.step(place.parent).parallel]
    return [(branch, name or "") for branch, name in reversed(lanes)]


def _named(lane: Lane) -> str:
    branch, name = lane
    return f"the lane {name} of {branch}"


def lanes_write_same(draft: Draft) -> Iterator[Problem]:
    """Of each lane that sets what an earlier lane of the same branch sets, the first place where it does."""
    for path, step in draft.walk:
        if step.parallel:
            yield from _races(step, path, draft.definition)


def _races(branch: StepBase, path: str, definition: ObjectDefinition | None) -> Iterator[Problem]:
    first: dict[Written, str] = {}
    for name, steps in branch.paths().items():
        for written, place in _writes(steps, at(path, branch.path_at(name)), definition).items():
            other = first.setdefault(written, name)
            if other != name:
                sentence = f"The lanes {other} and {name} both set the {' '.join(written)}: which of them is the last is chance."
                yield Problem(path=place, code="lanes_write_same", sentence=sentence, severity="warning")


def _writes(steps: Sequence[StepBase], path: str, definition: ObjectDefinition | None) -> dict[Written, str]:
    """What steps and those below them set, with the place where they first do."""
    found: dict[Written, str] = {}
    for place, step in walk(steps, path):
        for written in step.writes(definition) if not step.skip else ():
            found.setdefault(written, place)
    return found
