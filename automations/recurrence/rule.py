"""The times of a recurrence rule, period by period.

The periods can be counted from anywhere, and the search ends where the calendars do: a rule of many years ago, and one that
never fires, cost no more than others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from heapq import merge
from itertools import dropwhile, islice
from math import gcd

from automations.recurrence.days import DayParts
from automations.recurrence.rule_text import Frequency
from automations.recurrence.walls import ALL_HOURS, END, days_from

_DAY = 24 * 60


@dataclass(frozen=True)
class Rule:
    """A rule as all of it is known, on the wall of one zone. `times` are those of a day, or the minutes of an hour."""

    frequency: Frequency
    interval: int
    start: datetime
    parts: DayParts
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    second: int
    places: tuple[int, ...] = ()
    count: int | None = None
    until: datetime | None = None
    more: tuple[datetime, ...] = ()
    without: frozenset[datetime | date] = frozenset()

    @property
    def is_continuous(self) -> bool:
        """With COUNT it is not: which ones count must not hang on a clock change."""
        divides = self.interval == 1 if self.frequency == "HOURLY" else 60 % self.interval == 0
        is_by_hand = self.frequency in ("HOURLY", "MINUTELY") and divides and self.hours == ALL_HOURS
        return is_by_hand and not (self.places or self.count or self.more or self.without)

    def walls(self, start: datetime) -> Iterator[datetime]:
        found = self._counted() if self.count else self._ruled(max(start, self.start))
        last: datetime | None = None
        for wall in dropwhile(lambda wall: wall < start, merge(found, sorted(self.more))):
            if wall != last and wall < END and not {wall, wall.date()} & self.without:
                yield wall
            last = wall

    def _counted(self) -> Iterator[datetime]:
        return islice(self._ruled(self.start), self.count)

    def _ruled(self, start: datetime) -> Iterator[datetime]:
        """Before RDATE and EXDATE."""
        for wall in self._periods(start):
            if self.until and wall > self.until:
                return
            if wall >= start:
                yield wall

    def _periods(self, start: datetime) -> Iterator[datetime]:
        match self.frequency:
            case "HOURLY":
                return self._slots(start, 60)
            case "MINUTELY":
                return self._slots(start, 1)
            case "YEARLY" | "MONTHLY" | "WEEKLY" | "DAILY":
                return self._days(start.date())

    def _days(self, day: date) -> Iterator[datetime]:
        number = _number(self.frequency, self.parts.week_start)
        own, first = number(self.start.date()), number(day)
        period = own + -(-(first - own) // self.interval) * self.interval
        begins = _beginning(self.frequency, self.parts.week_start)
        while (begin := begins(period)) is not None and begin < END.date():
            end = begins(period + 1) or END.date()
            days = (day for day in _between(begin, end) if self.parts.fit(day))
            yield from self._placed([datetime.combine(day, time) for day in days for time in self._times])
            period += self.interval

    def _placed(self, walls: list[datetime]) -> list[datetime]:
        """Those that BYSETPOS chooses."""
        if not self.places:
            return walls
        count = len(walls)
        return [walls[index] for index in sorted({_index(place, count) for place in self.places}) if 0 <= index < count]

    @cached_property
    def _times(self) -> list[time]:
        return [time(hour, minute, self.second) for hour in self.hours for minute in self.minutes]

    def _slots(self, start: datetime, size: int) -> Iterator[datetime]:
        """Of rules that count hours or minutes; `size` is theirs, in minutes."""
        origin = self.start.replace(minute=self.start.minute if size == 1 else 0, second=0)
        step = size * self.interval
        slots = frozenset(self._day_slots(size))
        # A day begins at any multiple of this after the origin, in time.
        apart = gcd(step, _DAY)
        is_ever = any((slot - origin.hour * 60 - origin.minute) % apart == 0 for slot in slots)
        is_ever = is_ever and bool(self._placed(self._in_slot(origin.date(), 0, size)))
        for day in days_from(start.date()) if is_ever else ():
            if self.parts.fit(day):
                since = int((datetime.combine(day, time()) - origin).total_seconds()) // 60
                for slot in range(-since % step, _DAY, step):
                    if slot in slots:
                        yield from self._placed(self._in_slot(day, slot, size))

    def _day_slots(self, size: int) -> list[int]:
        """The minutes of a day at which an hour or minute begins that may be planned."""
        if size == 60:
            return [60 * hour for hour in self.hours]
        return [60 * hour + minute for hour in self.hours for minute in self.minutes]

    def _in_slot(self, day: date, slot: int, size: int) -> list[datetime]:
        begin = datetime.combine(day, time(slot // 60, slot % 60, self.second))
        return [begin] if size == 1 else [begin.replace(minute=minute) for minute in self.minutes]


def _index(place: int, count: int) -> int:
    return place - 1 if place > 0 else count + place


def _between(begin: date, end: date) -> Iterator[date]:
    return (begin + timedelta(days=number) for number in range((end - begin).days))


def _number(frequency: str, week_start: int) -> Callable[[date], int]:
    """Counts the periods: which one a day is in."""
    match frequency:
        case "YEARLY":
            return lambda day: day.year
        case "MONTHLY":
            return lambda day: 12 * day.year + day.month - 1
        case "WEEKLY":
            return lambda day: (day.toordinal() - 1 - week_start) // 7  # the first day of all was a Monday
        case _:
            return lambda day: day.toordinal()


def _beginning(frequency: str, week_start: int) -> Callable[[int], date | None]:
    """The first day of a period; None for one beyond the calendar."""

    def of(period: int) -> date | None:
        match frequency:
            case "YEARLY":
                return date(period, 1, 1) if period <= END.year else None
            case "MONTHLY":
                return date(period // 12, period % 12 + 1, 1) if period // 12 <= END.year else None
            case "WEEKLY":
                return _day(period * 7 + 1 + week_start)
            case _:
                return _day(period)

    return of


def _day(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if ordinal <= END.toordinal() + 7 else None
