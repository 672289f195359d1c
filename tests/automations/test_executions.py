"""The life of an execution: its states, and what may be asked of it in each."""

from itertools import product
from typing import get_args

import pytest

from automations.executions import TERMINAL_STATES, PauseReason, RequestKind, State, applies, refusal, workflow_id

KINDS: tuple[RequestKind, ...] = get_args(RequestKind)
STATES: tuple[State, ...] = get_args(State)
REASONS: tuple[PauseReason | None, ...] = (*get_args(PauseReason), None)
ALL = [*product(KINDS, STATES, REASONS)]


@pytest.mark.parametrize(("kind", "state", "reason"), ALL)
def test_a_refusal_says_why_exactly_where_a_request_does_not_apply(
    kind: RequestKind, state: State, reason: PauseReason | None
) -> None:
    sentence = refusal(kind, state, reason)
    assert (sentence is None) is applies(kind, state, reason)
    assert sentence is None or (state in sentence or reason == "condition_error")


@pytest.mark.parametrize(("kind", "reason"), [*product(KINDS, REASONS)])
def test_an_execution_that_ended_accepts_nothing(kind: RequestKind, reason: PauseReason | None) -> None:
    assert not any(applies(kind, state, reason) for state in STATES if state in TERMINAL_STATES)


@pytest.mark.parametrize("reason", REASONS)
def test_cancel_applies_in_every_open_state(reason: PauseReason | None) -> None:
    assert [state for state in STATES if applies("cancel", state, reason)] == ["active", "paused", "retrying"]


def test_each_request_applies_where_it_means_something() -> None:
    where = {(kind, state, reason) for kind, state, reason in ALL if kind != "cancel" and applies(kind, state, reason)}
    paused = {(kind, reason) for kind, state, reason in where if state == "paused"}
    assert paused == {
        ("pause", "delay"),
        ("resume", "manual"),
        ("resume", "error"),
        ("resume", "automation"),
        ("skip", "delay"),
        ("skip", "error"),
        ("skip", "condition_error"),
        ("skip", "automation"),
    }
    assert {(kind, state) for kind, state, _ in where if state != "paused"} == {
        ("pause", "active"),
        ("pause", "retrying"),
        ("retry", "retrying"),
    }


def test_a_condition_error_asks_for_the_path() -> None:
    assert "choose a path" in (refusal("resume", "paused", "condition_error") or "")


def test_a_workflow_id_tells_automation_and_record() -> None:
    assert workflow_id("demo", "lead:ada", "1") == "demo/lead:ada/1"
    assert workflow_id("demo", None, "1") == "demo/global/1"
