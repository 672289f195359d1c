"""Rules of schedules: what they say, the moments they plan right across clock changes, and what Temporal is told of them."""

import contextlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from automations.recurrence import Plan, Recurrence, RecurrenceError, planned, read_cron, read_rule, refuse_what_never_fires
from automations.recurrence.plans import AHEAD, clock_changes
from automations.recurrence.walls import Calendars

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
BERLIN, NEW_YORK, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
LORD_HOWE, SYDNEY, NO_ZONE = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Australia/Sydney"), ZoneInfo("UTC")


def local(recurrence: Recurrence, after: str, count: int) -> list[str]:
    """The next times as the zone's clocks show them, with the offset."""
    start = datetime.fromisoformat(after).replace(tzinfo=recurrence.zone)
    return [f"{time.astimezone(recurrence.zone):%m-%d %H:%M%z}" for time in recurrence.next_times(start, count)]


def cron(text: str, zone: ZoneInfo = BERLIN) -> Recurrence:
    return Recurrence.of_cron(text, zone)


def rrule(text: str, zone: ZoneInfo = BERLIN, since: datetime = NOW) -> Recurrence:
    return Recurrence.of_rrule(text, zone, since)


def read(text: str) -> None:
    if "FREQ" in text:
        refuse_what_never_fires(read_rule(text))
    else:
        read_cron(text)


def mistakes(text: str, read: Callable[[str], object] = read) -> list[tuple[str, str]]:
    with pytest.raises(RecurrenceError) as raised:
        read(text)
    return [(mistake.code, mistake.sentence) for mistake in raised.value.mistakes]


def fires(text: str) -> bool:
    try:
        read(text)
    except RecurrenceError:
        return False
    return True


def test_a_cron_with_five_mistakes_has_five_problems() -> None:
    found = mistakes("61 25 0 foo 8")
    assert [code for code, _ in found] == ["invalid_cron"] * 5
    for (_, sentence), name in zip(found, ("minute", "hour", "day of the month", "month", "day of the week"), strict=True):
        assert sentence.startswith(f"The {name} '")


@pytest.mark.parametrize(
    "field", ["", "*/0", "1-", "-5", "5-1", "1--2", "*/x", "a", "1,,2", "60", "1/2/3", "**", "1.5", "*-5", "²"]
)
def test_what_no_cron_field_is(field: str) -> None:
    codes = [code for code, _ in mistakes(f"{field or '1,'} * * * *")]
    assert codes == ["invalid_cron"]


@pytest.mark.parametrize("text", ["* * * *", "* * * * * *", "@often", "0"])
def test_a_cron_has_five_fields_or_a_known_name(text: str) -> None:
    assert [code for code, _ in mistakes(text)] == ["invalid_cron"]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("0 9 * * mon-fri", ["01-15 09:00", "01-18 09:00", "01-19 09:00"]),
        ("*/20 8-9 * * *", ["01-15 08:00", "01-15 08:20", "01-15 08:40", "01-15 09:00"]),
        ("5/25 0 * * *", ["01-15 00:05", "01-15 00:30", "01-15 00:55"]),
        ("0 0 13 * fri", ["01-15 00:00", "01-22 00:00", "01-29 00:00", "02-05 00:00", "02-12 00:00", "02-13 00:00"]),
        ("0 0 */10 * mon", ["02-01 00:00", "03-01 00:00"]),
        ("0 0 * jan,FEB 7", ["01-17 00:00", "01-24 00:00"]),
        ("0 0 * * sat-sun", ["01-16 00:00", "01-17 00:00", "01-23 00:00"]),
        ("0 0 31 * *", ["01-31 00:00", "03-31 00:00", "05-31 00:00"]),
        ("@hourly", ["01-15 00:00", "01-15 01:00"]),
        ("@daily", ["01-15 00:00", "01-16 00:00"]),
        ("@weekly", ["01-17 00:00", "01-24 00:00"]),
        ("@monthly", ["02-01 00:00", "03-01 00:00"]),
        ("@yearly", ["01-01 00:00"]),
        ("0 0 30 2 mon", ["02-01 00:00", "02-08 00:00"]),
    ],
)
def test_cron_by_hand(text: str, times: list[str]) -> None:
    found = local(cron(text, NO_ZONE), "2027-01-14T23:59", len(times))
    assert [each.removesuffix("+0000") for each in found] == times


