"""Which dates of a goal come when, and what became of it by a moment."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from automations.calendars import BusinessCalendar
from automations.errors import FilterError
from automations.event_triggers import AnyEventTrigger, EventTriggerUnion
from automations.filter_evaluation import Typed
from automations.goal_moments import DatedWait, Seen, Verdict, comings, decide, settled_skip
from automations.goal_telling import moved_in_words, output_of
from tests.builders import Json

TRIGGER: TypeAdapter[AnyEventTrigger] = TypeAdapter(EventTriggerUnion)
BERLIN = ZoneInfo("Europe/Berlin")
SINCE = datetime(2026, 3, 2, 11, tzinfo=UTC)  # a Monday
LIMIT = SINCE + timedelta(days=7)
BEFORE, CLOSED = "2026-03-01", "2026-03-07"
ONLY_BIG = {"field": "seats", "op": ">", "value": 5}
TOLD_UNTIL = {"until": LIMIT.isoformat()}


def at(text: str) -> datetime:
    """By a clock in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def due(**more: Any) -> Json:
    return {"type": "on_or_around_date", "field": "due", **more}


def overdue(**more: Any) -> Json:
    return {"type": "activity_overdue", **more}


def wait(*triggers: Json, timeout: datetime | None = None, refused: Mapping[int, datetime] | None = None) -> DatedWait:
    return DatedWait([TRIGGER.validate_python(each) for each in triggers], SINCE, timeout, refused or {})


def activity(number: int, due_at: datetime, type: str = "call") -> Json:
    blank = {"note": "", "assigned_to": None, "assigned_role": None, "by": "", "completed_at": None}
    return {"id": UUID(int=number), "type": type, "due_at": due_at, **blank}


def seen(date: Any = None, *activities: Json) -> Seen:
    return Seen({"due": date}, activities, BERLIN, BusinessCalendar())


class Values:
    """A record with so many seats."""

    def __init__(self, seats: int) -> None:
        self._seats = seats

    def field(self, name: str, /) -> Typed:
        if name != "seats":
            raise FilterError("unknown_field", f"There is no {name}.")
        return Typed("integer", self._seats)

    def variable(self, name: str, /) -> Typed:
        raise FilterError("unknown_variable", name)

    def related(self, path: str, /) -> Typed:
        raise FilterError("unknown_field", path)


def said(verdict: Verdict) -> tuple[str | None, datetime | None]:
    return verdict.path, verdict.until


@pytest.mark.parametrize(
    ("trigger", "date", "until"),
    [
        (due(), "2026-03-09", "2026-03-09T00:00"),
        (due(at="09:30"), "2026-03-09", "2026-03-09T09:30"),
        (due(days=2, when="before"), "2026-03-09", "2026-03-07T00:00"),
        (due(days=3, when="after"), "2026-03-27", "2026-03-30T00:00"),
        (due(), "2026-03-09T06:00:00+00:00", "2026-03-09T07:00"),
        (due(every_year=True), "1999-04-01", "2026-04-01T00:00"),
        (due(every_year=True, past="met"), "1999-03-01", "2027-03-01T00:00"),
        (due(days=2, when="before", skip_non_working_days=True), "2026-03-09", "2026-03-09T00:00"),
        (due(), None, None),
        (due(), BEFORE, None),
        (due(past="wait"), BEFORE, None),
        (due(past="met"), None, None),
    ],
)
def test_a_date_is_waited_for_until_it_comes(trigger: Json, date: str | None, until: str | None) -> None:
    verdict = decide(wait(trigger), seen(date), None, SINCE)
    assert said(verdict) == (None, at(until) if until else None)


@pytest.mark.parametrize("timeout", [None, LIMIT, SINCE])
@pytest.mark.parametrize("past", ["met", "not_met"])
def test_a_date_that_is_past_decides_where_the_trigger_says_so(past: str, timeout: datetime | None) -> None:
    verdict = decide(wait(due(past=past), timeout=timeout), seen(BEFORE), None, SINCE)
    assert verdict.path == past
    assert verdict.by is not None
    assert verdict.by.is_past


