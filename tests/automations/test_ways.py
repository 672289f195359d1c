"""From each step, the steps that may come next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.ways import Ways
from tests.builders import Json, branch, condition, delay, go_to, stop

from .trees import TREES, TREES_WITH_STOPS, every, lists_of, positions


def following(*steps: Json) -> dict[str, list[str]]:
    return {id: sorted(ways) for id, ways in Ways(positions(*steps)).following.items()}


def test_a_branch_leads_into_its_lanes_and_their_ends_lead_on() -> None:
    lanes = branch("fork", [delay("a"), delay("b")], [condition("c", [delay("d")])], [])
    assert following(lanes, delay("end")) == {
        "fork": ["a", "c"],
        "a": ["b"],
        "b": ["end"],
        "c": ["d", "end"],
        "d": ["end"],
        "end": [],
    }


def test_a_branch_with_nothing_in_its_lanes_leads_on() -> None:
    assert following(branch("fork", [], []), delay("end"))["fork"] == ["end"]


def test_lanes_of_a_branch_that_ends_a_lane_lead_on_after_the_outer_one() -> None:
    ways = following(branch("outer", [branch("inner", [delay("a")])], [delay("b")]), delay("end"))
    assert (ways["outer"], ways["inner"], ways["a"], ways["b"]) == (["b", "inner"], ["a"], ["end"], ["end"])


@pytest.mark.parametrize("endless", [[stop("x")], [delay("y"), go_to("x", "y")], [branch("y", [stop("x", "fail")])]])
def test_a_lane_that_never_ends_keeps_the_others_from_going_on(endless: list[Json]) -> None:
    ways = Ways(positions(branch("fork", [delay("a")], endless), delay("end")))
    assert ways.following["a"] == []
    assert "end" not in ways.reached("fork")


@pytest.mark.parametrize("ending", [[stop("x", "pause")], [stop("x", skip=True)], [condition("y", [stop("x")])]])
def test_a_lane_that_may_end_lets_the_others_go_on(ending: list[Json]) -> None:
    assert Ways(positions(branch("fork", [delay("a")], ending), delay("end"))).following["a"] == ["end"]


def test_a_skipped_branch_leads_on_past_its_lanes() -> None:
    skipped = {**branch("fork", [stop("a")]), "skip": True}
    assert following(skipped, delay("end"))["fork"] == ["a", "end"]


def test_nothing_gets_past_a_held_step_nor_past_a_branch_around_it() -> None:
    ways = Ways(positions(branch("fork", [delay("a")], [delay("b")]), delay("end")), held=["b"])
    assert ways.following == {"fork": ["a", "b"], "a": [], "b": [], "end": []}


def test_a_step_that_may_be_passed_over_leads_on() -> None:
    ways = Ways(positions(branch("fork", [stop("a")], [delay("b")]), delay("end")), passed=["a"])
    assert ways.following == {"fork": ["a", "b"], "a": ["end"], "b": ["end"], "end": []}


@given(TREES)
def test_where_nothing_stops_every_step_is_reached(steps: list[Json]) -> None:
    found = positions(*steps)
    assert not steps or Ways(found).reached(steps[0]["id"]) == set(found.places)


def passes(step: Json, held: set[str]) -> bool:
    """The reference: whether an execution may come past a step."""
    paths = [ends(path, held) for path in lists_of(step)]
    match step["type"]:
        case "branch":
            return all(paths) and step["id"] not in held
        case "condition":
            return any(paths) and step["id"] not in held
        case kind:
            return kind != "stop_execution" and step["id"] not in held


def ends(steps: list[Json], held: set[str]) -> bool:
    return all(passes(step, held) for step in steps)


def visited(steps: list[Json], held: set[str]) -> set[str]:
    """The reference: the steps of a list that are reached from its first."""
    found = set[str]()
    for step in steps:
        below = [] if step["id"] in held else lists_of(step)
        found |= {step["id"], *(id for path in below for id in visited(path, held))}
        if not passes(step, held):
            break
    return found


@given(TREES_WITH_STOPS.filter(bool), st.data())
def test_what_is_reached_is_what_a_walk_through_the_tree_visits(steps: list[Json], data: st.DataObject) -> None:
    held = data.draw(st.sets(st.sampled_from([step["id"] for step in every(steps)]), max_size=3))
    assert Ways(positions(*steps), held=held).reached(steps[0]["id"]) == visited(steps, held)