def test_the_29th_of_february_comes_in_leap_years() -> None:
    times = cron("0 0 29 2 *").next_times(datetime(2095, 1, 1, tzinfo=UTC), 3)
    assert [time.astimezone(BERLIN).date() for time in times] == [date(2096, 2, 29)]  # and 2104, which Temporal does not know
    assert [time.year for time in cron("0 0 29 2 *").next_times(NOW, 3)] == [2028, 2032, 2036]


# What never fires.


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text",
    [
        "0 9 30 2 *",
        "0 9 31 4,6,9,11 *",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=4;BYMONTHDAY=31;BYHOUR=3",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9",
        "FREQ=YEARLY;BYYEARDAY=200;BYMONTH=1",
        "FREQ=YEARLY;BYWEEKNO=40;BYMONTH=1",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "DTSTART:20270104T000000\nRRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "DTSTART:20270104T000000\nRRULE:FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1",
        "DTSTART:20270104T000000\nRRULE:FREQ=MINUTELY;INTERVAL=99991;BYMONTH=1;BYMONTHDAY=1;BYHOUR=0;BYMINUTE=0;UNTIL=20990101",
        "DTSTART:20270104T000000\nRRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=1",
        "DTSTART:20270104T000000\nRRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
        "DTSTART:20270104T000000\nRRULE:FREQ=DAILY;UNTIL=20270103",
        "DTSTART:20270104T000000\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE:20270104T000000",
        "DTSTART:21010101T000000\nRRULE:FREQ=DAILY",
    ],
)
def test_what_never_fires_is_told_at_once(text: str) -> None:
    assert [code for code, _ in mistakes(text)] == ["never_fires"]


@pytest.mark.parametrize("text", ["FREQ=SECONDLY", "FREQ=MINUTELY;BYSECOND=0,30", "RRULE:FREQ=DAILY;BYSECOND=1,2"])
def test_more_often_than_once_a_minute_is_too_often(text: str) -> None:
    assert [code for code, _ in mistakes(text)] == ["too_often"]


def test_all_mistakes_of_a_rule_are_told_at_once() -> None:
    found = mistakes("DTSTART;TZID=Nowhere:20270230T000000\nRRULE:FREQ=DAYLY;COUNT=0;BYDAY=XX;BYHOUR=25;BLA=1;INTERVAL=0\nX:1")
    assert {code for code, _ in found} == {"invalid_rrule"}
    words = [sentence.split(" ")[0].rstrip(":") for _, sentence in found]
    assert words == ["TZID", "DTSTART", "FREQ", "COUNT", "BYDAY", "BYHOUR", "BLA", "INTERVAL", "There"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RRULE:",
        "FREQ=",
        "DTSTART:20270101T000000",
        "FREQ=DAILY;COUNT=1;UNTIL=20270101",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY RRULE:FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=2MO",
        "FREQ=YEARLY;BYDAY=2MO;BYWEEKNO=3",
        "FREQ=MONTHLY;BYWEEKNO=3",
        "FREQ=DAILY;BYYEARDAY=3",
        "FREQ=WEEKLY;BYMONTHDAY=3",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=DAILY;COUNT=100000",
        "DTSTART:2027-01-01 FREQ=DAILY",
        "DTSTART;X=1:20270101 FREQ=DAILY",
        "DTSTART:20270101,20270102 FREQ=DAILY",
        "FREQ=DAILY;" + "BYHOUR=1;" * 5_000,
        "FREQ=DAILY;BYHOUR=²",
    ],
)
def test_what_no_rule_is(text: str) -> None:
    assert {code for code, _ in mistakes(text, read_rule)} == {"invalid_rrule"}


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(["FREQ=DAILY", ";", "BYDAY=", "MO", "=", ":", "DTSTART", "\n"])).map("".join)
)
def test_any_text_is_a_rule_or_has_mistakes(text: str) -> None:
    for read in (read_cron, read_rule):
        with contextlib.suppress(RecurrenceError):
            read(text)


# Right across clock changes.


def test_a_time_that_a_clock_change_skips_comes_after_the_gap() -> None:
    assert local(cron("30 2 * * *"), "2027-03-27T00:00", 3) == ["03-27 02:30+0100", "03-28 03:30+0200", "03-29 02:30+0200"]
    assert local(cron("30 2 * * *", NEW_YORK), "2027-03-13T00:00", 2) == ["03-13 02:30-0500", "03-14 03:30-0400"]
    assert local(cron("15 2 * * *", LORD_HOWE), "2027-10-02T00:00", 2) == ["10-02 02:15+1030", "10-03 02:45+1100"]


