"""When a date comes round: before or after it, once or every year, on working days."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import YEARLY, rrule
from hypothesis import given
from hypothesis import strategies as st

from automations.calendars import BusinessCalendar, NoWorkingDayError
from automations.dates import date_or_moment, occurrence
from automations.errors import FieldValueError

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
GERMANY = BusinessCalendar(country="DE")
NINE = time(9)


def due(base: str, after: str, zone: str = BERLIN, **how: Any) -> str | None:
    """In the zone's own time."""
    start = date_or_moment("due", base)
    assert start is not None
    found = occurrence(start, after=datetime.fromisoformat(after), zone=ZoneInfo(zone), **how)
    return found.moment.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") if found else None


@pytest.mark.parametrize(
    ("base", "how", "expected"),
    [
        ("2026-03-10", {}, "2026-03-10T00:00+01:00"),
        ("2026-03-10", {"at": NINE}, "2026-03-10T09:00+01:00"),
        ("2026-03-10", {"days": -3, "at": NINE}, "2026-03-07T09:00+01:00"),
        ("2026-03-10", {"days": 30, "at": NINE}, "2026-04-09T09:00+02:00"),
        ("2026-01-31", {"days": 1}, "2026-02-01T00:00+01:00"),
        ("2026-12-31", {"days": 1}, "2027-01-01T00:00+01:00"),
        ("2026-03-10T15:30:00Z", {}, "2026-03-10T16:30+01:00"),
        ("2026-03-10T15:30:00Z", {"days": 30}, "2026-04-09T16:30+02:00"),
        ("2026-03-10T15:30:00Z", {"at": NINE}, "2026-03-10T09:00+01:00"),
        ("2026-03-10T23:30:00Z", {"at": NINE}, "2026-03-11T09:00+01:00"),
    ],
)
def test_a_date_is_due_once(base: str, how: dict[str, Any], expected: str) -> None:
    assert due(base, "2026-01-01T00:00Z", **how) == expected
    assert due(base, expected, **how) is None


def test_a_date_that_is_past_is_not_due_and_one_of_this_moment_is_past() -> None:
    assert due("2026-03-10", "2026-03-09T22:59:59Z") == "2026-03-10T00:00+01:00"
    assert due("2026-03-10", "2026-03-09T23:00Z") is None
    assert due("2026-03-10", "2026-03-10T07:00Z", at=NINE) == "2026-03-10T09:00+01:00"


def every_year(base: str, after: str, count: int, zone: str = BERLIN, **how: Any) -> list[str]:
    """The next ones, each asked for after the one before."""
    found: list[str] = []
    for _ in range(count):
        after = due(base, after, zone, every_year=True, **how) or "never"
        found.append(after)
    return found


def test_the_29th_of_february_is_the_28th_in_common_years() -> None:
    days = [day[:10] for day in every_year("2024-02-29", "2026-01-01T00:00Z", 4)]
    assert days == ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]
    assert due("2024-02-29", "2098-01-01T00:00Z", every_year=True) == "2098-02-28T00:00+01:00"
    before = [day[:10] for day in every_year("2024-02-29", "2026-01-01T00:00Z", 3, days=-1)]
    assert before == ["2026-02-27", "2027-02-27", "2028-02-28"]
    after = [day[:10] for day in every_year("2024-02-29", "2026-01-01T00:00Z", 3, days=1)]
    assert after == ["2026-03-01", "2027-03-01", "2028-03-01"]
    assert [day[:10] for day in every_year("2024-03-01", "2027-01-01T00:00Z", 2, days=-1)] == ["2027-02-28", "2028-02-29"]


def test_a_year_comes_round_from_the_base_on_and_never_before_it() -> None:
    assert due("2030-05-04", "2026-01-01T00:00Z", every_year=True) == "2030-05-04T00:00+02:00"
    assert every_year("1990-05-04", "2026-05-04T00:00Z", 2) == ["2027-05-04T00:00+02:00", "2028-05-04T00:00+02:00"]


def test_days_before_and_after_reach_over_the_turn_of_the_year() -> None:
    assert every_year("2000-01-05", "2026-06-01T00:00Z", 2, days=-10) == ["2026-12-26T00:00+01:00", "2027-12-26T00:00+01:00"]
    assert every_year("2000-12-28", "2026-01-01T00:00Z", 2, days=10) == ["2026-01-07T00:00+01:00", "2027-01-07T00:00+01:00"]
    assert every_year("2000-12-28", "2026-01-01T00:00Z", 1, days=-1000) == ["2026-04-03T00:00+02:00"]


