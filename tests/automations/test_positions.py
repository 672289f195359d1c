"""Position arithmetic: what comes next in this document."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from automations.positions import Positions, surviving_step
from automations.steps.base import StepBase
from tests.builders import Json, branch, condition, delay, variable

from .trees import TREES, id_of, parsed, positions, without

TREE = [
    delay("a"),
    condition("b", [delay("b1"), condition("b2", [], [delay("b3")])], []),
    delay("c"),
    condition("d", [delay("d1")]),
]


def test_variables_run_first() -> None:
    found = positions(delay("a"), variables=[variable("seats"), variable("size")])
    assert id_of(found.first()) == "v-seats"
    assert [id_of(found.after(step)) for step in ("v-seats", "v-size", "a")] == ["v-size", "a", None]


def test_an_empty_document_has_no_first_step() -> None:
    assert positions().first() is None


def test_paths_come_together_after_their_step() -> None:
    found = positions(*TREE)
    after = {id: id_of(found.after(id)) for id in found.places}
    assert after == {"a": "b", "b": "c", "b1": "b2", "b2": "c", "b3": "c", "c": "d", "d": None, "d1": None}


def test_an_empty_path_leads_to_what_comes_after() -> None:
    found = positions(*TREE)
    downs = [id_of(found.down(id, path)) for id in ("b", "b2", "d") for path in ("yes", "no")]
    assert downs == ["b1", "c", "c", "b3", "d1", None]


def test_ancestors_are_told_from_the_inside_out() -> None:
    found = positions(*TREE)
    assert [*found.ancestors("b3")] == ["b2", "b"]
    assert [*found.ancestors("a")] == []


LANES = [branch("fork", [delay("a"), condition("b", [delay("b1")])], [branch("inner", [delay("c")], [])], []), delay("end")]


def test_lanes_come_together_after_their_branch() -> None:
    found = positions(*LANES)
    after = {id: id_of(found.after(id)) for id in found.places}
    assert after == {"fork": "end", "a": "b", "b": "end", "b1": "end", "inner": "end", "c": "end", "end": None}


def test_a_walk_within_a_branch_ends_with_its_lane() -> None:
    found = positions(*LANES)
    assert [id_of(found.after(id, "fork")) for id in ("a", "b", "b1", "inner", "c")] == ["b", None, None, None, None]
    assert [id_of(found.down("b", path, "fork")) for path in ("yes", "no")] == ["b1", None]
    assert [found.is_within(id, "fork") for id in ("c", "fork", "end")] == [True, False, False]


def test_a_deleted_step_is_followed_within_its_lane_only() -> None:
    before = positions(*LANES)
    left = positions(branch("fork", [delay("x")]), delay("b1"), delay("end"))
    assert surviving_step("a", before, left, "fork") is None
    assert id_of(surviving_step("a", before, left)) == "end"


def test_a_deleted_step_is_followed_by_the_next_that_is_left() -> None:
    before = positions(*TREE)
    assert id_of(surviving_step("b1", before, positions(*TREE))) == "b1"
    assert id_of(surviving_step("b1", before, positions(TREE[0], TREE[3]))) == "d"
    assert id_of(surviving_step("b1", before, positions(TREE[2], delay("d1")))) == "c"
    assert surviving_step("b1", before, positions(TREE[0])) is None
    assert surviving_step("never", before, positions(delay("x"))) is None


def test_thousands_of_deleted_steps_are_passed_over() -> None:
    before = positions(*(delay(f"s{index}") for index in range(2_000)))
    assert id_of(surviving_step("s0", before, positions(delay("s1999")))) == "s1999"
    assert surviving_step("s0", before, positions()) is None


def in_order(steps: Sequence[StepBase]) -> list[str]:
    """The reference: ids in the order of the document."""
    return [id for step in steps for id in [step.id, *(id for path in step.paths().values() for id in in_order(path))]]


def below(step: StepBase) -> list[str]:
    return [id for path in step.paths().values() for id in in_order(path)]


@given(TREES)
def test_every_place_is_where_it_says(steps: list[Json]) -> None:
    found = positions(*steps)
    assert [*found.places] == in_order(parsed(steps).steps)
    for id, place in found.places.items():
        assert place.siblings[place.index] is place.step is found.step(id)
        if place.parent is not None and place.path is not None:
            assert found.step(place.parent).paths()[place.path] is place.siblings


@given(TREES, st.data())
def test_every_walk_ends_and_visits_each_step_at_most_once(steps: list[Json], data: st.DataObject) -> None:
    found = positions(*steps)
    order = [*found.places]
    here, visited = found.first(), list[str]()
    while here is not None:
        visited.append(here.id)
        paths = [*here.paths()]
        here = found.down(here.id, data.draw(st.sampled_from(paths))) if paths else found.after(here.id)
    assert visited == sorted(set(visited), key=order.index)


def walked(found: Positions, first: StepBase | None, branch: str | None = None) -> set[str]:
    """The steps on every walk that begins with this one and goes on within the branch."""
    waiting, reached = [first], set[str]()
    while waiting:
        here = waiting.pop()
        if here is not None and here.id not in reached:
            reached.add(here.id)
            waiting += [found.down(here.id, path, branch) for path in here.paths()] or [found.after(here.id, branch)]
    return reached


@given(TREES)
def test_a_walk_within_a_branch_stays_in_its_lane_and_misses_none_of_its_steps(steps: list[Json]) -> None:
    found = positions(*steps)
    for fork in (place.step for place in found.places.values() if place.step.parallel):
        for lane in filter(None, fork.paths().values()):
            assert walked(found, lane[0], fork.id) == set(in_order(lane))


@given(TREES)
def test_every_step_is_on_some_walk(steps: list[Json]) -> None:
    found = positions(*steps)
    assert walked(found, found.first()) == set(found.places)


def may_follow(before: Positions, id: str) -> list[str]:
    """The reference for what follows a step: those behind it in the document, but for those below it and on paths beside it."""
    order = [*before.places]
    own_paths = {(place.parent, place.path) for place in map(before.places.__getitem__, [id, *before.ancestors(id)])}
    behind = order[order.index(id) + 1 :]
    return [other for other in behind if (before.places[other].parent, before.places[other].path) in own_paths]


@given(TREES.filter(bool), st.data())
def test_the_surviving_step_is_the_first_left_of_those_that_follow(steps: list[Json], data: st.DataObject) -> None:
    before = positions(*steps)
    order = [*before.places]
    id = data.draw(st.sampled_from(order))
    newest = positions(*without(steps, data.draw(st.sets(st.sampled_from(order)))))
    expected = next((other for other in [id, *may_follow(before, id)] if other in newest), None)
    assert id_of(surviving_step(id, before, newest)) == expected
