"""Lanes: their keys, and what an execution is as the sum of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.executions import PauseReason
from automations.lanes import MAIN, Standing, Standings, branch_of, is_below, lane_below, parent_of

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)

NAMES = st.text("ab-_1", min_size=1, max_size=3)
WAYS = st.lists(st.tuples(NAMES, NAMES), max_size=4)


def key(way: list[tuple[str, str]]) -> str:
    lane = MAIN
    for branch, name in way:
        lane = lane_below(lane, branch, name)
    return lane


def test_a_lane_is_named_by_the_way_to_it() -> None:
    assert key([("fork", "sales")]) == "fork:sales"
    assert key([("fork", "sales"), ("check", "left")]) == "fork:sales/check:left"


@given(WAYS)
def test_a_lane_tells_its_branch_and_the_lane_around_it(way: list[tuple[str, str]]) -> None:
    assert branch_of(key(way)) == (way[-1][0] if way else None)
    assert parent_of(key(way)) == key(way[:-1])


@given(WAYS, WAYS)
def test_lanes_of_other_ways_have_other_keys(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    assert (key(one) == key(other)) == (one == other)


@given(WAYS, WAYS)
def test_a_lane_is_below_those_on_the_way_to_it(way: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    longer = [*way, *other]
    assert is_below(key(longer), key(way)) == bool(other)
    assert is_below(key(way), key(other)) == (len(way) > len(other) and way[: len(other)] == other)


def test_a_name_that_begins_like_another_is_not_below_it() -> None:
    assert not is_below("fork:salesmen", "fork:sales")


def standing(state: str = "active", why: PauseReason | None = None, **more: object) -> Standing:
    return Standing.model_validate({"state": state, "step": "a", "revision": 1, "pause_reason": why, **more})


FORKED = standing(step="fork", forked=True, revision=7)


def summed(*lanes: Standing) -> Standing:
    """Of an execution that has branched into these lanes."""
    return Standings({MAIN: FORKED, **{f"fork:{index}": lane for index, lane in enumerate(lanes)}}).summed()


def test_an_execution_without_lanes_is_its_main_one() -> None:
    main = standing("paused", "delay", waiting_until=MORNING, reason="waits")
    assert Standings({MAIN: main}).summed() == main


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["paused", "active", "retrying"], "active"),
        (["paused", "retrying", "paused"], "retrying"),
        (["paused", "paused"], "paused"),
    ],
)
def test_the_busiest_lane_says_the_state(states: list[str], state: str) -> None:
    assert summed(*map(standing, states)).state == state


def test_what_waits_for_a_person_is_the_reason_that_is_shown() -> None:
    waits, asks = standing("paused", "delay", step="b"), standing("paused", "error", step="c", reason="No such field.")
    found = summed(waits, asks)
    assert (found.pause_reason, found.step, found.reason) == ("error", "c", "No such field.")


def test_the_earliest_moment_of_the_lanes_that_wait_is_shown() -> None:
    later, sooner = (standing("paused", "delay", waiting_until=MORNING + timedelta(days=days)) for days in (3, 2))
    assert summed(later, sooner).waiting_until == MORNING + timedelta(days=2)
    assert summed(later, sooner, standing()).waiting_until is None
    tries = [standing("retrying", retry_at=MORNING + timedelta(hours=hours)) for hours in (2, 1)]
    assert summed(*tries).retry_at == MORNING + timedelta(hours=1)


def test_the_revision_is_that_of_the_main_lane() -> None:
    assert summed(standing(revision=9)).revision == FORKED.revision


def test_a_forked_lane_counts_only_while_no_other_stands() -> None:
    assert Standings({MAIN: FORKED}).summed() == FORKED.model_copy(update={"forked": False})
    assert summed(standing("paused", "delay")).state == "paused"


STATES = st.sampled_from(["active", "retrying", "paused"]).map(standing)


@given(st.lists(STATES, min_size=1))
def test_the_state_hangs_on_no_order(lanes: list[Standing]) -> None:
    states = {lane.state for lane in lanes}
    expected = next(state for state in ("active", "retrying", "paused") if state in states)
    assert summed(*lanes).state == summed(*lanes[::-1]).state == expected


@given(st.dictionaries(WAYS.map(key), STATES, min_size=1), st.data())
def test_lanes_move_and_end_without_a_trace_on_the_others(lanes: dict[str, Standing], data: st.DataObject) -> None:
    before = Standings(lanes)
    lane = data.draw(st.sampled_from([*lanes]))
    moved = before.moved(lane, FORKED)
    assert moved.lanes == {**lanes, lane: FORKED}
    assert before.lanes == lanes
    assert moved.without([lane, "never:there"]).lanes == {key: value for key, value in lanes.items() if key != lane}
    assert before.below(lane) == [each for each in lanes if is_below(each, lane)]
