"""Recurrences: rules in a timezone, and the moments that they plan."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from heapq import heappop, heappush
from itertools import islice
from zoneinfo import ZoneInfo

from automations.clocks import wall_clock
from automations.recurrence.cron import read_cron
from automations.recurrence.days import DayParts
from automations.recurrence.mistakes import Mistake, RecurrenceError
from automations.recurrence.rule import Rule
from automations.recurrence.rule_text import RuleText, Stamp, read_rule
from automations.recurrence.walls import ALL_HOURS, Calendars, Walls

_LONGEST_SHIFT = timedelta(days=1)
"""Of a clock change: the zones that crossed the date line skipped a day."""

_NEAR_CHANGE = timedelta(hours=6)
_ANY_START = datetime.fromisoformat("2000-01-01T00:00:00")


@dataclass(frozen=True)
class Recurrence:
    """A rule in a zone.

    A time of day that a clock change skips happens after the gap, one that it repeats happens once, the first time. A rule
    that goes by the clock's hand (every minute, every hour, every 15 minutes) goes on through the repeated hour.
    """

    rule: Calendars | Rule
    zone: ZoneInfo

    @classmethod
    def of_cron(cls, text: str, zone: ZoneInfo) -> "Recurrence":
        """Raises RecurrenceError."""
        return cls(read_cron(text), zone)

    @classmethod
    def of_rrule(cls, text: str, zone: ZoneInfo, since: datetime) -> "Recurrence":
        """A rule without a DTSTART counts from `since` (aware), to the minute. Raises RecurrenceError."""
        return cls(rule_of(read_rule(text), zone, since), zone)

    def next_times(self, after: datetime, count: int) -> list[datetime]:
        """The first `count` moments after one (aware), in UTC; fewer if it ends before."""
        return list(islice(self.moments(after), count))

    def moments(self, after: datetime) -> Iterator[datetime]:
        """All of them after one, in their order, in UTC. Those of a rule without an end go on until the year 2100."""
        start = after.astimezone(self.zone).replace(tzinfo=None) - _LONGEST_SHIFT
        last = after.astimezone(UTC)
        for moment in _in_order(self.rule, start, self.zone):
            if moment > last:
                yield moment
                last = moment

    def plans(self, moment: datetime) -> bool:
        return self.next_times(moment - timedelta(seconds=1), 1) == [moment.astimezone(UTC)]

    def is_stray(self, moment: datetime) -> bool:
        """Whether a calendar said it that the rule does not: near a clock change, on the second at which others are planned."""
        sooner, later = ((moment + shift).astimezone(self.zone) for shift in (-_NEAR_CHANGE, _NEAR_CHANGE))
        is_near = sooner.utcoffset() != later.utcoffset()
        return is_near and moment.second == self.rule.second and not self.plans(moment)


def _in_order(rule: Walls, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """What a gap moves may overtake what comes after it on the wall."""
    held: list[datetime] = []
    for wall in rule.walls(start):
        first = wall_clock(wall, zone)
        second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        heappush(held, first)
        if rule.is_continuous and second > first:
            heappush(held, second)
        is_in_gap = second < first
        while held and not is_in_gap and held[0] <= first:
            yield heappop(held)
    yield from (heappop(held) for _ in range(len(held)))


def rule_of(text: RuleText, zone: ZoneInfo, since: datetime) -> Rule:
    """What the rule leaves out is taken from its start, as the RFC says."""
    start = _wall(text.start, zone) if text.start else _wall(since, zone).replace(second=0, microsecond=0)
    if text.frequency == "HOURLY":
        hours, minutes = ALL_HOURS, (start.minute,)
    elif text.frequency == "MINUTELY":
        hours, minutes = ALL_HOURS, tuple(range(60))
    else:
        hours, minutes = (start.hour,), (start.minute,)
    return Rule(
        frequency=text.frequency, interval=text.interval, start=start, parts=_day_parts(text, start),
        hours=tuple(sorted(text.hours)) or hours, minutes=tuple(sorted(text.minutes)) or minutes,
        second=text.seconds[0] if text.seconds else start.second, places=text.places, count=text.count,
        until=_last_wall(text.until, zone), more=tuple(_wall(each, zone) for each in text.more),
        without=frozenset(_wall(each, zone) if isinstance(each, datetime) else each for each in text.without),
    )  # fmt: skip


def _day_parts(text: RuleText, start: datetime) -> DayParts:
    parts = DayParts(
        text.months, text.month_days, text.year_days, text.weeks, text.weekdays,
        places_in_year=text.frequency == "YEARLY" and not text.months, week_start=text.week_start,
    )  # fmt: skip
    if text.month_days or text.year_days or text.weeks or text.weekdays:
        return parts
    match text.frequency:
        case "YEARLY":
            return replace(parts, months=text.months or (start.month,), month_days=(start.day,))
        case "MONTHLY":
            return replace(parts, month_days=(start.day,))
        case "WEEKLY":
            return replace(parts, weekdays=((None, start.weekday()),))
        case "DAILY" | "HOURLY" | "MINUTELY":
            return parts


def _wall(stamp: Stamp, zone: ZoneInfo) -> datetime:
    if not isinstance(stamp, datetime):
        return datetime.combine(stamp, time())
    return stamp.astimezone(zone).replace(tzinfo=None) if stamp.tzinfo else stamp


def _last_wall(until: Stamp | None, zone: ZoneInfo) -> datetime | None:
    """A day as an end is a whole one."""
    if until is None:
        return None
    return _wall(until, zone) if isinstance(until, datetime) else datetime.combine(until, time.max)


def refuse_what_never_fires(text: RuleText) -> None:
    """Raises RecurrenceError for a rule that plans no time, whenever it is counted from."""
    zone, counted = ZoneInfo("UTC"), text
    if text.start is None:
        # Which of the periods count is not known before it is saved, so all do.
        counted = replace(text, interval=1, start=_ANY_START, until=None)
    rule = rule_of(counted, zone, _ANY_START.replace(tzinfo=UTC))
    if next(rule.walls(rule.start), None) is None:
        why = "no time fits all of its parts" if text.until is None else "no time before its end fits all of its parts"
        raise RecurrenceError([Mistake("never_fires", f"It never fires: {why}.")])
