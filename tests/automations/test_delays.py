"""When a delay is over."""

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.calendars import BusinessCalendar, NoWorkingDayError
from automations.delays import FURTHEST, DelayError, delay_end
from automations.steps.control import Delay
from tests.builders import delay

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def end(start: str, zone: Any = "UTC", given: Any = None, **length: Any) -> str:
    """In the zone's own time, without its offset where that is UTC's."""
    parsed = Delay.model_validate(delay("wait", **({"days": 0} if length and "days" not in length else {}), **length))
    found = delay_end(parsed, datetime.fromisoformat(start), ZoneInfo(zone), given).moment
    assert found.utcoffset() == timedelta(0)
    return found.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes").removesuffix("+00:00")


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ({"minutes": 90}, "2026-01-31T11:30"),
        ({"hours": 48}, "2026-02-02T10:00"),
        ({"days": 1}, "2026-02-01T10:00"),
        ({"weeks": 2}, "2026-02-14T10:00"),
        ({"months": 1}, "2026-02-28T10:00"),
        ({"months": 3}, "2026-04-30T10:00"),
        ({"months": 13}, "2027-02-28T10:00"),
        ({"years": 1}, "2027-01-31T10:00"),
        ({"years": 1, "months": 1, "weeks": 1, "days": 1, "hours": 1, "minutes": 1}, "2027-03-08T11:01"),
    ],
)
def test_lengths_are_added_by_the_calendar(length: dict[str, int], expected: str) -> None:
    assert end("2026-01-31T10:00Z", **length) == expected


def test_the_29th_of_february_is_the_28th_a_year_later() -> None:
    assert end("2028-02-29T10:00Z", years=1) == "2029-02-28T10:00"
    assert end("2028-02-29T10:00Z", years=4) == "2032-02-29T10:00"
    assert end("2028-01-31T10:00Z", months=1) == "2028-02-29T10:00"


@pytest.mark.parametrize(
    ("zone", "start", "length", "expected"),
    [
        # Berlin springs forward on 29 March 2026 at 02:00 and back on 25 October at 03:00.
        (BERLIN, "2026-03-28T12:00+01:00", {"days": 1}, "2026-03-29T12:00+02:00"),
        (BERLIN, "2026-03-28T12:00+01:00", {"hours": 24}, "2026-03-29T13:00+02:00"),
        (BERLIN, "2026-03-28T02:30+01:00", {"days": 1}, "2026-03-29T03:30+02:00"),
        (BERLIN, "2026-10-24T12:00+02:00", {"days": 1}, "2026-10-25T12:00+01:00"),
        (BERLIN, "2026-10-24T12:00+02:00", {"hours": 24}, "2026-10-25T11:00+01:00"),
        (BERLIN, "2026-10-24T02:30+02:00", {"days": 1}, "2026-10-25T02:30+02:00"),
        (BERLIN, "2026-10-24T02:30+02:00", {"days": 1, "hours": 1}, "2026-10-25T02:30+01:00"),
        (BERLIN, "2026-02-28T02:30+01:00", {"months": 1, "days": 1}, "2026-03-29T03:30+02:00"),
        # New York on 8 March and 1 November 2026, at 02:00.
        (NEW_YORK, "2026-03-07T09:00-05:00", {"days": 1}, "2026-03-08T09:00-04:00"),
        (NEW_YORK, "2026-03-01T02:15-05:00", {"weeks": 1}, "2026-03-08T03:15-04:00"),
        (NEW_YORK, "2026-10-31T01:30-04:00", {"days": 1}, "2026-11-01T01:30-04:00"),
        (NEW_YORK, "2026-10-31T01:30-04:00", {"hours": 25}, "2026-11-01T01:30-05:00"),
        # Lord Howe moves by half an hour: back on 5 April 2026 at 02:00, forward on 4 October at 02:00.
        (LORD_HOWE, "2026-10-03T09:00+10:30", {"days": 1}, "2026-10-04T09:00+11:00"),
        (LORD_HOWE, "2026-10-03T02:15+10:30", {"days": 1}, "2026-10-04T02:45+11:00"),
        (LORD_HOWE, "2026-04-04T01:45+11:00", {"days": 1}, "2026-04-05T01:45+11:00"),
        (LORD_HOWE, "2026-04-04T01:45+11:00", {"hours": 24, "minutes": 30}, "2026-04-05T01:45+10:30"),
    ],
)
def test_days_keep_the_time_of_day_and_hours_are_exact(zone: str, start: str, length: dict[str, int], expected: str) -> None:
    assert end(start, zone, **length) == expected


