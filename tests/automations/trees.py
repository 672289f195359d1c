"""Random trees of steps, with conditions and branches in each other, and plain ways to look at them."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from hypothesis import strategies as st

from automations.document import AutomationDocument
from automations.positions import Positions
from automations.steps.base import StepBase
from tests.builders import Json, branch, condition, delay, document, stop


def parsed(steps: list[Json], variables: Sequence[Json] = ()) -> AutomationDocument:
    return AutomationDocument.model_validate(document(steps=steps, variables=list(variables)))


def positions(*steps: Json, variables: Sequence[Json] = ()) -> Positions:
    return Positions(parsed([*steps], variables))


def id_of(step: StepBase | None) -> str | None:
    return step.id if step else None


def _shapes(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def holders(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        lists = st.lists(inner, max_size=3)
        return st.tuples(st.just("condition"), st.tuples(lists, lists)) | st.tuples(
            st.just("branch"), st.lists(lists, min_size=1, max_size=3)
        )

    return st.lists(st.recursive(leaves, holders, max_leaves=25), max_size=4)


def _tree(shapes: Sequence[Any], ids: Iterator[int]) -> list[Json]:
    return [_step(shape, f"s{next(ids)}", ids) for shape in shapes]


def _step(shape: Any, id: str, ids: Iterator[int]) -> Json:
    match shape:
        case "delay":
            return delay(id)
        case "stop":
            return stop(id)
        case ("condition", (yes, no)):
            return condition(id, _tree(yes, ids), _tree(no, ids))
        case ("branch", lanes):
            return branch(id, *(_tree(lane, ids) for lane in lanes))
        case _:
            raise ValueError(shape)


def _trees(*leaves: str) -> st.SearchStrategy[list[Json]]:
    return _shapes(st.sampled_from(leaves)).map(lambda shapes: _tree(shapes, count()))


TREES = _trees("delay")
TREES_WITH_STOPS = _trees("delay", "delay", "stop")


def lists_of(step: Json) -> list[list[Json]]:
    """The lists of steps that a step in JSON holds."""
    return [step[key] for key in ("if_yes", "if_no") if key in step] + [lane["steps"] for lane in step.get("lanes", [])]


def every(steps: list[Json]) -> list[Json]:
    """All steps of a tree in JSON, in the order of the document."""
    return [found for step in steps for found in [step, *(below for path in lists_of(step) for below in every(path))]]


def without(steps: list[Json], deleted: set[str]) -> list[Json]:
    """The tree without those steps and all below them."""

    def kept(step: Json) -> Json:
        lanes = [{**lane, "steps": without(lane["steps"], deleted)} for lane in step.get("lanes", [])]
        paths = {path: without(step[path], deleted) for path in ("if_yes", "if_no") if path in step}
        return {**step, **paths, **({"lanes": lanes} if lanes else {})}

    return [kept(step) for step in steps if step["id"] not in deleted]
