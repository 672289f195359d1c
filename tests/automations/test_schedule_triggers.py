"""Schedules in a document: what is wrong with one is told at its place, all of it at once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from automations.checks.schedules import schedules_that_are_over
from automations.parsing import parse_document
from automations.triggers import ScheduleTrigger
from tests.automations.objects import OBJECTS
from tests.builders import delay, document

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)


def problems(*, object: str | None = "lead", **schedule: Any) -> list[tuple[str, str]]:
    scope = {"object": object} if object else {}
    raw = document(triggers=[{"id": "tick", "type": "schedule", **schedule}], steps=[delay("wait")], **scope)
    return [(problem.path, problem.code) for problem in parse_document(raw, OBJECTS).problems]


def test_every_mistake_of_a_cron_is_a_problem_of_its_own() -> None:
    assert problems(cron="61 25 0 foo 8") == [("triggers[0].cron", "invalid_cron")] * 5


@pytest.mark.parametrize(
    ("schedule", "path", "code"),
    [
        ({}, "", "invalid_value"),
        ({"cron": "0 9 * * *", "rrule": "FREQ=DAILY"}, "", "invalid_value"),
        ({"cron": 9}, ".cron", "invalid_value"),
        ({"cron": "0 9 31 2 *"}, ".cron", "never_fires"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, ".rrule", "never_fires"),
        ({"rrule": "FREQ=SECONDLY"}, ".rrule", "too_often"),
        ({"rrule": "FREQ=DAILY;COUNT=none"}, ".rrule", "invalid_rrule"),
        ({"cron": "@daily", "timezone": "Berlin"}, ".timezone", "unknown_timezone"),
        ({"rrule": "DTSTART;TZID=Europe/Berlin:20270101T090000\nRRULE:FREQ=DAILY", "timezone": "UTC"}, "", "two_timezones"),
        ({"cron": "@daily", "filter": {"field": "citty", "op": "is_blank"}}, ".filter.field", "unknown_field"),
        ({"cron": "@daily", "filter": {"variable": "seats", "op": "is_blank"}}, ".filter.variable", "unknown_variable"),
        ({"cron": "@daily", "filter": {"field": "seats", "op": "is_blank"}, "object": None}, ".filter", "needs_record"),
    ],
)
def test_a_mistake_is_told_at_its_place(schedule: dict[str, Any], path: str, code: str) -> None:
    assert problems(**schedule) == [(f"triggers[0]{path}", code)]


def test_a_schedule_without_mistakes_has_none() -> None:
    fits = {"field": "seats", "op": ">", "value": 3}
    assert (
        problems(cron="0 9 * * mon-fri", timezone="Europe/Berlin", filter=fits, throttle="1h", skip_non_working_days=True) == []
    )
    assert problems(object=None, rrule="FREQ=WEEKLY;BYDAY=MO") == []


def test_a_schedule_whose_last_time_has_passed_is_warned_of_unless_it_sleeps() -> None:
    over = {"id": "over", "type": "schedule", "rrule": "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=3"}
    going_on = {"id": "goes-on", "type": "schedule", "cron": "@daily"}
    parsed = parse_document(document(triggers=[going_on, over, {**over, "id": "sleeps", "skip": True}], steps=[delay("wait")]))
    assert parsed.document
    found = [(each.path, each.code, each.severity) for each in schedules_that_are_over(parsed.document, "UTC", NOW)]
    assert found == [("triggers[1].rrule", "schedule_over", "warning")]


def test_a_rule_in_a_document_keeps_its_timezone() -> None:
    own = ScheduleTrigger.model_validate({"id": "t", "rrule": "DTSTART;TZID=Asia/Tokyo:20270101T090000\nRRULE:FREQ=DAILY"})
    plain = ScheduleTrigger.model_validate({"id": "t", "cron": "0 9 * * *"})
    told = plain.model_copy(update={"timezone": "America/New_York"})
    assert [trigger.zone("Europe/Berlin").key for trigger in (own, plain, told)] == [
        "Asia/Tokyo",
        "Europe/Berlin",
        "America/New_York",
    ]
    assert told.summary() == "cron 0 9 * * * (America/New_York)"