@pytest.mark.parametrize(
    ("zone", "start", "length", "expected"),
    [
        ("UTC", "2026-03-01T08:00Z", {}, "2026-03-01T09:00"),
        ("UTC", "2026-03-01T09:00Z", {}, "2026-03-01T09:00"),
        ("UTC", "2026-03-01T09:00:01Z", {}, "2026-03-02T09:00"),
        ("UTC", "2026-03-01T08:00Z", {"days": 2}, "2026-03-03T09:00"),
        ("UTC", "2026-03-01T10:00Z", {"days": 2}, "2026-03-04T09:00"),
        (BERLIN, "2026-03-28T23:30Z", {}, "2026-03-29T09:00+02:00"),
        (BERLIN, "2026-10-24T10:00+02:00", {}, "2026-10-25T09:00+01:00"),
    ],
)
def test_at_is_the_next_such_time_on_or_after_the_end(zone: str, start: str, length: dict[str, int], expected: str) -> None:
    assert end(start, zone, at="09:00", **length) == expected


def test_at_a_time_that_is_skipped_or_repeated() -> None:
    assert end("2026-03-28T12:00+01:00", BERLIN, at="02:30") == "2026-03-29T03:30+02:00"
    assert end("2026-10-24T12:00+02:00", BERLIN, at="02:30") == "2026-10-25T02:30+02:00"
    assert end("2026-10-25T02:15+01:00", BERLIN, at="02:30") == "2026-10-26T02:30+01:00"


def test_a_delay_lasts_until_a_moment() -> None:
    assert end("2026-03-01T08:00Z", until="2026-05-01T10:00:00+02:00") == "2026-05-01T08:00"
    assert end("2026-03-01T08:00Z", until="2025-05-01T10:00:00+02:00") == "2025-05-01T08:00"
    assert end("2026-03-01T08:00Z", BERLIN, until={"field": "due"}, given="2026-07-01") == "2026-07-01T00:00+02:00"
    assert end("2026-03-01T08:00Z", BERLIN, until={"field": "due"}, given="2026-07-01", at="09:00") == "2026-07-01T09:00+02:00"
    assert end("2026-03-01T08:00Z", until={"variable": "due"}, given="2026-07-01T09:00:00Z") == "2026-07-01T09:00"


@pytest.mark.parametrize(
    ("unit", "count", "expected"),
    [
        ("minutes", "90", "2026-03-28T13:30+01:00"),
        ("hours", 24, "2026-03-29T13:00+02:00"),
        ("days", "1", "2026-03-29T12:00+02:00"),
        ("days", "0.5", "2026-03-29T00:00+01:00"),
        ("weeks", 1, "2026-04-04T12:00+02:00"),
        ("days", 0, "2026-03-28T12:00+01:00"),
    ],
)
def test_a_delay_lasts_as_long_as_a_number_says(unit: str, count: Any, expected: str) -> None:
    assert end("2026-03-28T12:00+01:00", BERLIN, **{"for": {"variable": "n", "unit": unit}}, given=count) == expected


NUMBER = {"for": {"variable": "n", "unit": "weeks"}}
FIELD = {"until": {"field": "due"}}


@pytest.mark.parametrize("given", [None, "", "many", -1, "nan", "inf", 1e10, 10**9, [], {}, True and "true"])
def test_a_number_that_does_not_fit_is_a_delay_error(given: Any) -> None:
    with pytest.raises(DelayError):
        end("2026-03-01T08:00Z", **NUMBER, given=given)


@pytest.mark.parametrize("given", [None, "", 5, "tomorrow", "2026-02-30", "2026-03-01T09:00:00", "0001-01-01", [], "xxxxxxxxxx"])
def test_a_moment_that_does_not_fit_is_a_delay_error(given: Any) -> None:
    with pytest.raises(DelayError):
        end("2026-03-01T08:00Z", BERLIN, **FIELD, given=given)