@pytest.mark.parametrize(
    ("zone", "base", "how", "expected"),
    [
        (BERLIN, "2026-03-29", {"at": time(2, 30)}, "2026-03-29T03:30+02:00"),
        (BERLIN, "2026-10-25", {"at": time(2, 30)}, "2026-10-25T02:30+02:00"),
        (BERLIN, "2026-03-28T01:30:00Z", {"days": 1}, "2026-03-29T03:30+02:00"),
        (NEW_YORK, "2026-03-08", {"at": time(2, 15)}, "2026-03-08T03:15-04:00"),
        (NEW_YORK, "2026-11-01", {"at": time(1, 30)}, "2026-11-01T01:30-04:00"),
        (LORD_HOWE, "2026-10-04", {"at": time(2, 15)}, "2026-10-04T02:45+11:00"),
        (LORD_HOWE, "2026-04-05", {"at": time(1, 45)}, "2026-04-05T01:45+11:00"),
        ("Asia/Kathmandu", "2026-04-05T20:00:00Z", {}, "2026-04-06T01:45+05:45"),
        ("Africa/Cairo", "2026-04-24", {}, "2026-04-24T01:00+03:00"),
    ],
)
def test_changes_of_the_clock_skip_and_repeat_times(zone: str, base: str, how: dict[str, Any], expected: str) -> None:
    assert due(base, "2026-01-01T00:00Z", zone, **how) == expected


def test_a_date_on_a_day_that_is_not_worked_is_due_on_the_next_that_is() -> None:
    found = occurrence(
        date(2026, 12, 25), at=NINE, after=datetime(2026, 12, 1, tzinfo=UTC), zone=ZoneInfo(BERLIN), calendar=GERMANY
    )
    assert found is not None
    assert (found.planned, found.moment) == (datetime(2026, 12, 25, 8, tzinfo=UTC), datetime(2026, 12, 28, 8, tzinfo=UTC))
    assert [why for _, why in found.passed] == ["Christmas Day", "Second Day of Christmas", "Sunday"]
    assert due("2026-12-28", "2026-01-01T00:00Z", days=-1, at=NINE, calendar=GERMANY) == "2026-12-28T09:00+01:00"
    assert due("2026-03-29", "2026-01-01T00:00Z", at=time(2, 30), calendar=GERMANY) == "2026-03-30T02:30+02:00"
    assert due("2026-04-24", "2026-01-01T00:00Z", "Africa/Cairo", calendar=BusinessCalendar(working_days=["sun"])) == (
        "2026-04-26T00:00+03:00"
    )


def test_the_moved_moment_counts_and_not_the_one_that_was_planned() -> None:
    on_sunday = "2026-12-27T12:00Z"
    assert due("2026-12-25", on_sunday, at=NINE) is None
    assert due("2026-12-25", on_sunday, at=NINE, calendar=GERMANY) == "2026-12-28T09:00+01:00"
    assert due("2026-12-25", "2026-12-28T08:00Z", at=NINE, calendar=GERMANY) is None
    assert due("2020-12-25", on_sunday, at=NINE, every_year=True, calendar=GERMANY) == "2026-12-28T09:00+01:00"
    assert due("2020-12-25", "2026-12-28T08:00Z", at=NINE, every_year=True, calendar=GERMANY) == "2027-12-27T09:00+01:00"


def test_what_the_end_of_a_year_moves_into_the_next_is_neither_lost_nor_doubled() -> None:
    found = every_year("2020-12-31", "2026-06-01T00:00Z", 4, at=NINE, calendar=BusinessCalendar(country="US"), zone=NEW_YORK)
    assert [day[:10] for day in found] == ["2026-12-31", "2028-01-03", "2029-01-02", "2029-12-31"]


def test_a_business_that_closes_for_months_still_gets_each_year_once() -> None:
    closed = [{"date": date(2026, 2, 1) + timedelta(days=day)} for day in range(330)]
    calendar = BusinessCalendar.model_validate({"days_off": closed})
    found = every_year("2020-02-02", "2025-12-01T00:00Z", 3, at=NINE, calendar=calendar)
    assert [day[:10] for day in found] == ["2026-12-28", "2027-02-02", "2028-02-02"]


def test_a_business_that_never_works_is_an_error_with_a_code() -> None:
    mondays = [{"date": date(2026, 1, 5) + timedelta(weeks=week)} for week in range(120)]
    never = BusinessCalendar.model_validate({"working_days": ["mon"], "days_off": mondays})
    with pytest.raises(NoWorkingDayError):
        due("2026-01-06", "2026-01-01T00:00Z", calendar=never)


@pytest.mark.parametrize(
    ("base", "after", "how"),
    [
        ("9999-12-31", "2026-01-01T00:00Z", {}),
        ("9999-12-31", "2026-01-01T00:00Z", {"days": 1}),
        ("2026-01-01", "9999-12-31T00:00Z", {"every_year": True}),
        ("0001-01-01", "2026-01-01T00:00Z", {"days": -400}),
        ("2026-01-01", "2026-01-01T00:00Z", {"days": 10**9}),
        ("2026-01-01", "2026-01-01T00:00Z", {"days": -(10**12), "every_year": True}),
    ],
)
def test_what_is_out_of_reach_is_never_due(base: str, after: str, how: dict[str, Any]) -> None:
    assert due(base, after, **how) is None
    assert due(base, after, **how, calendar=GERMANY) is None


