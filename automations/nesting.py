"""How steps stand in each other: in the lists `if_…` of a step with paths, and in the lanes of a branch.

JSON as its author wrote it is walked without trust: a list that is none, and a lane that is no object, hold no steps.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from automations.problems import at
from automations.steps import STEP_TYPES
from automations.steps.base import StepBase

LANES = "lanes"
"""The key under which a branch holds objects that each hold steps."""

PATH_KEYS = tuple(dict.fromkeys(key for kind in STEP_TYPES.values() for key in kind.model_fields if key.startswith("if_")))
"""The keys under which steps hold steps; the path's name follows `if_`."""

NESTING_KEYS = frozenset({*PATH_KEYS, LANES})


def walk(steps: Sequence[StepBase], path: str) -> Iterator[tuple[str, StepBase]]:
    """Every step with its place in the document, in the order of the document."""
    for index, step in enumerate(steps):
        place = at(path, index)
        yield place, step
        for name, below in step.paths().items():
            yield from walk(below, at(place, step.path_at(name)))


def step_lists(step: object, keys: Collection[str] = NESTING_KEYS) -> Iterator[tuple[str, list[object]]]:
    """The lists of steps that a step in JSON holds, each with its place inside the step: `if_yes`, `lanes[0].steps`."""
    for key in PATH_KEYS:
        if key in keys and (steps := list_at(step, key)) is not None:
            yield key, steps
    for index, lane in enumerate(list_at(step, LANES) or () if LANES in keys else ()):
        if (steps := list_at(lane, "steps")) is not None:
            yield f"{LANES}[{index}].steps", steps


def list_at(value: object, key: str) -> list[object] | None:
    found = cast(Mapping[str, object], value).get(key) if isinstance(value, Mapping) else None
    return cast(list[object], found) if isinstance(found, list) else None


def with_step_lists(step: Mapping[str, Any], change: Callable[[list[Any]], list[Any]]) -> dict[str, Any]:
    """The same step in JSON with each of its lists of steps changed."""

    def changed(holder: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
        return {**holder, **{key: change(steps) for key in keys if (steps := list_at(holder, key)) is not None}}

    found = changed(step, PATH_KEYS)
    return found | _lanes(found, lambda lane: changed(lane, ("steps",)))


def without_steps(step: Mapping[str, Any], keys: Collection[str] = NESTING_KEYS) -> dict[str, Any]:
    """What a step in JSON says itself; of its lanes the rest, such as their names."""
    own = {key: value for key, value in step.items() if key not in keys or key == LANES or not isinstance(value, list)}
    return own | (_lanes(own, _without_list) if LANES in keys else {})


def _without_list(lane: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in lane.items() if key != "steps" or not isinstance(value, list)}


def _lanes(step: Mapping[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    lanes = list_at(step, LANES)
    return {} if lanes is None else {LANES: [change(cast(Any, lane)) if isinstance(lane, dict) else lane for lane in lanes]}


def configuration(step: StepBase) -> dict[str, Any]:
    """What a step says itself, as its author wrote it."""
    return without_steps(step.alone().model_dump(mode="json", by_alias=True, exclude_unset=True))
