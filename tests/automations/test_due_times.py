"""What dated triggers wait for, as records hold it and as events tell of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from automations.calendars import BusinessCalendar
from automations.due_times import held_by, next_due, told_by
from automations.errors import FieldValueError
from automations.event_triggers import ActivityOverdue, Event, OnOrAroundDate

DATE = OnOrAroundDate(field="due", when="before", days=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def call(type: str = "call", **more: Any) -> dict[str, Any]:
    """The row of a crm activity."""
    blank = {"note": "", "assigned_to": None, "assigned_role": None, "by": "", "completed_at": None}
    return {"id": uuid4(), "type": type, "due_at": NOON, **blank, **more}


def test_a_date_is_waited_for_where_the_record_has_one() -> None:
    assert held_by(DATE, {"due": "2026-03-09", "other": 1}, []) == {"": {"field": "due", "value": "2026-03-09"}}
    assert held_by(DATE, {"other": 1}, []) == {"": None}


def test_crm_activities_are_waited_for_by_their_type() -> None:
    rows = [call(), call("task")]
    assert list(held_by(ActivityOverdue(), {}, rows)) == [str(row["id"]) for row in rows]
    held = held_by(ActivityOverdue(activity_type="task"), {}, rows)
    assert [told and told["activity"]["type"] for told in held.values()] == ["task"]


@pytest.mark.parametrize("kind", ["record_created", "field_updated"])
def test_an_event_tells_of_the_date_as_it_was_then(kind: str) -> None:
    told = told_by(DATE, Event(kind, {"old": {"due": None}, "new": {"due": "2026-03-09"}}))
    assert told == {"": {"field": "due", "value": "2026-03-09"}}
    assert told_by(DATE, Event(kind, {"new": {"due": None}})) == {"": None}
    assert told_by(DATE, Event(kind, {"new": {}})) == {"": None}


@pytest.mark.parametrize(
    ("kind", "is_open"),
    [("activity_scheduled", True), ("activity_changed", True), ("activity_completed", False), ("activity_canceled", False)],
)
def test_an_event_tells_of_one_crm_activity(kind: str, is_open: bool) -> None:
    activity = {"id": "a", "type": "call", "due_at": "2026-03-09T00:00:00+00:00"}
    told = told_by(ActivityOverdue(), Event(kind, {"activity": activity}))
    assert told == {"a": {"activity": activity} if is_open else None}


@pytest.mark.parametrize("trigger", [DATE, ActivityOverdue()])
def test_an_event_of_the_whole_record_tells_of_no_subject(trigger: OnOrAroundDate | ActivityOverdue) -> None:
    assert told_by(trigger, Event("record_archived", {})) is told_by(trigger, Event("record_unarchived", {})) is None


def due(trigger: OnOrAroundDate | ActivityOverdue, told: dict[str, Any], **how: Any) -> str | None:
    found = next_due(trigger, told, **{"after": NOON, "zone": UTC_ZONE, "calendar": None, **how})
    return found.moment.isoformat() if found else None


def test_the_next_moment_is_worked_out_by_what_is_told() -> None:
    assert due(DATE, {"field": "due", "value": "2026-03-09"}) == "2026-03-08T00:00:00+00:00"
    assert due(DATE, {"field": "due", "value": "2026-03-02"}) is None
    assert due(DATE, {"field": "due", "value": " "}) is None
    with pytest.raises(FieldValueError):
        due(DATE, {"field": "due", "value": "next week"})


def test_a_crm_activity_is_overdue_on_a_working_day() -> None:
    told = {"activity": {"due_at": "2026-03-07T10:00:00+00:00"}}
    assert due(ActivityOverdue(), told) == "2026-03-07T10:00:00+00:00"
    assert due(ActivityOverdue(), told, calendar=BusinessCalendar()) == "2026-03-09T10:00:00+00:00"
    assert due(ActivityOverdue(), {"activity": {"due_at": None}}) is None
