"""What happened, what started an execution and why a trigger did not fire, in words."""

from datetime import datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from automations.calendars import BusinessCalendar
from automations.evaluation import Reason
from automations.event_triggers import Event
from automations.explain.events import happened, in_words
from automations.explain.planned import BusinessTime, next_firings, why_not_due
from automations.explain.starts import started_by
from automations.explain.triggers import AskedRecord, Evaluated, Planned, TriggerFacts, Waiting, explain_trigger, obstacles
from automations.recurrence import Recurrence
from automations.triggers import AnyTrigger, TriggerUnion
from tests.builders import Json

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
AT_NOON = "Monday 5 January 2026 at 13:00 CET"
TRIGGER: TypeAdapter[AnyTrigger] = TypeAdapter(TriggerUnion)
STATUS: Json = {"id": "t", "type": "field_updated", "field": "status", "to": "Booked"}
OPENED: Json = {"old": {"status": None, "seats": 1}, "new": {"status": "Open", "seats": 2}}


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        ("record_created", {"new": {}}, "the record was created"),
        ("record_archived", {}, "the record was archived"),
        ("record_unarchived", {}, "the record was unarchived"),
        ("field_updated", OPENED, "status, seats changed"),
        ("field_updated", {"new": {f"f{n}": 1 for n in range(7)}}, "f0, f1, f2, f3, f4 and 2 more changed"),
        ("field_updated", {}, "a field changed"),
        ("stage_updated", {"old": "New", "new": "Won"}, "stage changed from New to Won"),
        ("activity_logged", {"activity": {"type": "call"}}, "a crm activity of type call was logged"),
        ("activity_completed", {"activity": {"type": "call"}}, "a crm activity of type call was completed"),
        ("activity_overdue", {"activity": {}}, "a crm activity was overdue"),
        ("form_submitted", {"form": "demo", "values": {}}, "form demo was submitted"),
        ("survey_submitted", {"survey": "nps"}, "survey nps was submitted"),
        (
            "email_event",
            {"event": "clicked", "message": "welcome", "link": "https://a.b"},
            "mail welcome was clicked (https://a.b)",
        ),
        ("email_event", {"event": "received"}, "a mail was received"),
        ("email_event", {"event": "unsubscribed"}, "the person unsubscribed from a mail"),
        ("text_received", {"from": "+4915112345678", "body": "Yes"}, "a text came from +4915112345678: Yes"),
        ("website_visited", {"url": "https://a.b"}, "https://a.b was visited"),
        ("webhook", {"webhook": "form", "body": {}}, "webhook form was called"),
        ("schedule", {"planned": "2026-01-05T12:00:00Z"}, "a planned time came"),
        ("date_reached", {"field": "due", "value": "2026-01-05"}, "the time came for due (2026-01-05)"),
        ("of_tomorrow", {}, "of_tomorrow happened"),
    ],
)
def test_what_happened_is_said(kind: str, payload: Json, said: str) -> None:
    assert happened(Event(kind, payload)) == said