def test_the_earliest_of_several_dates_and_the_time_limit_counts() -> None:
    both = wait(due(days=2, when="after"), due(), timeout=LIMIT)
    assert said(decide(both, seen("2026-03-05"), None, SINCE)) == (None, at("2026-03-05"))
    assert said(decide(both, seen("2026-04-05"), None, SINCE)) == (None, LIMIT)
    came = decide(both, seen("2026-03-05"), None, at("2026-03-05"))
    assert (came.path, came.by.place if came.by else None) == ("met", 1)


def test_of_a_date_and_a_time_limit_that_are_both_over_the_earlier_one_counts() -> None:
    late = LIMIT + timedelta(days=30)
    assert decide(wait(due(), timeout=LIMIT), seen("2026-03-05"), None, late).path == "met"
    assert decide(wait(due(), timeout=LIMIT), seen("2026-03-12"), None, late).path == "not_met"
    assert decide(wait(due(at="12:00"), timeout=LIMIT), seen("2026-03-09"), None, LIMIT).path == "met"


def test_the_time_limit_is_up_at_its_moment() -> None:
    assert decide(wait(due(), timeout=LIMIT), seen(), None, LIMIT - timedelta(seconds=1)).path is None
    assert decide(wait(due(), timeout=LIMIT), seen(), None, LIMIT).path == "not_met"


def test_a_crm_activity_is_overdue_at_its_time_and_of_its_type() -> None:
    wanted = wait(overdue(activity_type="call"))
    known = seen(None, activity(1, at("2026-03-03T10:00"), "meeting"), activity(2, at("2026-03-06T10:00")), activity(3, SINCE))
    assert said(decide(wanted, known, None, SINCE)) == (None, at("2026-03-06T10:00"))
    came = decide(wanted, known, None, at("2026-03-06T10:00"))
    assert came.by is not None
    assert came.by.told["activity"]["id"] == str(UUID(int=2))
    assert said(decide(wait(overdue()), known, None, SINCE)) == (None, at("2026-03-03T10:00"))


def test_a_crm_activity_that_is_due_on_a_day_off_is_overdue_after_it() -> None:
    known = seen(None, activity(1, at("2026-03-07T10:00")))
    assert said(decide(wait(overdue(skip_non_working_days=True)), known, None, SINCE)) == (None, at("2026-03-09T10:00"))


def test_a_date_that_the_filter_refuses_is_over() -> None:
    goal = wait(due(filter=ONLY_BIG), timeout=LIMIT)
    refused = decide(goal, seen("2026-03-04"), Values(1), at("2026-03-04"))
    assert said(refused) == (None, LIMIT)
    assert refused.refused == {0: at("2026-03-04")}
    later = DatedWait(goal.triggers, SINCE, LIMIT, refused.refused)
    assert said(decide(later, seen("2026-03-04"), Values(9), at("2026-03-05"))) == (None, LIMIT)
    assert said(decide(later, seen("2026-03-06"), Values(9), at("2026-03-05"))) == (None, at("2026-03-06"))
    assert decide(goal, seen("2026-03-04"), Values(9), at("2026-03-04")).path == "met"


def test_of_every_year_the_one_after_the_refused_one_is_next() -> None:
    yearly = wait(due(every_year=True, filter=ONLY_BIG))
    assert said(decide(yearly, seen("2001-03-04"), Values(1), at("2028-06-01"))) == (None, at("2029-03-04"))


def test_a_past_date_that_the_filter_refuses_does_not_decide_now_or_later() -> None:
    goal = wait(due(past="met", filter=ONLY_BIG), timeout=LIMIT)
    refused = decide(goal, seen(BEFORE), Values(1), SINCE)
    assert said(refused) == (None, LIMIT)
    again = DatedWait(goal.triggers, SINCE, LIMIT, refused.refused)
    assert said(decide(again, seen(BEFORE), Values(9), SINCE + timedelta(days=1))) == (None, LIMIT)


def test_a_filter_that_cannot_be_answered_is_told_of_and_stands_in_no_way() -> None:
    broken = due(filter={"field": "gone", "op": "=", "value": 1})
    verdict = decide(wait(broken, due(days=1, when="after")), seen("2026-03-04"), Values(1), at("2026-03-05"))
    assert (verdict.path, verdict.by.place if verdict.by else None) == ("met", 1)
    assert [complaint.sentence for complaint in verdict.complaints] == ["The filter cannot be answered: There is no gone."]


