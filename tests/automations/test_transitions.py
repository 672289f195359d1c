"""What leads where in the life of an execution, and that the documentation says the same."""

from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from automations.executions import TERMINAL_STATES, OpenState, PauseReason, RequestKind, State
from automations.transitions import PATHS, TRANSITIONS, Stand, applies, refusal

KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
STATES: tuple[State, ...] = get_args(State)
OPEN: tuple[OpenState, ...] = get_args(OpenState)
REASONS: tuple[PauseReason, ...] = get_args(PauseReason)
STANDS = [Stand("paused", reason) for reason in REASONS] + [Stand(state) for state in STATES if state != "paused"]
ALL = [*product(KINDS, STATES, (*REASONS, None))]
DOCS = Path(__file__).parents[2] / "docs" / "execution-model.md"


@pytest.mark.parametrize(("kind", "state", "reason"), ALL)
def test_a_request_is_in_the_table_or_refused_with_a_sentence_that_says_the_state(
    kind: RequestKind, state: State, reason: PauseReason | None
) -> None:
    listed = any(each.by == kind and each.state == state and each.reason in (None, reason) for each in TRANSITIONS)
    sentence = refusal(kind, state, reason)
    assert listed is applies(kind, state, reason) is (sentence is None)
    assert sentence is None or state in sentence


def test_nothing_leads_out_of_the_end() -> None:
    assert {each.state for each in TRANSITIONS} == set(OPEN)
    assert not any(applies(kind, state, reason) for kind, state, reason in ALL if state in TERMINAL_STATES)


def test_every_open_state_can_be_canceled() -> None:
    assert all(applies("cancel", state, reason) for state in OPEN for reason in (*REASONS, None))


def test_what_ends_an_execution_from_outside_ends_it_in_every_open_state() -> None:
    for by in ("cancel", "archive", "kill_switch", "temporal"):
        covered = {each.state for each in TRANSITIONS if each.by == by and each.reason is None and Stand("canceled") in each.to}
        assert covered == set(OPEN), by


def test_every_state_is_reached_from_the_first() -> None:
    reached, left = {Stand("active")}, [Stand("active")]
    while left:
        here = left.pop()
        out = [each for each in TRANSITIONS if each.state == here.state and each.reason in (None, here.reason)]
        new = {to for each in out for to in each.to} - reached
        reached |= new
        left += new
    assert reached == set(STANDS)


def test_no_open_state_is_a_dead_end_but_for_a_cancel() -> None:
    for stand in STANDS:
        if stand.state not in TERMINAL_STATES:
            out = [each for each in TRANSITIONS if each.state == stand.state and each.reason in (None, stand.reason)]
            assert any(not to.state.startswith("cancel") for each in out if each.by != "temporal" for to in each.to), stand


def test_each_cause_is_listed_once_for_each_state() -> None:
    keys = [(each.state, each.reason, each.by) for each in TRANSITIONS]
    assert len(keys) == len(set(keys))


def test_each_request_applies_where_it_means_something() -> None:
    where = {(kind, state, reason) for kind, state, reason in ALL if kind != "cancel" and applies(kind, state, reason)}
    assert {(kind, reason) for kind, state, reason in where if state == "paused"} == {
        ("pause", "delay"),
        ("pause", "goal"),
        ("resume", "manual"),
        ("resume", "error"),
        ("resume", "automation"),
        ("skip", "delay"),
        ("skip", "goal"),
        ("skip", "error"),
        ("skip", "condition_error"),
        ("skip", "automation"),
    }
    assert {(kind, state) for kind, state, _ in where if state != "paused"} == {
        ("pause", "active"),
        ("pause", "retrying"),
        ("retry", "retrying"),
    }


def test_a_refusal_names_the_way_that_is_open() -> None:
    assert "choose a path" in (refusal("resume", "paused", "condition_error") or "")
    assert "switch is lifted" in (refusal("resume", "paused", "kill_switch") or "")
    assert (refusal("skip", "active", None, "Step a") or "").startswith("Step a is active")


def test_a_path_is_asked_for_where_a_skip_can_choose() -> None:
    chosen = {each.reason for each in TRANSITIONS if each.by == "skip" and "`path`" in each.effect}
    assert chosen == set(PATHS)


def documented() -> list[str]:
    """The rows of what can be asked, as the table of transitions has them."""
    rows: dict[tuple[str, str], list[str]] = {}
    for kind, each in product(KINDS, TRANSITIONS):
        if each.by == kind:
            found = f"{each.state} `{each.reason}`" if each.reason else each.state
            rows.setdefault((kind, each.effect), []).append(found)
    return [f"| {by} | {', '.join(states)} | {effect} |" for (by, effect), states in rows.items()]


def test_the_documentation_lists_what_can_be_asked_as_the_table_does() -> None:
    section = DOCS.read_text(encoding="utf-8").split("## What can be asked")[1].split("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    assert listed == documented()