def test_field_values_are_read_in_their_canonical_form() -> None:
    assert date_or_moment("due", "2026-03-01") == date(2026, 3, 1)
    assert date_or_moment("due", "2026-03-01T09:00:00Z") == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert date_or_moment("due", "2026-03-01T09:00:00.5+02:00") == datetime(2026, 3, 1, 7, 0, 0, 500_000, tzinfo=UTC)
    assert [date_or_moment("due", blank) for blank in (None, "", " ", [])] == [None] * 4


@pytest.mark.parametrize(
    "value", ["tomorrow", "2026-02-30", "2026-03-01T09:00:00", 20260301, True, {}, ["2026-03-01"], "01.03.2026"]
)
def test_what_is_neither_date_nor_moment_is_an_error_that_names_the_field(value: Any) -> None:
    with pytest.raises(FieldValueError, match="due must be a date such as 2026-03-01, or a date and time") as raised:
        date_or_moment("due", value)
    assert (raised.value.code, raised.value.field) == ("invalid_field_value", "due")


BASES = st.dates(date(1950, 1, 1), date(2040, 12, 31))
NOW = st.integers(946_684_800, 1_893_456_000).map(lambda second: datetime.fromtimestamp(second, UTC))
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "Asia/Kathmandu"]).map(ZoneInfo)
CALENDARS = st.sampled_from(
    [
        None, GERMANY, BusinessCalendar(country="US"), BusinessCalendar(working_days=["wed"]),
        BusinessCalendar.model_validate({"days_off": [{"date": date(2015, 1, 1) + timedelta(days=day)} for day in range(200)]}),
    ]
)  # fmt: skip
OFFSETS = st.integers(-800, 800)
TIMES = st.none() | st.times()


@given(BASES, OFFSETS, NOW, ZONES)
def test_anniversaries_are_those_that_a_rule_of_calendars_gives(base: date, days: int, after: datetime, zone: ZoneInfo) -> None:
    """RFC 5545 leaves out what a year does not have, so that the 29th of February is tested by hand above."""
    if (base.month, base.day) == (2, 29):
        return
    rule = rrule(YEARLY, dtstart=datetime.combine(base, time(9)))
    moments = ((day + timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC) for day in rule)
    expected = next(moment for moment in moments if moment > after)
    found = occurrence(base, days=days, at=NINE, every_year=True, after=after, zone=zone)
    assert found is not None
    assert found.moment == expected


@given(BASES, OFFSETS, TIMES, NOW, ZONES, CALENDARS)
def test_each_year_is_due_once_and_in_its_order(
    base: date, days: int, at: time | None, after: datetime, zone: ZoneInfo, calendar: BusinessCalendar | None
) -> None:
    planned: list[date] = []
    for _ in range(5):
        found = occurrence(base, days=days, at=at, every_year=True, after=after, zone=zone, calendar=calendar)
        assert found is not None
        assert found.moment > after
        assert found.moment >= found.planned
        assert calendar is None or calendar.day_off(found.moment.astimezone(zone).date()) is None
        planned.append(found.planned.astimezone(zone).date() - timedelta(days=days))
        after = found.moment
    years = [day.year for day in planned]
    assert years == list(range(years[0], years[0] + 5))


@given(BASES, OFFSETS, TIMES, NOW, ZONES, CALENDARS)
def test_nothing_due_is_left_out_before_the_first(
    base: date, days: int, at: time | None, after: datetime, zone: ZoneInfo, calendar: BusinessCalendar | None
) -> None:
    """Asked for the year alone, the one before the answer is past or before the base."""
    found = occurrence(base, days=days, at=at, every_year=True, after=after, zone=zone, calendar=calendar)
    assert found is not None
    year = (found.planned.astimezone(zone).date() - timedelta(days=days)).year
    if year == base.year or (base.month, base.day) == (2, 29):
        return
    before = occurrence(base.replace(year=year - 1), days=days, at=at, after=after, zone=zone, calendar=calendar)
    assert before is None


@pytest.mark.parametrize("said", ["2026-10-25T00:30:00+00:00", "2026-10-25T01:30:00+00:00"])
def test_a_moment_in_an_hour_that_clocks_show_twice_is_itself(said: str) -> None:
    moment = datetime.fromisoformat(said)
    due = occurrence(moment, after=datetime(2026, 10, 1, tzinfo=UTC), zone=ZoneInfo("Europe/Berlin"))
    assert due is not None
    assert due.moment == moment
