"""What Temporal is to be told, so that it fires at the moments of a recurrence.

Its calendars say a rule as long as that is the same in every week, month or year. They are not to be relied on in the hours
around a clock change: there each moment is told by itself, and one that a calendar adds is left out when it fires (see
`Recurrence.is_stray`). What no calendar says is told moment by moment, for a while.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby, takewhile
from zoneinfo import ZoneInfo

from automations.clocks import wall_clock
from automations.recurrence.recurring import Recurrence
from automations.recurrence.rule import Rule
from automations.recurrence.walls import Calendar, Calendars

AHEAD = timedelta(days=400)
"""How far clock changes are looked for."""

AT_LEAST = 100
AT_MOST = 1_000
FOR_DAYS = timedelta(days=3)
"""How many moments are told of what no calendar says: all of these days, within these bounds."""

_BEFORE_CHANGE = timedelta(hours=1)
_AFTER_CHANGE = timedelta(hours=2)


@dataclass(frozen=True)
class Plan:
    """`calendars` in the `zone`, from `start_at` to `end_at`, both included; and the `moments`. Made anew at `refresh_at`."""

    calendars: tuple[Calendar, ...]
    zone: str
    moments: tuple[datetime, ...] = ()
    start_at: datetime | None = None
    end_at: datetime | None = None
    refresh_at: datetime | None = None


def planned(recurrence: Recurrence, now: datetime) -> Plan:
    """From now (aware) on."""
    calendars = _calendars(recurrence.rule)
    if calendars is None:
        return _by_moments(recurrence, now)
    plan = _bounded(Plan(calendars, recurrence.zone.key), recurrence)
    changes = list(clock_changes(recurrence.zone, now, now + AHEAD))
    if not changes:
        return plan
    if recurrence.rule.is_continuous and all(calendar.is_daily for calendar in calendars) and _by_whole_hours(recurrence, now):
        return replace(plan, zone="UTC")
    moments = tuple(moment for change in changes for moment in _around(recurrence, change))
    return replace(plan, moments=tuple(dict.fromkeys(moments)), refresh_at=now + AHEAD / 2)


def _bounded(plan: Plan, recurrence: Recurrence) -> Plan:
    rule = recurrence.rule
    if not isinstance(rule, Rule):
        return plan
    end = wall_clock(rule.until, recurrence.zone) if rule.until else None
    return replace(plan, start_at=wall_clock(rule.start, recurrence.zone), end_at=end)


def _around(recurrence: Recurrence, change: datetime) -> Iterator[datetime]:
    moments = recurrence.moments(change - _BEFORE_CHANGE)
    return takewhile(lambda moment: moment <= change + _AFTER_CHANGE, moments)


def clock_changes(zone: ZoneInfo, after: datetime, before: datetime) -> Iterator[datetime]:
    """The moments, in UTC to the second, at which the zone's clocks are set."""
    day, moment = timedelta(days=1), after.astimezone(UTC)
    while moment < before:
        if _offset(zone, moment) != _offset(zone, moment + day):
            yield _change(zone, moment, moment + day)
        moment += day


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if _offset(zone, middle) == _offset(zone, before) else (before, middle)
    return after.replace(microsecond=0)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _by_whole_hours(recurrence: Recurrence, now: datetime) -> bool:
    changes = clock_changes(recurrence.zone, now, now + AHEAD)
    hour, none = timedelta(hours=1), timedelta(0)
    return all(_offset(recurrence.zone, moment) % hour == none for moment in (now, *changes))


def _by_moments(recurrence: Recurrence, now: datetime) -> Plan:
    moments: list[datetime] = []
    for moment in recurrence.moments(now):
        if len(moments) >= AT_MOST or (len(moments) >= AT_LEAST and moment > now + FOR_DAYS):
            return Plan(tuple(_dated(moments)), "UTC", refresh_at=moments[len(moments) // 2])
        moments.append(moment)
    return Plan(tuple(_dated(moments)), "UTC")


def _dated(moments: list[datetime]) -> Iterator[Calendar]:
    """A calendar for each hour that has some of them."""
    for (hour, second), some in groupby(moments, key=lambda moment: (moment.replace(minute=0, second=0), moment.second)):
        minutes = tuple(moment.minute for moment in some)
        yield Calendar(minutes, (hour.hour,), (hour.day,), (hour.month,), years=(hour.year,), second=second)


def _calendars(rule: Calendars | Rule) -> tuple[Calendar, ...] | None:
    """Which say the same as the rule; None if there are none."""
    if isinstance(rule, Calendars):
        return rule.any
    parts = rule.parts
    days = [*parts.month_days, *(place or 1 for place, _ in parts.weekdays)]
    is_plain = not (rule.count or rule.places or rule.more or rule.without or parts.year_days or parts.weeks)
    is_placed_in_year = parts.places_in_year and any(place for place, _ in parts.weekdays)
    if not is_plain or is_placed_in_year or any(day < 0 for day in days):
        return None
    every = _with_interval(rule, Calendar(rule.minutes, rule.hours, second=rule.second))
    if every is None:
        return None
    places = dict.fromkeys(place for place, _ in parts.weekdays) or (None,)
    return tuple(calendar for place in places if (calendar := _of_place(rule, every, place)).days)


def _with_interval(rule: Rule, calendar: Calendar) -> Calendar | None:
    """None where the interval does not come out even in a year, day or hour."""
    step, start = rule.interval, rule.start
    match rule.frequency:
        case "YEARLY":
            return replace(calendar, years=tuple(range(start.year, 2100, step)) if step > 1 else ())
        case "MONTHLY" if 12 % step == 0:
            return replace(calendar, months=_every(step, start.month, calendar.months))
        case "HOURLY" if 24 % step == 0:
            return replace(calendar, hours=_every(step, start.hour, calendar.hours))
        case "MINUTELY" if 60 % step == 0:
            return replace(calendar, minutes=_every(step, start.minute, calendar.minutes))
        case _:
            return calendar if step == 1 else None


def _every(step: int, first: int, values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(value for value in values if (value - first) % step == 0)


def _of_place(rule: Rule, calendar: Calendar, place: int | None) -> Calendar:
    """The so manyth weekday of a month is that weekday in the days of one week."""
    parts = rule.parts
    week = range(7 * place - 6, 7 * place + 1) if place else range(1, 32)
    weekdays = tuple(sorted((weekday + 1) % 7 for of, weekday in parts.weekdays if of == place))
    return replace(
        calendar,
        months=tuple(month for month in calendar.months if not parts.months or month in parts.months),
        days=tuple(day for day in calendar.days if day in week and (not parts.month_days or day in parts.month_days)),
        weekdays=weekdays or calendar.weekdays,
    )
