"""Which days are worked, and where what falls on the others is moved to."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, rrule
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from automations.calendars import MAX_OWN_DAYS, WEEK, BusinessCalendar, Moved, NoWorkingDayError
from automations.public_holidays import public_holidays

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")


def calendar(**parts: Any) -> BusinessCalendar:
    return BusinessCalendar.model_validate(parts)


def off(calendar: BusinessCalendar, *days: str) -> list[str | None]:
    return [calendar.day_off(date.fromisoformat(day)) for day in days]


def test_a_calendar_that_says_nothing_is_monday_to_friday() -> None:
    week = [f"2026-03-{day:02}" for day in range(2, 9)]
    assert off(BusinessCalendar(), *week) == [None] * 5 + ["Saturday", "Sunday"]
    assert off(BusinessCalendar(), "2026-12-25") == [None]


def test_public_holidays_are_those_of_the_country_and_its_part() -> None:
    epiphany, unity = "2026-01-06", "2026-10-03"
    assert off(calendar(country="DE"), epiphany, unity) == [None, "German Unity Day"]
    assert off(calendar(country="DE", subdivision="BY"), epiphany) == ["Epiphany"]
    assert off(calendar(country="US"), "2026-11-26", "2026-11-27") == ["Thanksgiving Day", None]
    assert off(calendar(country="US", subdivision="CA"), "2026-11-27") == ["Day After Thanksgiving"]


def test_a_holiday_is_off_on_the_day_on_which_it_is_observed_also_in_another_year() -> None:
    assert off(calendar(country="US"), "2026-07-03", "2026-07-04") == ["Independence Day (observed)", "Independence Day"]
    assert off(calendar(country="US"), "2027-12-31", "2028-01-01") == ["New Year's Day (observed)", "New Year's Day"]
    assert off(calendar(country="GB", subdivision="ENG"), "2027-12-27", "2027-12-28", "2027-12-29")[2] is None
    assert None not in off(calendar(country="GB", subdivision="ENG"), "2027-12-27", "2027-12-28")


def test_a_holiday_has_the_same_name_whatever_the_locale_of_the_process() -> None:
    said = "from automations.public_holidays import public_holidays as p; print(sorted(p('DE', None, 2026).values())[0])"
    for locale in ("de_DE.UTF-8", "th_TH.UTF-8", "C"):
        found = subprocess.run([sys.executable, "-c", said], env={"LANGUAGE": locale}, capture_output=True, text=True, check=True)
        assert found.stdout == "Ascension Day\n"


def test_own_days_off_are_off_and_own_working_dates_are_worked_whatever_else_they_are() -> None:
    own = calendar(
        country="DE",
        days_off=[{"date": "2026-08-07", "name": "Summer party"}, {"date": "2026-08-10"}, {"date": "2026-12-25", "name": "Shut"}],
        working_dates=["2026-10-03", "2026-08-10"],
    )
    assert off(own, "2026-08-07", "2026-08-10", "2026-10-03", "2026-12-25") == ["Summer party", None, None, "Shut"]
    assert off(calendar(days_off=[{"date": "2026-08-10"}]), "2026-08-10") == ["day off"]


def test_the_first_name_of_a_day_that_is_off_twice_counts() -> None:
    twice = calendar(days_off=[{"date": "2026-08-10", "name": "Fair"}, {"date": "2026-08-10", "name": "Party"}])
    assert off(twice, "2026-08-10") == ["Fair"]


def test_a_year_for_which_nobody_knows_holidays_has_its_weekends() -> None:
    assert off(calendar(country="SA"), "2500-01-01", "2500-01-02") == [None, "Saturday"]


def test_weekdays_are_kept_in_the_order_of_the_week() -> None:
    assert calendar(working_days=["sun", "mon", "sun"]).working_days == ["mon", "sun"]


@pytest.mark.parametrize(
    ("parts", "path", "code", "says"),
    [
        ({"working_days": []}, ("working_days",), "too_short", "at least 1"),
        ({"working_days": ["monday"]}, ("working_days", 0), "literal_error", "'mon'"),
        ({"country": "XX"}, ("country",), "unknown_country", "There is no country 'XX'"),
        ({"country": "de"}, ("country",), "unknown_country", "two capital letters"),
        ({"country": ""}, ("country",), "unknown_country", "There is no country ''"),
        ({"country": "DEU"}, ("country",), "unknown_country", "such as DE"),
        ({"country": "__class__"}, ("country",), "unknown_country", "There is no country"),
        (
            {"country": "DE", "subdivision": "ZZ"},
            ("subdivision",),
            "unknown_subdivision",
            "no subdivision 'ZZ' of DE; there are: BB,",
        ),
        ({"country": "AQ", "subdivision": "ZZ"}, ("subdivision",), "unknown_subdivision", "the same everywhere"),
        ({"subdivision": "BY"}, ("subdivision",), "unknown_subdivision", "needs the country"),
        ({"days_off": [{"date": 20260301}]}, ("days_off", 0, "date"), "invalid_value", "It must be a date such as"),
        ({"days_off": [{"date": "2026-02-30"}]}, ("days_off", 0, "date"), "invalid_value", "It must be a date such as"),
        ({"days_off": [{"name": "Party"}]}, ("days_off", 0, "date"), "missing", "required"),
        ({"working_dates": ["Saturday"]}, ("working_dates", 0), "invalid_value", "It must be a date such as"),
        ({"days_off": [{"date": "2026-03-01"}] * (MAX_OWN_DAYS + 1)}, ("days_off",), "too_long", "at most 1000"),
        ({"holidays": "DE"}, ("holidays",), "extra_forbidden", "not permitted"),
    ],
)
def test_what_does_not_fit_a_calendar_is_told_of_with_its_place(
    parts: dict[str, Any], path: tuple[str | int, ...], code: str, says: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        calendar(**parts)
    errors = raised.value.errors()
    assert [(error["loc"], error["type"]) for error in errors] == [(path, code)]
    assert says in errors[0]["msg"]


def test_a_country_that_is_unknown_is_told_of_once() -> None:
    with pytest.raises(ValidationError) as raised:
        calendar(country="XX", subdivision="BY")
    assert [error["type"] for error in raised.value.errors()] == ["unknown_country"]


def test_a_calendar_is_kept_as_json_and_read_again() -> None:
    kept = calendar(
        country="DE", subdivision="BY", days_off=[{"date": "2026-08-07", "name": "Party"}], working_dates=["2026-10-03"]
    )
    assert kept.day_off(date(2026, 8, 7))
    assert BusinessCalendar.model_validate(kept.model_dump(mode="json")) == kept
    assert BusinessCalendar.model_validate({}) == BusinessCalendar()


def test_the_library_of_holidays_is_not_loaded_for_a_calendar_without_a_country() -> None:
    said = (
        "import sys; from datetime import date; from automations.calendars import BusinessCalendar as B;"
        "B().next_working_day(date(2026, 1, 3)); assert 'holidays' not in sys.modules;"
        "B(country='DE'); assert 'holidays' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", said], check=True)


def test_holidays_are_worked_out_once_a_year_and_place() -> None:
    assert public_holidays("DE", "BY", 2026) is public_holidays("DE", "BY", 2026)
    assert public_holidays("DE", "BY", 2026) is not public_holidays("DE", "BE", 2026)


def test_the_next_working_day_says_what_it_passes_over() -> None:
    passed = [(date(2026, 12, day), why) for day, why in ((25, "Christmas Day"), (26, "Second Day of Christmas"), (27, "Sunday"))]
    assert calendar(country="DE").next_working_day(date(2026, 12, 25)) == (date(2026, 12, 28), tuple(passed))
    assert calendar(country="DE").next_working_day(date(2026, 12, 24)) == (date(2026, 12, 24), ())
    day, over = calendar(country="DE").next_working_day(date(2027, 1, 1))
    assert (day, [why for _, why in over]) == (date(2027, 1, 4), ["New Year's Day", "Saturday", "Sunday"])
    day, over = calendar(country="DE", days_off=[{"date": "2026-12-31"}]).next_working_day(date(2026, 12, 31))
    assert (day, len(over)) == (date(2027, 1, 4), 4)


def test_the_search_for_a_working_day_ends() -> None:
    mondays = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(110)]
    closed = calendar(working_days=["mon"], days_off=[{"date": day} for day in mondays])
    with pytest.raises(NoWorkingDayError, match="No day within two years of 2026-01-01 is worked"):
        closed.next_working_day(date(2026, 1, 1))
    assert closed.next_working_day(date(2026, 3, 1))[0] == mondays[-1] + timedelta(weeks=1)
    with pytest.raises(NoWorkingDayError):
        calendar(days_off=[{"date": "9999-12-31"}]).next_working_day(date.max)


def moved(calendar: BusinessCalendar, start: str, zone: ZoneInfo) -> str:
    return (
        calendar.moved_to_working_day(datetime.fromisoformat(start), zone).moment.astimezone(zone).isoformat(timespec="minutes")
    )


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        # The weekends at whose end or in which clocks change, both ways.
        (BERLIN, "2026-03-28T09:00+01:00", "2026-03-30T09:00+02:00"),
        (BERLIN, "2026-10-24T09:00+02:00", "2026-10-26T09:00+01:00"),
        (BERLIN, "2026-10-25T02:30+01:00", "2026-10-26T02:30+01:00"),
        (NEW_YORK, "2026-03-07T09:00-05:00", "2026-03-09T09:00-04:00"),
        (NEW_YORK, "2026-10-31T23:59-04:00", "2026-11-02T23:59-05:00"),
        (LORD_HOWE, "2026-04-04T01:45+11:00", "2026-04-06T01:45+10:30"),
        (LORD_HOWE, "2026-10-03T00:00+10:30", "2026-10-05T00:00+11:00"),
        # Friday in UTC is Saturday in Lord Howe, and Saturday in UTC is still Friday in New York.
        (LORD_HOWE, "2026-05-15T14:00+00:00", "2026-05-18T00:30+10:30"),
        (NEW_YORK, "2026-05-16T02:00+00:00", "2026-05-15T22:00-04:00"),
    ],
)
def test_the_time_of_day_stays_over_changes_of_the_clock(zone: ZoneInfo, start: str, expected: str) -> None:
    assert moved(BusinessCalendar(), start, zone) == expected


def test_a_time_that_is_skipped_or_repeated_on_the_working_day() -> None:
    sundays = calendar(working_days=["sun"])
    assert moved(sundays, "2026-03-28T02:30+01:00", BERLIN) == "2026-03-29T03:30+02:00"
    assert moved(sundays, "2026-10-24T02:30+02:00", BERLIN) == "2026-10-25T02:30+02:00"
    # The second of the two stays what it is where nothing moves it.
    assert moved(sundays, "2026-10-25T02:30+01:00", BERLIN) == "2026-10-25T02:30+01:00"


def test_a_working_day_that_the_zone_skips_as_a_whole_is_none() -> None:
    friday_that_never_was = calendar(working_days=["fri"])
    assert moved(friday_that_never_was, "2011-12-28T09:00-10:00", ZoneInfo("Pacific/Apia")) == "2012-01-06T09:00+14:00"


def test_a_move_is_told_in_words_and_as_json() -> None:
    found = calendar(country="DE").moved_to_working_day(datetime(2026, 12, 25, 8, tzinfo=UTC), BERLIN)
    assert found.in_words(BERLIN) == "moved from Fri 25 Dec (Christmas Day) to Mon 28 Dec"
    assert found.as_json() == {
        "from": "2026-12-25T08:00:00+00:00",
        "passed": [
            {"date": "2026-12-25", "why": "Christmas Day"},
            {"date": "2026-12-26", "why": "Second Day of Christmas"},
            {"date": "2026-12-27", "why": "Sunday"},
        ],
    }
    assert Moved(found.moment, found.moment).in_words(BERLIN) == ""


CALENDARS = st.builds(
    calendar,
    working_days=st.lists(st.sampled_from(WEEK), min_size=1, max_size=7),
    country=st.sampled_from([None, "DE", "US", "JP", "SA"]),
    days_off=st.lists(st.dates(date(2026, 1, 1), date(2027, 12, 31)).map(lambda day: {"date": day}), max_size=20),
    working_dates=st.lists(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5),
)
DAYS = st.dates(date(2025, 12, 1), date(2028, 2, 1))
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Kathmandu")])


@given(CALENDARS, DAYS)
def test_the_next_working_day_is_the_first_of_those_that_follow_which_is_worked(calendar: BusinessCalendar, day: date) -> None:
    days = (found.date() for found in rrule(DAILY, dtstart=datetime.combine(day, time())))
    expected = next(found for found in days if calendar.day_off(found) is None)
    found, passed = calendar.next_working_day(day)
    assert found == expected
    assert [each for each, _ in passed] == [day + timedelta(days=count) for count in range((expected - day).days)]


@given(CALENDARS, DAYS, st.times(), ZONES)
def test_a_moved_moment_has_the_same_time_on_a_working_day(
    calendar: BusinessCalendar, day: date, at: time, zone: ZoneInfo
) -> None:
    moment = datetime.combine(day, at, zone).astimezone(UTC)
    found = calendar.moved_to_working_day(moment, zone)
    before, after = moment.astimezone(zone), found.moment.astimezone(zone)
    assert (found.planned, calendar.day_off(after.date())) == (moment, None)
    skipped = datetime.combine(after.date(), before.time(), zone).astimezone(UTC).astimezone(zone)
    assert after.replace(fold=0) == skipped.replace(fold=0)
    assert calendar.moved_to_working_day(found.moment, zone) == Moved(found.moment, found.moment)