def test_a_value_that_is_no_date_is_told_of_and_stands_in_no_way() -> None:
    known = Seen({"due": "soon"}, [activity(1, at("2026-03-05"))], BERLIN, BusinessCalendar())
    verdict = decide(wait(due(), overdue()), known, None, SINCE)
    assert said(verdict) == (None, at("2026-03-05"))
    assert len(verdict.complaints) == 1


def test_a_calendar_without_working_days_is_told_of() -> None:
    days = [{"date": (SINCE + timedelta(days=count)).date().isoformat()} for count in range(-5, 900)]
    known = Seen({"due": "2026-03-04"}, [], BERLIN, BusinessCalendar.model_validate({"days_off": days}))
    verdict = decide(wait(due(skip_non_working_days=True)), known, None, SINCE)
    assert said(verdict) == (None, None)
    assert "business calendar" in verdict.complaints[0].sentence


def test_other_triggers_have_no_moments() -> None:
    goal = wait({"type": "field_updated", "field": "status"}, timeout=LIMIT)
    assert comings(goal, seen("2026-03-04")) == ([], [])
    assert said(decide(goal, seen("2026-03-04"), None, SINCE)) == (None, LIMIT)


@pytest.mark.parametrize(
    ("own", "skips", "settled"), [(None, True, True), (None, False, None), (False, True, False), (True, False, True)]
)
def test_the_automation_s_word_on_days_off_counts_where_the_trigger_has_none(
    own: bool | None, skips: bool, settled: bool | None
) -> None:
    trigger = settled_skip(TRIGGER.validate_python(due(skip_non_working_days=own)), skips)
    assert getattr(trigger, "skip_non_working_days", None) is settled
    assert TRIGGER.validate_python(trigger.as_json()) == trigger


def test_the_history_tells_what_is_waited_for_and_what_decided() -> None:
    goal = wait(due(), overdue(), timeout=LIMIT)
    known = seen("2026-03-05", activity(1, at("2026-03-06T10:00")))
    verdict = decide(goal, known, None, SINCE)
    assert output_of(goal, verdict, TOLD_UNTIL, SINCE) == {
        "until": "2026-03-04T23:00:00+00:00",
        "moved": None,
        "timeout": LIMIT.isoformat(),
        "moments": [
            {"trigger": "on due", "at": "2026-03-04T23:00:00+00:00"},
            {"trigger": "a crm activity is overdue", "at": "2026-03-06T09:00:00+00:00"},
        ],
    }
    now = at("2026-03-05T00:01").astimezone(UTC)
    assert output_of(goal, decide(goal, known, None, now), TOLD_UNTIL, now) == {
        "path": "met",
        "met_by": {
            "trigger": due(), "kind": "date_reached", "field": "due", "value": "2026-03-05",
            "event_at": "2026-03-04T23:00:00+00:00", "evaluated_at": now.isoformat(),
        },
    }  # fmt: skip
    assert output_of(goal, decide(goal, seen(), None, LIMIT), TOLD_UNTIL, LIMIT) == {**TOLD_UNTIL, "path": "not_met"}


def test_the_history_tells_where_a_day_off_moved_what_is_waited_for() -> None:
    goal = wait(due(skip_non_working_days=True))
    verdict = decide(goal, seen(CLOSED), None, SINCE)
    told = output_of(goal, verdict, {}, SINCE)
    assert [day["why"] for day in told["moved"]["passed"]] == ["Saturday", "Sunday"]
    assert told["moments"][0]["moved"] == told["moved"]
    assert moved_in_words(verdict, {}, BERLIN) == ", moved from Sat 7 Mar (Saturday) to Mon 9 Mar"


def test_without_dates_the_history_tells_of_the_time_limit_alone() -> None:
    goal = wait({"type": "field_updated", "field": "status"}, timeout=LIMIT)
    timeout = {**TOLD_UNTIL, "moved": {"from": "x", "passed": []}, "says": ", moved"}
    verdict = decide(goal, seen(), None, SINCE)
    assert output_of(goal, verdict, timeout, SINCE) == {**TOLD_UNTIL, "moved": timeout["moved"]}
    assert moved_in_words(verdict, timeout, BERLIN) == ", moved"
    assert output_of(goal, decide(goal, seen(), None, LIMIT), {}, LIMIT) == {"path": "not_met"}