def test_of_several_changed_fields_one_is_meant() -> None:
    assert happened(Event("field_updated", OPENED), "status") == "status changed from blank to Open"
    assert happened(Event("field_updated", OPENED), "other") == "status, seats changed"
    long = happened(Event("field_updated", {"new": {"note": "x" * 5000}}), "note")
    assert len(long) < 300


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0.0 s"), (0.21, "0.2 s"), (59, "59.0 s"), (60, "1 min"), (7199, "119 min"), (7200, "2 h"), (172800, "2 days")],
)
def test_a_length_is_said(seconds: float, said: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == said


TIMES: Json = {"event_at": NOON.isoformat(), "evaluated_at": (NOON + timedelta(seconds=0.2)).isoformat()}


@pytest.mark.parametrize(
    ("trigger", "event", "said"),
    [
        ({"type": "manual", **TIMES}, None, f"Started by hand, on {AT_NOON}."),
        ({"type": "manual", "bulk_start": "b", "by": "ada", **TIMES}, None, f"Started by bulk start b by ada, on {AT_NOON}."),
        ({"type": "automation", "automation": "demo", **TIMES}, None, f"Started by automation demo, on {AT_NOON}."),
        (
            {"type": "webhook", "id": "hook", "webhook": "form", **TIMES}, None,
            f"Started by trigger hook: webhook form was called, on {AT_NOON}, evaluated 0.2 s later.",
        ),
        (
            {"type": "field_updated", "id": "t", "field": "status", **TIMES}, Event("field_updated", OPENED),
            f"Started by trigger t: status changed from blank to Open, on {AT_NOON}, evaluated 0.2 s later.",
        ),
        ({"type": "field_updated", "id": "t"}, None, "Started by trigger t (field_updated)."),
        (
            {"type": "manual", "restarted_from": "x", "restarted_by": "ada", "restarted_at": NOON.isoformat(),
             "restarted_why": "mended"},
            None,
            f"Started by hand. Taken up again by ada on {AT_NOON} from execution x: mended.",
        ),
        ({"type": "manual", "restarted_from": "x"}, None, "Started by hand. Taken up again from execution x."),
    ],
)  # fmt: skip
def test_what_started_an_execution_is_said(trigger: Json, event: Event | None, said: str) -> None:
    assert started_by(trigger, event, BERLIN) == said


def facts(trigger: Json = STATUS, **parts: Any) -> TriggerFacts:
    return TriggerFacts(**{"trigger": TRIGGER.validate_python(trigger), "zone": BERLIN, "now": NOON, "active": True, **parts})


def evaluated(reason: Reason | None, detail: str | None = None) -> Evaluated:
    return Evaluated("field_updated", OPENED, NOON, NOON + timedelta(minutes=5), reason, detail, None if reason else "x")


def test_the_last_event_is_told_with_what_came_of_it() -> None:
    said = f"On {AT_NOON} status changed from blank to Open (evaluated 5 min later);"
    assert explain_trigger(facts(evaluated=[evaluated(None)])) == f"{said} the trigger started execution x."
    wrong = facts(evaluated=[evaluated("filtered", "Not so"), evaluated(None)])
    assert explain_trigger(wrong) == f"{said} nothing was started, as it did not fit: Not so."


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_is_said_in_words(reason: Reason) -> None:
    said = explain_trigger(facts(evaluated=[evaluated(reason)]))
    assert "; nothing was started, as " in said
    assert f", as {reason}." not in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("parts", "codes"),
    [
        ({}, []),
        ({"active": False}, ["inactive"]),
        ({"trigger": TRIGGER.validate_python({**STATUS, "skip": True})}, ["skipped"]),
        ({"record": AskedRecord("Ada", is_archived=True)}, ["record_archived"]),
        ({"record": AskedRecord("Ada", is_of_another_object=True)}, ["other_object"]),
        ({"switch": "the kill switch for everything"}, ["killed"]),
        ({"broken": "It is broken"}, ["broken_trigger"]),
        ({"planned": Planned(problem="Temporal is away")}, ["schedule_problem"]),
        ({"waiting": Waiting(5, 0)}, []),
        ({"waiting": Waiting(5, 1, NOON - timedelta(hours=3))}, ["waiting"]),
    ],
)
def test_each_obstacle_has_a_code_and_is_in_the_explanation(parts: Json, codes: list[str]) -> None:
    found = obstacles(facts(**parts))
    assert [each.code for each in found] == codes
    assert all(each.sentence in explain_trigger(facts(**parts)) for each in found)


def test_what_comes_is_told_or_why_nothing_does() -> None:
    coming = explain_trigger(facts(planned=Planned([NOON, NOON + timedelta(days=1)])))
    assert coming.endswith(f"It is due next on {AT_NOON}; then on Tuesday 6 January 2026 at 13:00 CET.")
    assert explain_trigger(facts(planned=Planned(why_none="due is blank"))).endswith("It is not due: due is blank.")


TIME = BusinessTime(NOON, BERLIN)
DATED: Json = {"id": "t", "type": "on_or_around_date", "field": "due"}
OVERDUE: Json = {"id": "t", "type": "activity_overdue", "activity_type": "call"}


def activity(type: str = "call", **parts: Any) -> Json:
    names = ("id", "note", "assigned_to", "assigned_role", "by", "completed_at")
    return {**dict.fromkeys(names), "type": type, "due_at": NOON - timedelta(days=1), **parts}


@pytest.mark.parametrize(
    ("trigger", "values", "activities", "said"),
    [
        (DATED, {}, [], "due is blank"),
        (DATED, {"due": "2025-12-24"}, [], "on due is past, as due is 2025-12-24"),
        (DATED, {"due": "tomorrow"}, [], "due must be a date "),
        (DATED, {"due": "2026-12-24"}, [], "it is planned as soon as a worker comes to it"),
        ({**DATED, "every_year": True}, {"due": "1990-12-24"}, [], "it is planned as soon as a worker comes to it"),
        (OVERDUE, {}, [], "no crm activity of type call is scheduled"),
        (OVERDUE, {}, [activity("task")], "no crm activity of type call is scheduled"),
        (OVERDUE, {}, [activity()], "what is scheduled is overdue already"),
        (OVERDUE, {}, [activity(due_at=NOON + timedelta(days=1))], "it is planned as soon as a worker comes to it"),
    ],
)
def test_why_nothing_is_due_is_said(trigger: Json, values: Json, activities: list[Json], said: str) -> None:
    dated: Any = TRIGGER.validate_python(trigger)
    assert why_not_due(dated, values, activities, TIME).startswith(said)


def test_times_of_a_schedule_are_moved_as_they_will_fire() -> None:
    """The 10th of January 2026 is a Saturday."""
    saturday = Recurrence.of_cron("0 9 10 1 *", BERLIN)
    plain, moved = (next_firings(saturday, BusinessTime(NOON, BERLIN, calendar), 1) for calendar in (None, BusinessCalendar()))
    assert [at.astimezone(BERLIN).day for at in (*plain, *moved)] == [10, 12]
