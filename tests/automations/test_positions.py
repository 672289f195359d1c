"""Position arithmetic: what comes next in this document."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from automations.document import AutomationDocument
from automations.positions import Positions, surviving_step
from automations.steps.base import StepBase
from tests.builders import Json, condition, delay, document, variable


def parsed(steps: list[Json], variables: Sequence[Json] = ()) -> AutomationDocument:
    return AutomationDocument.model_validate(document(steps=steps, variables=list(variables)))


def positions(*steps: Json, variables: Sequence[Json] = ()) -> Positions:
    return Positions(parsed([*steps], variables))


def id_of(step: StepBase | None) -> str | None:
    return step.id if step else None


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


SHAPES: st.SearchStrategy[Any] = st.recursive(
    st.just("step"), lambda inner: st.tuples(st.lists(inner, max_size=3), st.lists(inner, max_size=3)), max_leaves=25
)


def tree(shapes: Sequence[Any], ids: Any) -> list[Json]:
    steps: list[Json] = []
    for shape in shapes:
        id = f"s{next(ids)}"
        steps.append(delay(id) if shape == "step" else condition(id, tree(shape[0], ids), tree(shape[1], ids)))
    return steps


TREES = st.lists(SHAPES, max_size=4).map(lambda shapes: tree(shapes, count()))


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


@given(TREES)
def test_every_step_is_on_some_walk(steps: list[Json]) -> None:
    found = positions(*steps)
    first = found.first()
    reached, waiting = set[str](), [first] if first else []
    while waiting:
        here = waiting.pop()
        reached.add(here.id)
        ways = [found.down(here.id, path) for path in here.paths()] or [found.after(here.id)]
        waiting += [way for way in ways if way is not None and way.id not in reached]
    assert reached == set(found.places)


def without(steps: list[Json], deleted: set[str]) -> list[Json]:
    return [
        {**step, **{path: without(step[path], deleted) for path in ("if_yes", "if_no") if path in step}}
        for step in steps
        if step["id"] not in deleted
    ]


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
