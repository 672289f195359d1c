"""Which days the BY parts of a recurrence rule fit."""

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class DayParts:
    """Empty parts fit every day. `weekdays` count from Monday, each with its place in the month or year, or None for all."""

    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    weekdays: tuple[tuple[int | None, int], ...] = ()
    places_in_year: bool = False
    week_start: int = 0

    def fit(self, day: date) -> bool:
        return (
            (not self.months or day.month in self.months)
            and (not self.weekdays or self._fits_weekday(day))
            and (not self.month_days or _is_among(self.month_days, day.day, _month_length(day)))
            and (not self.year_days or _is_among(self.year_days, day.timetuple().tm_yday, _year_length(day.year)))
            and (not self.weeks or self._fits_week(day))
        )

    def _fits_weekday(self, day: date) -> bool:
        return any(day.weekday() == weekday and self._has_place(place, day) for place, weekday in self.weekdays)

    def _has_place(self, place: int | None, day: date) -> bool:
        """Whether the day is the so manyth of its weekday."""
        if place is None:
            return True
        number, length = (
            (day.timetuple().tm_yday, _year_length(day.year)) if self.places_in_year else (day.day, _month_length(day))
        )
        return place == ((number - 1) // 7 + 1 if place > 0 else -((length - number) // 7 + 1))

    def _fits_week(self, day: date) -> bool:
        begin = day - timedelta(days=(day.weekday() - self.week_start) % 7)
        year = (begin + timedelta(days=3)).year  # a week belongs to the year that has most of its days
        first, following = _first_week(year, self.week_start), _first_week(year + 1, self.week_start)
        return _is_among(self.weeks, (begin - first).days // 7 + 1, (following - first).days // 7)


def _first_week(year: int, week_start: int) -> date:
    fourth = date(year, 1, 4)
    return fourth - timedelta(days=(fourth.weekday() - week_start) % 7)


def _is_among(numbers: tuple[int, ...], number: int, length: int) -> bool:
    """Counted from the beginning, or from the end with a minus."""
    return number in numbers or number - length - 1 in numbers


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_length(year: int) -> int:
    return 366 if isleap(year) else 365