def test_a_skipped_time_that_falls_on_another_planned_one_is_one() -> None:
    assert local(cron("30 2,3 * * *"), "2027-03-28T00:00", 2) == ["03-28 03:30+0200", "03-29 02:30+0200"]
    assert local(cron("0 2-4 * * *"), "2027-03-28T00:00", 3) == ["03-28 03:00+0200", "03-28 04:00+0200", "03-29 02:00+0200"]


def test_a_skipped_time_is_told_in_its_place() -> None:
    assert local(cron("0,30 2,3 * * *"), "2027-03-28T00:00", 2) == ["03-28 03:00+0200", "03-28 03:30+0200"]
    assert local(rrule("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=15"), "2027-03-28T00:00", 2) == ["03-28 03:15+0200", "03-29 02:15+0200"]


def test_a_time_of_day_that_is_repeated_comes_once_the_first_time() -> None:
    assert local(cron("30 2 * * *"), "2027-10-30T12:00", 2) == ["10-31 02:30+0200", "11-01 02:30+0100"]
    assert local(cron("30 1 * * *", NEW_YORK), "2027-11-07T00:00", 2) == ["11-07 01:30-0400", "11-08 01:30-0500"]
    second = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert cron("30 2 * * *").is_stray(second)
    assert not cron("30 2 * * *").is_stray(second - timedelta(hours=1))
    assert not cron("30 2 * * *").is_stray(second + timedelta(seconds=7))  # a start by hand
    assert not cron("30 2 * * *").is_stray(second + timedelta(days=1, minutes=7))


@pytest.mark.parametrize("rule", [cron("*/20 * * * *"), rrule("DTSTART:20270101T000000 RRULE:FREQ=MINUTELY;INTERVAL=20")])
@pytest.mark.parametrize("around", [datetime(2027, 3, 28, 0, tzinfo=UTC), datetime(2027, 10, 31, 0, tzinfo=UTC)])
def test_a_rule_that_goes_by_the_clocks_hand_goes_on_through_both_changes(rule: Recurrence, around: datetime) -> None:
    times = rule.next_times(around, 12)
    assert {later - sooner for sooner, later in pairwise(times)} == {timedelta(minutes=20)}


def test_the_same_rule_in_three_zones() -> None:
    times = {zone.key: cron("0 9 1 7 *", zone).next_times(NOW, 1)[0] for zone in (BERLIN, NEW_YORK, KOLKATA)}
    assert {key: f"{time:%H:%M}" for key, time in times.items()} == {
        "Europe/Berlin": "07:00",
        "America/New_York": "13:00",
        "Asia/Kolkata": "03:30",
    }


# Recurrence rules by hand.


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;BYHOUR=9;BYMINUTE=0", ["01-29 09:00", "02-26 09:00", "03-26 09:00"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0", ["01-29 09:00", "02-26 09:00", "03-26 09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYHOUR=0;BYMINUTE=0", ["01-31 00:00", "03-31 00:00", "05-31 00:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=0;BYMINUTE=0", ["01-31 00:00", "02-28 00:00", "03-31 00:00"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;BYHOUR=8;BYMINUTE=0", ["02-01 08:00", "03-01 08:00", "04-01 08:00"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;BYHOUR=8;BYMINUTE=0", ["01-25 08:00", "01-29 08:00", "02-08 08:00"]),
        ("FREQ=DAILY;COUNT=2", ["01-15 12:00", "01-16 12:00"]),
        ("FREQ=DAILY;UNTIL=20270116", ["01-15 12:00", "01-16 12:00"]),
        ("FREQ=DAILY;UNTIL=20270116T120000Z", ["01-15 12:00", "01-16 12:00"]),
        ("DTSTART:20270201T093015\nRRULE:FREQ=DAILY;COUNT=1", ["02-01 09:30"]),
        ("DTSTART;VALUE=DATE:20270201\r\nRRULE:FREQ=DAI\r\n LY;COUNT=2", ["02-01 00:00", "02-02 00:00"]),
        ("rrule:freq=daily;count=1", ["01-15 12:00"]),
        ("DTSTART:20270201T090000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20270202T090000\nRDATE:20270202T100000", [
            "02-01 09:00", "02-02 10:00", "02-03 09:00"]),
        ("DTSTART:20270201T090000\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;VALUE=DATE:20270201", ["02-02 09:00"]),
        ("FREQ=MONTHLY;BYDAY=MO,1TU;BYMONTH=2;BYHOUR=0;BYMINUTE=0", ["02-01 00:00", "02-02 00:00", "02-08 00:00"]),
    ],
)  # fmt: skip
def test_rules_by_hand(text: str, times: list[str]) -> None:
    found = local(rrule(text, NO_ZONE), "2027-01-15T11:59", len(times) + 1)[: len(times)]
    assert [each.removesuffix("+0000") for each in found] == times


