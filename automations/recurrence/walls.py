"""Planned times as a clock on a wall shows them: naive datetimes, whole seconds. Zones come in later, see `recurring`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import product
from typing import Protocol

END = datetime.fromisoformat("2100-01-01")
"""Temporal's calendars end here, and so does every search for the next time."""

ALL_DAYS = tuple(range(1, 32))
ALL_MONTHS = tuple(range(1, 13))
ALL_WEEKDAYS = tuple(range(7))
ALL_HOURS = tuple(range(24))


class Walls(Protocol):
    """Times on a wall in their order."""

    def walls(self, start: datetime) -> Iterator[datetime]:
        """Each once, from `start` on; ends before END."""
        ...

    @property
    def is_continuous(self) -> bool:
        """Whether it goes by the clock's hand and not by the time of day: it plans the same minutes of every hour."""
        ...


@dataclass(frozen=True)
class Calendar:
    """Times at which all of these fit; weekdays count from Sunday, 0. No years: all of them."""

    minutes: tuple[int, ...] = (0,)
    hours: tuple[int, ...] = ALL_HOURS
    days: tuple[int, ...] = ALL_DAYS
    months: tuple[int, ...] = ALL_MONTHS
    weekdays: tuple[int, ...] = ALL_WEEKDAYS
    years: tuple[int, ...] = ()
    second: int = 0

    def is_on(self, day: date) -> bool:
        return (
            day.month in self.months
            and day.day in self.days
            and day.isoweekday() % 7 in self.weekdays
            and (not self.years or day.year in self.years)
        )

    @cached_property
    def times(self) -> tuple[time, ...]:
        return tuple(time(hour, minute, self.second) for hour, minute in product(sorted(self.hours), sorted(self.minutes)))

    @property
    def is_daily(self) -> bool:
        return (self.days, self.months, self.weekdays, self.years) == (ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, ())


@dataclass(frozen=True)
class Calendars:
    """Times at which any of them fits."""

    any: tuple[Calendar, ...]

    def walls(self, start: datetime) -> Iterator[datetime]:
        for day in days_from(start.date()):
            times = [calendar.times for calendar in self.any if calendar.is_on(day)]
            some = times[0] if len(times) == 1 else sorted({time for each in times for time in each})
            yield from (wall for each in some if (wall := datetime.combine(day, each)) >= start)

    @property
    def is_continuous(self) -> bool:
        return all(calendar.hours == ALL_HOURS for calendar in self.any)

    @property
    def second(self) -> int:
        """At which of a minute all of them are."""
        return 0


def days_from(day: date) -> Iterator[date]:
    """Until END."""
    one = timedelta(days=1)
    while day < END.date():
        yield day
        day += one
