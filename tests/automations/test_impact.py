"""What a save changes for the executions that are under way."""

from hypothesis import given
from hypothesis import strategies as st

from automations.impact import Changes, Impact, affected, changed_steps
from automations.lanes import Standing
from automations.ways import Ways
from tests.builders import Json, branch, condition, delay, go_to, stop, variable

from .trees import TREES, TREES_WITH_STOPS, every, lists_of, parsed, positions, without


def changes(before: list[Json], after: list[Json]) -> Changes:
    return changed_steps(parsed(before), parsed(after))


def test_a_step_changes_by_what_it_says_itself() -> None:
    before = [condition("a", [delay("b")]), branch("c", [delay("d")]), delay("e")]
    after = [condition("a", [delay("b", hours=1)]), branch("c", other=[delay("d")]), delay("new")]
    assert changes(before, after) == Changes(frozenset("bc"), frozenset("e"))


def test_a_step_that_moved_says_the_same() -> None:
    assert changes([delay("a"), condition("b")], [condition("b", [delay("a")])]) == Changes(frozenset(), frozenset())


def test_a_step_of_another_type_has_changed() -> None:
    assert changes([delay("a")], [stop("a")]).changed == {"a"}


def test_variables_are_steps_too() -> None:
    before = parsed([], [variable("seats"), variable("size")])
    after = parsed([], [variable("seats", {"static": 2})])
    assert changed_steps(before, after) == Changes(frozenset({"v-seats"}), frozenset({"v-size"}))


def test_an_execution_is_affected_by_what_it_may_still_come_to() -> None:
    ways = Ways(
        positions(delay("a"), condition("b", [delay("c"), go_to("d", "a")], [delay("e")]), delay("f"), stop("g"), delay("h"))
    )
    found = Changes(frozenset({"a", "c", "f", "h"}), frozenset({"e", "gone"}))
    assert affected(["c"], ways, found) == {"a", "c", "e", "f"}
    assert affected(["e"], ways, found) == {"e", "f"}
    assert affected(["g"], ways, found) == set()
    assert affected(["e", "c"], ways, found) == {"a", "c", "e", "f"}
    assert affected(["unknown"], ways, found) == set()


def test_each_lane_is_affected_by_its_own_steps_and_by_what_follows_the_branch() -> None:
    ways = Ways(positions(branch("fork", [delay("a"), delay("b")], [delay("c")]), delay("end")))
    found = Changes(frozenset({"a", "b", "end"}), frozenset({"c"}))
    assert affected(["b"], ways, found) == {"b", "end"}
    assert affected(["a", "c"], ways, found) == {"a", "b", "c", "end"}


def reworded(steps: list[Json], chosen: set[str]) -> None:
    for step in every(steps):
        if step["id"] in chosen:
            step["description"] = "other"


@given(TREES.filter(bool), st.data())
def test_every_change_is_found_and_nothing_else(steps: list[Json], data: st.DataObject) -> None:
    before = parsed(steps)
    ids = [step["id"] for step in every(steps)]
    left = without(steps, data.draw(st.sets(st.sampled_from(ids))))
    kept = {step["id"] for step in every(left)}
    chosen = data.draw(st.sets(st.sampled_from(ids)))
    reworded(left, chosen)
    assert changed_steps(before, parsed(left)) == Changes(frozenset(chosen & kept), frozenset(set(ids) - kept))


def ahead(steps: list[Json], id: str) -> set[str]:
    """The reference, too generous: the step, all below it, and all behind it and behind the steps around it."""
    for index, step in enumerate(steps):
        if step["id"] == id:
            return {each["id"] for each in every(steps[index:])}
        for path in lists_of(step):
            if found := ahead(path, id):
                return found | {each["id"] for each in every(steps[index + 1 :])}
    return set()


@given(TREES_WITH_STOPS.filter(bool), st.data())
def test_nothing_that_is_over_affects_an_execution(steps: list[Json], data: st.DataObject) -> None:
    ids = [step["id"] for step in every(steps)]
    standing = data.draw(st.sets(st.sampled_from(ids), min_size=1, max_size=3))
    found = Changes(frozenset(data.draw(st.sets(st.sampled_from(ids)))), frozenset({"gone"}))
    told = affected(standing, Ways(positions(*steps)), found)
    assert standing & found.changed <= told <= found.changed
    assert told <= {id for start in standing for id in ahead(steps, start)}


@given(TREES.filter(bool), st.data())
def test_where_nothing_stops_all_that_is_ahead_affects_an_execution(steps: list[Json], data: st.DataObject) -> None:
    ids = [step["id"] for step in every(steps)]
    standing = data.draw(st.sampled_from(ids))
    assert affected([standing], Ways(positions(*steps)), Changes(frozenset(ids), frozenset())) == ahead(steps, standing)


def on(impact: Impact, *steps: str, revision: int = 2) -> tuple[set[str], set[str], bool]:
    """Of an execution with a lane before each of these steps, found in a first document `a b c` or a second one `b c d`."""
    documents = {1: positions(delay("a"), delay("b"), delay("c")), 2: positions(delay("b"), delay("c"), delay("d"))}
    found = impact.on([Standing(state="active", step=step, revision=revision) for step in steps], documents)
    return set(found.steps), set(found.affected), found.stands_on


def test_an_execution_stands_on_a_changed_step_or_before_it() -> None:
    impact = Impact(parsed([delay("b"), delay("c"), delay("d")]), parsed([delay("b"), delay("c", hours=1)]))
    assert impact.changes == Changes(frozenset("c"), frozenset("d"))
    assert on(impact, "b") == ({"b"}, {"c", "d"}, False)
    assert on(impact, "c") == ({"c"}, {"c", "d"}, True)
    assert on(impact, "b", "d") == ({"b", "d"}, {"c", "d"}, True)


def test_a_step_that_an_earlier_save_deleted_is_the_next_one_that_is_left() -> None:
    impact = Impact(parsed([delay("b"), delay("c"), delay("d")]), parsed([delay("b", hours=1), delay("c"), delay("d")]))
    assert on(impact, "a", revision=1) == ({"b"}, {"b"}, True)
    nothing_left = Impact(parsed([delay("x")]), parsed([]))
    assert on(nothing_left, "a", revision=1) == (set(), set(), False)


def test_a_lane_before_the_end_is_affected_by_nothing() -> None:
    impact = Impact(parsed([delay("b")]), parsed([]))
    standing = Standing(state="active", step=None, revision=1)
    assert not impact.on([standing], {1: positions(delay("b"))}).affected