def test_a_moment_of_another_zone_is_one_in_the_rules_zone() -> None:
    assert local(rrule("DTSTART:20270701T070000Z RRULE:FREQ=DAILY"), "2027-01-01T00:00", 1) == ["07-01 09:00+0200"]
    rule = "DTSTART:20270701T090000\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;TZID=America/New_York:20270702T030000"
    assert local(rrule(rule), "2027-01-01T00:00", 9) == ["07-01 09:00+0200"]
    assert read_rule("DTSTART;TZID=Europe/Berlin:20270701T090000 FREQ=DAILY").timezone == "Europe/Berlin"


@pytest.mark.timeout(10)
def test_a_rule_of_long_ago_costs_no_more_than_a_new_one() -> None:
    rule = rrule("DTSTART:19700101T000000\nRRULE:FREQ=MINUTELY;INTERVAL=7")
    times = rule.next_times(NOW, 3)
    assert times[1] - times[0] == timedelta(minutes=7)


# The same as dateutil, which takes these as they are.

_NUMBERS = {
    "BYMONTH": st.integers(1, 12),
    "BYMONTHDAY": st.integers(-31, 31).filter(bool),
    "BYHOUR": st.integers(0, 23),
    "BYMINUTE": st.integers(0, 59),
}
_DAYS = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
_FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]


def listed(values: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=4, unique=True).map(lambda some: ",".join(map(str, some)))


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(_FREQUENCIES))
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 40))}")
    names = draw(st.sets(st.sampled_from(sorted(_NUMBERS)), max_size=2)) - ({"BYMONTHDAY"} if frequency == "WEEKLY" else set())
    parts += [f"{name}={draw(listed(_NUMBERS[name]))}" for name in sorted(names)]
    if draw(st.booleans()):
        is_placed = frequency in ("YEARLY", "MONTHLY") and draw(st.booleans())
        place = st.integers(-5, 5).filter(bool) if is_placed else st.just("")
        parts.append(f"BYDAY={draw(listed(st.tuples(place, _DAYS).map(lambda pair: f'{pair[0]}{pair[1]}')))}")
    elif frequency == "YEARLY":
        kind = draw(st.sampled_from(["", "BYWEEKNO", "BYYEARDAY"]))
        parts += [f"{kind}={draw(listed(st.integers(-53, 53).filter(bool)))}"] if kind else []
    parts += [f"WKST={draw(_DAYS)}"] if draw(st.booleans()) else []
    # dateutil counts the first week of a weekly rule from its start, and the RFC from the beginning of the week.
    if len(parts) > 2 and frequency != "WEEKLY" and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(listed(st.integers(-3, 3).filter(bool)))}")
    if draw(st.booleans()):
        parts.append(draw(st.sampled_from(["COUNT=7", "UNTIL=20290101T000000"])))
    return ";".join(parts)


STARTS = st.integers(0, 3 * 365 * 86_400).map(lambda seconds: datetime.fromisoformat("2026-01-01") + timedelta(seconds=seconds))


@settings(max_examples=150, deadline=None)
@given(rules(), STARTS)
def test_a_rule_plans_the_times_that_dateutil_plans(text: str, start: datetime) -> None:
    said = f"DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{text}"
    assume(fires(said))
    found = [each.replace(tzinfo=None) for each in rrule(said, NO_ZONE).next_times(start.replace(tzinfo=UTC) - timedelta(1), 12)]
    assert found == [at for at in islice(rrulestr(said), 12) if at.year < 2100]