def test_a_delay_is_never_further_off_than_the_database_reaches() -> None:
    parsed = Delay.model_validate(delay("a", until="9999-12-31T23:59:59Z"))
    assert delay_end(parsed, datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC")).moment == FURTHEST


LENGTHS = st.fixed_dictionaries(
    {},
    optional={
        "years": st.integers(0, 100), "months": st.integers(0, 1200), "weeks": st.integers(0, 500), "days": st.integers(0, 3650),
        "hours": st.integers(0, 10_000), "minutes": st.integers(0, 100_000),
    },
).filter(lambda amounts: any(amounts.values()))  # fmt: skip
STARTS = st.integers(946_684_800, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC))
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "Asia/Kathmandu", "Pacific/Apia", "UTC"])


@given(LENGTHS, st.none() | st.times().map(lambda at: at.replace(microsecond=0)), STARTS, ZONES)
def test_a_length_never_ends_before_it_starts(amounts: dict[str, int], at: time | None, start: datetime, zone: str) -> None:
    parsed = Delay.model_validate({"id": "a", "type": "delay", **amounts, **({"at": at} if at else {})})
    assert delay_end(parsed, start, ZoneInfo(zone)).moment >= start


@given(st.integers(0, 3650), st.integers(0, 24), STARTS, ZONES)
def test_more_days_never_end_earlier(days: int, hours: int, start: datetime, zone: str) -> None:
    def ended(count: int) -> datetime:
        return delay_end(Delay.model_validate(delay("a", days=count, hours=hours, minutes=1)), start, ZoneInfo(zone)).moment

    assert ended(days) <= ended(days + 1)


@given(st.none() | st.integers() | st.floats() | st.text() | st.dates().map(str) | st.datetimes().map(str) | st.just([]), ZONES)
def test_anything_given_is_a_moment_or_a_delay_error(given_value: Any, zone: str) -> None:
    for length in (NUMBER, FIELD):
        parsed = Delay.model_validate({"id": "a", "type": "delay", **length})
        with suppress(DelayError):
            assert delay_end(parsed, datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone), given_value).moment.tzinfo is not None


GERMANY = BusinessCalendar(country="DE")
AMERICA = BusinessCalendar(country="US")
WEEKDAYS = BusinessCalendar()
CHRISTMAS = ["Christmas Day", "Second Day of Christmas", "Sunday"]
FOURTH_OF_JULY = ["Independence Day (observed)", "Independence Day", "Sunday"]
NEW_YEAR = ["New Year's Day (observed)", "New Year's Day", "Sunday"]


def moved_end(start: str, zone: str, calendar: BusinessCalendar, given: Any = None, **length: Any) -> tuple[str, list[str]]:
    """In the zone's own time, and why each day was passed over."""
    parsed = Delay.model_validate({"id": "wait", "type": "delay", **length})
    found = delay_end(parsed, datetime.fromisoformat(start), ZoneInfo(zone), given, calendar)
    return found.moment.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"), [why for _, why in found.passed]


