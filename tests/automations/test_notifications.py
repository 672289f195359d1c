"""Whom a failure is told to, and in which words."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from automations.executions import PauseReason
from automations.notifications import (
    MAX_SENTENCE,
    STOPPED,
    ErrorNotification,
    Failure,
    Left,
    is_told,
    left_by,
    notification_for,
    stops_with_error,
    with_link,
)
from automations.outcomes import End, Fork, Hold, LaneEnd, Next, Outcome, StepRef, Wait
from automations.parsing import parse_document
from tests.builders import STEP, Json, change, condition, delay, document, manual, stop

from .objects import OBJECTS

REF = StepRef(id="big", type="condition")
BIG = STEP.validate_python(condition("big"))
SET = STEP.validate_python(change("set", status="x"))

FAILURE = Failure(
    automation="demo-request", automation_name="Follow up", execution="e-1", record="Ada Lovelace", object="lead", step=BIG,
    lane="", code="unknown_field", sentence="Lead has no field seats (any more).",
    at=datetime(2026, 7, 1, 9, 30, tzinfo=ZoneInfo("Europe/Vienna")), left="to_choose",
)  # fmt: skip


def hold(reason: PauseReason, resume: Any = "again") -> Hold:
    return Hold(reason=reason, says="", step=REF, resume=resume)


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (hold("error"), "to_resume"),
        (hold("error", "after"), "to_go_on"),
        (hold("condition_error"), "to_choose"),
        (Next(step=REF), "went_on"),
        (LaneEnd(), "went_on"),
        (Wait(reason="delay", says="", step=REF), "went_on"),
        (Fork(step=REF, lanes=[]), "went_on"),
        (End(state="completed"), "completed"),
        (End(state="failed"), "failed"),
    ],
)
def test_what_a_failure_left_behind_is_read_off_what_follows(outcome: Outcome, left: Left) -> None:
    assert left_by(outcome) == left


@pytest.mark.parametrize("on_error", ["pause", "continue", "continue_silently"])
def test_a_failure_is_told_of_unless_it_is_to_be_silent(on_error: Any) -> None:
    step = SET.model_copy(update={"on_error": on_error})
    loud = on_error != "continue_silently"
    assert {left: is_told(step, left) for left in ("to_resume", "went_on", "completed")} == dict.fromkeys(
        ("to_resume", "went_on", "completed"), loud
    )


def test_a_choice_and_an_execution_that_failed_are_told_of_even_by_a_silent_step() -> None:
    silent = SET.model_copy(update={"on_error": "continue_silently"})
    assert is_told(silent, "failed")
    assert is_told(BIG.model_copy(update={"on_error": "continue_silently"}), "to_choose")


@pytest.mark.parametrize(
    ("action", "left", "told"),
    [
        ("fail", "failed", True),
        ("pause_with_error", "to_go_on", True),
        ("pause_with_error", "went_on", False),
        ("pause", "to_go_on", False),
        ("complete", "completed", False),
        ("cancel", "canceled", False),
    ],
)
def test_a_stop_step_is_told_of_if_it_stops_with_an_error(action: str, left: Left, told: bool) -> None:
    assert stops_with_error(STEP.validate_python(stop("end", action)), left) is told


def test_no_other_step_stops_with_an_error() -> None:
    assert not stops_with_error(SET, "failed")


def test_the_mail_says_what_failed_where_and_what_can_be_done() -> None:
    told = notification_for(FAILURE, "warning")
    assert (told.severity, told.subject) == ("warning", "[warning] demo-request: step big failed")
    assert told.body.splitlines() == [
        "Automation: Follow up (demo-request)",
        "Record: Ada Lovelace (lead)",
        "Execution: e-1",
        f"Step: big: {BIG.summary()}",
        "When: 2026-07-01 09:30:00 CEST",
        "Code: unknown_field",
        "",
        "Lead has no field seats (any more).",
        "",
        "The execution is paused on this step until somebody says which path to take.",
        "",
        "Skip the step with the path to take, or cancel the execution.",
    ]


def test_a_global_automation_has_no_record_and_a_lane_is_named() -> None:
    body = notification_for(replace(FAILURE, record=None, object=None, lane="fork:sales", left="to_resume"), "error").body
    assert "Record:" not in body
    assert "Lane: fork:sales" in body
    assert "The lane is paused on this step." in body


@pytest.mark.parametrize(
    ("left", "state", "advice"),
    [
        ("to_resume", "is paused on this step", "Resume it to run the step again"),
        ("to_go_on", "is paused behind this step", "Resume it to go on after the step"),
        ("failed", "The execution is failed", "restart the execution"),
        ("went_on", "went on without it", ""),
        ("completed", "The execution is completed", ""),
        ("canceled", "The execution is canceled", ""),
    ],
)
def test_each_state_that_is_left_has_its_words(left: Left, state: str, advice: str) -> None:
    body = notification_for(replace(FAILURE, left=left), "error").body
    assert state in body
    assert advice in body


def test_a_stop_step_is_said_to_have_stopped_the_execution() -> None:
    stopped = replace(FAILURE, step=STEP.validate_python(stop("end", "fail")), code=STOPPED, sentence="Enough.", left="failed")
    assert notification_for(stopped, "info").subject == "[info] demo-request: step end stopped the execution"


def test_a_very_long_sentence_is_cut_and_a_subject_stays_one_line() -> None:
    told = notification_for(replace(FAILURE, sentence="no " * 100_000, record="Ada\nBcc: eve@example.com"), "error")
    assert len(told.body) < MAX_SENTENCE + 1_000
    assert "\n" not in told.subject


def test_a_link_is_added_where_there_is_one() -> None:
    assert with_link("body\n", None) == "body\n"
    assert with_link("body\n", "http://ui/x") == "body\n\nIn the Temporal Web UI: http://ui/x\n"


def problems(**parts: Any) -> list[tuple[str, str]]:
    parsed = parse_document(document(steps=[delay("a")], **parts), OBJECTS)
    return [(problem.path, problem.code) for problem in parsed.problems]


@pytest.mark.parametrize("to", ["ops", "", "{{ record.email }}", "Ops <ops@example.com>", "a@example.com, b@example.com"])
def test_a_recipient_is_the_owner_or_one_address(to: str) -> None:
    assert problems(error_notification={"to": to}) == [("error_notification.to", "invalid_address")]
    assert problems(object="lead", error_notification={"to": "owner"}) == []
    assert problems(error_notification={"to": "Ops@Example.com", "severity": "info"}) == []


def test_a_wrong_recipient_hides_no_other_problem() -> None:
    found = problems(error_notification={"to": "ops"}, priority="high", triggers=[manual("m"), manual("n")])
    assert set(found) == {
        ("error_notification.to", "invalid_address"),
        ("priority", "invalid_value"),
        ("triggers[1]", "duplicate_trigger"),
    }


def test_a_global_automation_has_no_owner_to_tell() -> None:
    assert problems(error_notification={"to": "owner"}) == [("error_notification.to", "needs_record")]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, ("error_notification.to", "missing_key")),
        ({"to": "owner", "severity": "fatal"}, ("error_notification.severity", "invalid_value")),
        ({"to": "owner", "cc": "x"}, ("error_notification.cc", "unknown_key")),
        ("owner", ("error_notification", "invalid_value")),
    ],
)
def test_what_cannot_be_read_is_said_at_its_place(given: Any, problem: tuple[str, str]) -> None:
    assert problems(object="lead", error_notification=given) == [problem]


def test_a_document_keeps_what_its_author_wrote() -> None:
    given: Json = {"to": "Ops@Example.COM"}
    parsed = parse_document(document(steps=[delay("a")], error_notification=given), OBJECTS).document
    assert parsed is not None
    assert parsed.as_json()["error_notification"] == given
    assert parsed.error_notification == ErrorNotification(to="Ops@Example.COM", severity="error")
