"""What a request means to an execution that may stand on several steps at once."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.asking import Refused, meant
from automations.executions import TERMINAL_STATES, OpenState, PauseReason, Request, RequestKind, State
from automations.transitions import Stand, applies

DELAY, GOAL = Stand("paused", "delay", "rest"), Stand("paused", "goal", "booked")
ERROR, RETRYING, ACTIVE = Stand("paused", "error", "call"), Stand("retrying", None, "mail"), Stand("active", None, "set")
UNDECIDED, HELD = Stand("paused", "condition_error", "big"), Stand("paused", "kill_switch", "post")

KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
LANE = st.builds(
    Stand,
    st.sampled_from(get_args(OpenState)),
    st.none() | st.sampled_from(get_args(PauseReason)),
    st.sampled_from(["a", "b", "c"]),
)


def ask(kind: RequestKind, *stands: Stand, **parts: Any) -> Request | Refused:
    return meant(Request(id="1", kind=kind, **parts), stands[0], stands)


def refused(kind: RequestKind, *stands: Stand, **parts: Any) -> tuple[str, str]:
    answer = ask(kind, *stands, **parts)
    assert isinstance(answer, Refused)
    return answer.code, answer.sentence


@given(st.sampled_from(KINDS), LANE, st.sampled_from([None, "a", "z"]), st.sampled_from([None, "yes", "met"]))
def test_an_unbranched_execution_takes_what_its_state_takes(kind: RequestKind, stand: Stand, step: Any, path: Any) -> None:
    answer = ask(kind, stand, step=step, path=path)
    if isinstance(answer, Refused):
        assert answer.sentence.endswith(".")
    else:
        assert applies(kind, stand.state, stand.reason)
        assert answer == Request(id="1", kind=kind, step=step, path=path)


@given(st.sampled_from(KINDS), st.lists(LANE, min_size=1, max_size=4))
def test_several_lanes_take_what_any_of_them_takes(kind: RequestKind, stands: list[Stand]) -> None:
    answer = ask(kind, *stands)
    fits = any(applies(kind, stand.state, stand.reason) for stand in stands)
    asks_back = isinstance(answer, Refused) and answer.code in ("several_steps", "path_needed")
    assert fits is (isinstance(answer, Request) or asks_back)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", sorted(TERMINAL_STATES))
def test_what_is_over_takes_nothing_whatever_is_named(kind: RequestKind, state: State) -> None:
    code, sentence = refused(kind, Stand(state), step="rest", path="yes")
    assert (code, state in sentence) == ("not_applicable", True)


def test_a_skip_among_several_lanes_says_which_step_or_is_asked() -> None:
    code, sentence = refused("skip", DELAY, ERROR, ACTIVE)
    assert (code, "call, rest" in sentence) == ("several_steps", True)
    assert ask("skip", DELAY, ERROR, ACTIVE, step="call") == Request(id="1", kind="skip", step="call")


def test_a_skip_that_only_one_lane_can_take_is_meant_for_its_step() -> None:
    assert ask("skip", ACTIVE, DELAY) == Request(id="1", kind="skip", step="rest")
    assert ask("skip", DELAY) == Request(id="1", kind="skip")


@pytest.mark.parametrize(("stand", "paths"), [(UNDECIDED, ("yes", "no")), (GOAL, ("met", "not_met"))])
def test_a_skip_with_two_ways_on_needs_one_of_them(stand: Stand, paths: tuple[str, str]) -> None:
    for wrong in (None, "maybe", "met" if stand is UNDECIDED else "yes"):
        code, sentence = refused("skip", stand, path=wrong)
        assert (code, all(path in sentence for path in paths)) == ("path_needed", True)
    for path in paths:
        assert isinstance(ask("skip", stand, path=path), Request)
        assert isinstance(ask("skip", ACTIVE, stand, path=path, step=stand.step), Request)


def test_a_named_step_must_be_one_that_a_lane_stands_on() -> None:
    code, sentence = refused("skip", DELAY, ERROR, step="gone")
    assert (code, "rest" in sentence, "call" in sentence) == ("not_there", True, True)
    assert refused("retry", DELAY, RETRYING, step="rest") == (
        "not_applicable",
        "Step rest is paused (delay): retry does not apply.",
    )


@pytest.mark.parametrize("kind", ["pause", "cancel"])
def test_pause_and_cancel_are_for_the_whole_execution(kind: RequestKind) -> None:
    assert refused(kind, DELAY, ERROR, step="rest")[0] == "whole_execution"
    assert isinstance(ask(kind, DELAY, ERROR), Request)


@pytest.mark.parametrize("kind", ["resume", "skip"])
def test_what_a_kill_switch_holds_is_let_go_only_by_lifting_it(kind: RequestKind) -> None:
    code, sentence = refused(kind, HELD)
    assert (code, "lifted" in sentence) == ("held_by_kill_switch", True)
    assert refused(kind, ACTIVE, HELD)[0] == "held_by_kill_switch"
    assert refused("retry", HELD)[0] == "not_applicable"
    assert isinstance(ask("cancel", HELD), Request)
    assert isinstance(ask(kind, HELD, ERROR), Request)


def test_a_path_where_there_is_no_choice_is_refused() -> None:
    delay, goal = Stand("paused", "delay", "wait"), Stand("paused", "goal", "meet")
    assert getattr(meant(Request(id="1", kind="skip", path="yes"), delay, [delay]), "code", None) == "no_such_path"
    assert (
        getattr(
            meant(Request(id="1", kind="resume", path="yes"), Stand("paused", "error", "x"), [Stand("paused", "error", "x")]),
            "code",
            None,
        )
        == "no_such_path"
    )
    found = meant(Request(id="1", kind="skip", path="met"), goal, [goal, delay])
    assert isinstance(found, Request)
    assert found.step == "meet"