@pytest.mark.parametrize(
    ("zone", "start", "calendar", "length", "expected", "passed"),
    [
        # Christmas on a Friday, its second day on a Saturday.
        (BERLIN, "2026-12-23T09:00+01:00", GERMANY, {"days": 2}, "2026-12-28T09:00+01:00", CHRISTMAS),
        (BERLIN, "2026-12-24T15:00+01:00", GERMANY, {"hours": 18}, "2026-12-28T09:00+01:00", CHRISTMAS),
        (BERLIN, "2026-12-24T15:00+01:00", GERMANY, {"at": "09:00"}, "2026-12-28T09:00+01:00", CHRISTMAS),
        (BERLIN, "2026-12-22T15:00+01:00", GERMANY, {"days": 1}, "2026-12-23T15:00+01:00", []),
        # The holiday that is observed on the Friday before; the new year's, in the year before.
        (NEW_YORK, "2026-07-02T17:00-04:00", AMERICA, {"days": 1}, "2026-07-06T17:00-04:00", FOURTH_OF_JULY),
        (NEW_YORK, "2027-12-30T08:00-05:00", AMERICA, {"days": 1}, "2028-01-03T08:00-05:00", NEW_YEAR),
        # Over both changes of the clock.
        (BERLIN, "2026-03-27T02:30+01:00", GERMANY, {"days": 2}, "2026-03-30T02:30+02:00", ["Sunday"]),
        (BERLIN, "2026-10-23T02:30+02:00", GERMANY, {"days": 2}, "2026-10-26T02:30+01:00", ["Sunday"]),
        (NEW_YORK, "2026-03-06T09:00-05:00", AMERICA, {"days": 1}, "2026-03-09T09:00-04:00", ["Saturday", "Sunday"]),
        (LORD_HOWE, "2026-10-02T09:00+10:30", WEEKDAYS, {"days": 1}, "2026-10-05T09:00+11:00", ["Saturday", "Sunday"]),
        # From the 31st, and to the 29th of February.
        (BERLIN, "2026-01-31T10:00+01:00", GERMANY, {"months": 1}, "2026-03-02T10:00+01:00", ["Saturday", "Sunday"]),
        (BERLIN, "2027-02-28T10:00+01:00", GERMANY, {"years": 1, "days": 1}, "2028-02-29T10:00+01:00", []),
        ("Asia/Kathmandu", "2026-05-08T23:00+05:45", WEEKDAYS, {"hours": 2}, "2026-05-11T01:00+05:45", ["Saturday", "Sunday"]),
    ],
)
def test_what_ends_on_a_day_that_is_not_worked_goes_on_at_that_time_on_the_next_that_is(
    zone: str, start: str, calendar: BusinessCalendar, length: dict[str, Any], expected: str, passed: list[str]
) -> None:
    assert moved_end(start, zone, calendar, **length) == (expected, passed)


def test_a_delay_by_a_variable_or_until_a_date_is_moved_too() -> None:
    number = {"for": {"variable": "n", "unit": "days"}}
    monday = ("2026-12-28T09:00+01:00", CHRISTMAS)
    assert moved_end("2026-12-23T09:00+01:00", BERLIN, GERMANY, "2", **number) == monday
    assert moved_end("2026-12-01T00:00+01:00", BERLIN, GERMANY, "2026-12-25", until={"field": "due"}, at="09:00") == monday
    assert moved_end("2026-12-01T00:00+01:00", BERLIN, GERMANY, "2026-12-25T08:00:00Z", until={"variable": "due"}) == monday
    assert moved_end("2026-12-01T00:00+01:00", BERLIN, GERMANY, until="2026-12-25T08:00:00Z") == monday


def test_a_moment_that_is_past_on_a_day_that_is_not_worked_waits_for_the_next_that_is() -> None:
    sunday = "2026-12-27T11:00+01:00"
    assert moved_end(sunday, BERLIN, GERMANY, until="2026-01-05T08:00:00Z") == ("2026-12-28T11:00+01:00", ["Sunday"])
    assert moved_end("2026-12-28T11:00+01:00", BERLIN, GERMANY, until="2026-12-27T08:00:00Z")[1] == []


def test_no_working_day_within_two_years_is_an_error_with_a_code() -> None:
    mondays = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(120)]
    calendar = BusinessCalendar.model_validate({"working_days": ["mon"], "days_off": [{"date": day} for day in mondays]})
    with pytest.raises(NoWorkingDayError, match="look at the business calendar") as raised:
        moved_end("2026-01-04T11:00Z", "UTC", calendar, days=1)
    assert raised.value.code == "no_working_day"


@given(LENGTHS, STARTS, ZONES, st.sampled_from([GERMANY, AMERICA, WEEKDAYS]))
def test_a_moved_delay_ends_on_a_working_day_and_never_before_one_that_is_not_moved(
    amounts: dict[str, int], start: datetime, zone: str, calendar: BusinessCalendar
) -> None:
    parsed = Delay.model_validate({"id": "a", "type": "delay", **amounts})
    unmoved, moved = (delay_end(parsed, start, ZoneInfo(zone), None, each) for each in (None, calendar))
    assert calendar.day_off(moved.moment.astimezone(ZoneInfo(zone)).date()) is None
    assert moved.planned == unmoved.moment <= moved.moment
    assert bool(moved.passed) == (moved.moment != moved.planned)
