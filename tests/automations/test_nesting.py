"""How steps stand in each other, typed and in JSON."""

import copy
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.nesting import configuration, step_lists, walk, with_step_lists, without_steps
from automations.steps.base import StepBase
from tests.builders import STEP, Json, branch, condition, delay

from .trees import TREES, every, lists_of, parsed

BOTH: Json = {
    "id": "x",
    "if_yes": [1],
    "if_no": 5,
    "lanes": [{"name": "a", "steps": [2, 3]}, 7, {}, {"steps": {}}, {"steps": []}],
}


def test_lists_are_told_with_their_places() -> None:
    assert dict(step_lists(BOTH)) == {"if_yes": [1], "lanes[0].steps": [2, 3], "lanes[4].steps": []}
    assert dict(step_lists(BOTH, ["if_no", "if_yes"])) == {"if_yes": [1]}


@pytest.mark.parametrize("step", [None, 5, [], "lanes", {"lanes": {"steps": [1]}}, {"lanes": "steps"}])
def test_what_is_no_step_holds_none(step: object) -> None:
    assert [*step_lists(step)] == []


def test_a_step_without_its_steps_keeps_what_else_it_says() -> None:
    assert without_steps(BOTH) == {"id": "x", "if_no": 5, "lanes": [{"name": "a"}, 7, {}, {"steps": {}}, {}]}
    assert without_steps(BOTH, ["if_yes"]) == {key: value for key, value in BOTH.items() if key != "if_yes"}


def test_changing_the_lists_changes_nothing_else() -> None:
    before = copy.deepcopy(BOTH)
    changed = with_step_lists(BOTH, lambda steps: [0, *steps])
    assert dict(step_lists(changed)) == {"if_yes": [0, 1], "lanes[0].steps": [0, 2, 3], "lanes[4].steps": [0]}
    assert without_steps(changed) == without_steps(BOTH)
    assert before == BOTH


def test_a_configuration_shows_lanes_by_their_names_only() -> None:
    fork = STEP.validate_python(branch("fork", [delay("a")], sales=[delay("b")]))
    assert configuration(fork) == {"id": "fork", "type": "branch", "lanes": [{}, {"name": "sales"}]}
    assert configuration(STEP.validate_python(condition("c", [delay("d")]))).keys() == {"id", "type", "if"}


def at_path(value: Any, path: str) -> Any:
    """What stands at a path of the document."""
    for key in re.findall(r"[a-z_]+|[0-9]+", path):
        value = value[int(key) if key.isdecimal() else key]
    return value


@given(TREES)
def test_a_walk_tells_every_step_at_its_place(steps: list[Json]) -> None:
    found = [*walk(parsed(steps).steps, "steps")]
    assert [step.id for _, step in found] == [step["id"] for step in every(steps)]
    assert [at_path({"steps": steps}, path)["id"] for path, _ in found] == [step.id for _, step in found]


@given(TREES)
def test_the_lists_of_a_step_are_those_on_its_paths(steps: list[Json]) -> None:
    for raw, (_, step) in zip(every(steps), walk(parsed(steps).steps, "steps"), strict=True):
        assert [below for _, below in step_lists(raw)] == lists_of(raw)
        assert [place for place, _ in step_lists(raw)] == [step.path_at(name) for name in step.paths()]


def names(paths: dict[str, Sequence[StepBase]]) -> dict[str, list[str]]:
    return {name: [step.id for step in steps] for name, steps in paths.items()}


@given(TREES.filter(bool), st.data())
def test_a_step_takes_other_steps_on_its_paths(steps: list[Json], data: st.DataObject) -> None:
    _, step = data.draw(st.sampled_from([*walk(parsed(steps).steps, "steps")]))
    other = STEP.validate_python(delay("other"))
    chosen = data.draw(st.lists(st.sampled_from([*step.paths()]))) if step.paths() else []
    changed = step.with_paths({name: [other] for name in chosen})
    assert names(changed.paths()) == {**names(step.paths()), **{name: ["other"] for name in chosen}}
    assert changed.alone() == step.alone()
    assert not any(changed.alone().paths().values())
