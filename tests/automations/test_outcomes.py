"""What an activity tells the workflow."""

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from automations.executions import Request
from automations.outcomes import (
    MAX_SUMMARY,
    End,
    Fork,
    Hold,
    LaneEnd,
    LaneStart,
    Moved,
    Next,
    Outcome,
    Renumbered,
    Requested,
    StepAnswer,
    StepRef,
    Wait,
)
from automations.steps import STEP_TYPES
from tests.builders import STEP, condition, delay, request, stop

STEP_REF = StepRef(id="a", type="delay", summary="a: 1 day", timeout=timedelta(minutes=2), local=False)
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)

OUTCOMES: list[Outcome] = [
    Next(step=STEP_REF),
    Next(step=StepRef(id="b", type="math")),
    Moved(step=STEP_REF),
    Wait(reason="delay", until=AT, says="delay a", step=STEP_REF),
    Hold(reason="error", says="failed", step=STEP_REF),
    Hold(reason="automation", says="paused", step=STEP_REF, resume="after"),
    Requested(request=Request(id="1", kind="skip", path="yes")),
    Renumbered(sequence=3),
    Renumbered(sequence=4, free=True),
    Fork(step=STEP_REF, lanes=[LaneStart(lane="a:1", first=STEP_REF), LaneStart(lane="a:sales", first=STEP_REF)]),
    LaneEnd(),
    End(state="completed"),
    End(state="failed", reason="stopped"),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.kind)
def test_an_answer_travels_as_json(outcome: Outcome) -> None:
    answer = StepAnswer(outcome=outcome)
    assert StepAnswer.model_validate_json(json.dumps(answer.as_json())) == answer
    assert StepAnswer.model_validate(answer.as_json()).outcome.kind == outcome.kind


def test_every_kind_of_outcome_is_tried() -> None:
    kinds = {kind.model_fields["kind"].default for kind in get_args(get_args(Outcome)[0])}
    assert {outcome.kind for outcome in OUTCOMES} == kinds


def test_what_is_at_its_default_does_not_travel() -> None:
    assert StepAnswer(outcome=End(state="completed")).as_json() == {"outcome": {"kind": "end", "state": "completed"}}


def test_what_a_newer_release_adds_is_passed_over() -> None:
    raw = {"outcome": {"kind": "end", "state": "completed", "mood": "fine"}, "more": 1}
    assert StepAnswer.model_validate(raw).outcome == End(state="completed")


def test_a_step_is_told_by_its_id_and_line() -> None:
    ref = StepRef.to(STEP.validate_python(delay("wait", days=2, at="09:00")))
    assert (ref.id, ref.type, ref.summary) == ("wait", "delay", "wait: 2 days at 09:00")
    assert (ref.local, ref.retries, ref.timeout) == (True, True, timedelta(seconds=10))
    assert not StepRef.to(STEP.validate_python(condition("ask"))).retries


def test_a_skipped_step_does_not_leave_the_house() -> None:
    assert not StepRef.to(STEP.validate_python(request("call"))).local
    assert StepRef.to(STEP.validate_python(request("call", skip=True))).local


def test_a_long_line_is_cut() -> None:
    summary = StepRef.to(STEP.validate_python(request("call", "http://x/" + "y" * 500))).summary
    assert len(summary) == MAX_SUMMARY
    assert summary.endswith("y…")


@given(st.text(min_size=1, max_size=400).filter(lambda url: url.isprintable()) | st.text('😀"\\\n\x01', min_size=1, max_size=400))
def test_a_line_fits_into_what_temporal_keeps(url: str) -> None:
    summary = StepRef.to(STEP.validate_python(request("call", url))).summary
    assert len(summary) <= MAX_SUMMARY
    assert len(to_json(summary)) < 400


def test_every_step_type_has_a_name_and_a_line() -> None:
    assert STEP.validate_python(stop("end", "pause_with_error")).summary() == "pause with error"
    assert all(kind == STEP_TYPES[kind].model_fields["type"].default for kind in STEP_TYPES)