@settings(max_examples=100, deadline=None)
@given(rules(), STARTS, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_the_next_times_do_not_hang_on_where_one_looks_from(text: str, start: datetime, later: timedelta) -> None:
    said = f"DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{text}"
    assume(fires(said))
    rule = rrule(said)
    begin = start.replace(tzinfo=UTC) - timedelta(days=2)
    times = rule.next_times(begin, 300)
    after = begin + later
    wanted = [time for time in times if time > after][:3]
    assert not wanted or rule.next_times(after, len(wanted)) == wanted


# What Temporal is told.


def dated(plan: Plan) -> list[datetime]:
    """The moments of a plan that tells them one by one."""
    return [
        datetime.combine(date(calendar.years[0], calendar.months[0], calendar.days[0]), at, UTC)
        for calendar in plan.calendars
        for at in calendar.times
    ]


def told(plan: Plan, after: datetime, before: datetime) -> list[datetime]:
    """The moments of a plan, as calendars say them in a zone without clock changes."""
    if plan.zone == "UTC":
        return [moment for moment in dated(plan) if moment <= before]
    begin, end = plan.start_at or after, min(plan.end_at or before, before)
    moments = takewhile(lambda moment: moment <= end, Recurrence(Calendars(plan.calendars), ZoneInfo(plan.zone)).moments(after))
    return [moment for moment in moments if begin <= moment]


@settings(max_examples=120, deadline=None)
@given(rules(), STARTS)
def test_calendars_say_what_the_rule_plans(text: str, start: datetime) -> None:
    said = f"DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{text}"
    assume(fires(said))
    rule = rrule(said, KOLKATA)
    now = datetime(2027, 6, 1, tzinfo=UTC)
    plan = planned(rule, now)
    wanted = rule.next_times(now, 30)
    assert told(plan, now, wanted[-1] if wanted else now + AHEAD) == wanted
    assert plan.refresh_at is None or sum(moment > plan.refresh_at for moment in dated(plan)) >= 49


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0", 1),
        ("FREQ=WEEKLY;BYDAY=MO,WE", 1),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", 2),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", 1),
        ("FREQ=MINUTELY;INTERVAL=15", 1),
        ("FREQ=HOURLY;INTERVAL=6", 1),
        ("FREQ=YEARLY;INTERVAL=2", 1),
        ("FREQ=DAILY;UNTIL=20300101", 1),
    ],
)
def test_what_is_the_same_every_year_is_told_once_and_for_all(text: str, count: int) -> None:
    plan = planned(rrule(text, KOLKATA), NOW)
    assert (len(plan.calendars), plan.refresh_at, plan.moments, plan.zone) == (count, None, (), "Asia/Kolkata")


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=WEEKLY;INTERVAL=2",
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1",
        "FREQ=MINUTELY;INTERVAL=7",
        "FREQ=YEARLY;BYWEEKNO=10",
        "DTSTART:20270101T090000 RRULE:FREQ=DAILY EXDATE:20270301T090000",
    ],
)
def test_what_no_calendar_says_is_told_for_a_while_and_refreshed_in_time(text: str) -> None:
    plan = planned(rrule(text), NOW)
    moments = dated(plan)
    assert plan.zone == "UTC"
    assert len(moments) >= 70  # of the rare ones until the calendars end
    assert plan.refresh_at is None or (plan.refresh_at in moments and sum(moment > plan.refresh_at for moment in moments) >= 49)


def test_what_ends_is_told_whole() -> None:
    plan = planned(rrule("FREQ=DAILY;COUNT=5"), NOW - timedelta(days=1))
    assert (len(dated(plan)), plan.refresh_at) == (5, None)
    over = planned(rrule("FREQ=DAILY;COUNT=5"), NOW + timedelta(days=30))
    assert (over.calendars, over.refresh_at) == ((), None)


def test_times_near_a_clock_change_are_told_one_by_one() -> None:
    plan = planned(cron("30 2 * * *"), NOW)
    assert plan.moments == (datetime(2027, 3, 28, 1, 30, tzinfo=UTC), datetime(2027, 10, 31, 0, 30, tzinfo=UTC))
    assert plan.refresh_at == NOW + AHEAD / 2
    assert planned(cron("0 9 * * *"), NOW).moments == ()


def test_what_goes_by_the_clocks_hand_all_day_knows_no_zone() -> None:
    assert (planned(cron("*/5 * * * *"), NOW).zone, planned(cron("*/5 * * * *"), NOW).moments) == ("UTC", ())
    assert planned(cron("*/5 * * * mon"), NOW).zone == "Europe/Berlin"
    assert planned(cron("*/5 * * * *", LORD_HOWE), NOW).zone == "Australia/Lord_Howe"


def test_clock_changes_are_found_to_the_second() -> None:
    changes = list(clock_changes(SYDNEY, NOW, NOW + AHEAD))
    assert changes == [datetime(2027, 4, 3, 16, tzinfo=UTC), datetime(2027, 10, 2, 16, tzinfo=UTC)]
    assert list(clock_changes(KOLKATA, NOW, NOW + AHEAD)) == []
