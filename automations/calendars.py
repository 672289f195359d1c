"""The business calendar: which days are worked, and where to what falls on the others is moved.

A day is worked if its weekday is and it is neither a public holiday of the country nor an own day off; an own working date
is worked whatever else it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from automations import scalars
from automations.clocks import wall_clock
from automations.errors import EverstepError
from automations.model import Model
from automations.public_holidays import country_problem, public_holidays, subdivision_problem

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Weekday, ...] = get_args(Weekday)
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

MAX_OWN_DAYS = 1_000
SEARCHED_DAYS = 731
"""How far ahead a working day is looked for."""

_SHOWN = 50
"""Of the days that were passed over."""

PassedDay = tuple[date, str]
"""A day that is not worked, and why."""


class NoWorkingDayError(EverstepError):
    """There is none within two years."""

    code = "no_working_day"


def _day(raw: object) -> object:
    """A number would pass for a moment."""
    try:
        return scalars.day(raw)
    except scalars.UnfitError as unfit:
        raise PydanticCustomError("invalid_value", "It must be {expected}.", {"expected": unfit.expected}) from None


Day = Annotated[date, BeforeValidator(_day)]


class DayOff(Model):
    date: Day
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


@dataclass(frozen=True)
class Moved:
    """`moment` (UTC) is the one `planned`, unless that is on a day that is not worked: then the next working day's.

    `passed` are the days in between, the planned one first; none if it was not moved.
    """

    moment: datetime
    planned: datetime
    passed: tuple[PassedDay, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Of one that was moved."""
        passed = [{"date": day.isoformat(), "why": why} for day, why in self.passed[:_SHOWN]]
        return {"from": self.planned.isoformat(), "passed": passed}

    def in_words(self, zone: ZoneInfo) -> str:
        """As in "moved from Fri 25 Dec (Christmas Day) to Mon 28 Dec"; empty for one that was not moved."""
        if not self.passed:
            return ""
        return f"moved from {_short(self.planned, zone)} ({self.passed[0][1]}) to {_short(self.moment, zone)}"


def _short(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}"


class BusinessCalendar(Model):
    """Whole days only; all in the business's timezone."""

    working_days: list[Weekday] = Field(default=["mon", "tue", "wed", "thu", "fri"], min_length=1, max_length=7)
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2; its public holidays are not worked")
    subdivision: str | None = Field(default=None, description="ISO 3166-2 without the country, such as BY")
    days_off: list[DayOff] = Field(default=[], max_length=MAX_OWN_DAYS)
    working_dates: list[Day] = Field(default=[], max_length=MAX_OWN_DAYS, description="Worked, whatever else they are")

    @field_validator("working_days")
    @classmethod
    def _in_the_order_of_the_week(cls, days: list[Weekday]) -> list[Weekday]:
        return [day for day in WEEK if day in days]

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str | None) -> str | None:
        if country is not None and (problem := country_problem(country)):
            raise PydanticCustomError("unknown_country", "{problem}", {"problem": problem})
        return country

    @field_validator("subdivision")
    @classmethod
    def _known_subdivision(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        # A country that is unknown is told of already, and is not in the data.
        if subdivision is None or "country" not in info.data:
            return subdivision
        if problem := subdivision_problem(info.data["country"], subdivision):
            raise PydanticCustomError("unknown_subdivision", "{problem}", {"problem": problem})
        return subdivision

    @cached_property
    def _days_off(self) -> Mapping[date, str]:
        return {day.date: day.name or "day off" for day in reversed(self.days_off)}

    @cached_property
    def _working_dates(self) -> frozenset[date]:
        return frozenset(self.working_dates)

    def day_off(self, day: date) -> str | None:
        """Why the day is not worked, as in "Christmas Day" or "Saturday"; None if it is."""
        if day in self._working_dates:
            return None
        named = self._days_off.get(day) or self._public_holiday(day)
        if named:
            return named
        return None if WEEK[day.weekday()] in self.working_days else _NAMES[day.weekday()]

    def _public_holiday(self, day: date) -> str | None:
        return public_holidays(self.country, self.subdivision, day.year).get(day) if self.country else None

    def next_working_day(self, day: date) -> tuple[date, tuple[PassedDay, ...]]:
        """The day itself if it is worked, else the next one that is, with the days that are passed over.

        Raises NoWorkingDayError.
        """
        passed: list[PassedDay] = []
        while why := self.day_off(day):
            passed.append((day, why))
            if len(passed) > SEARCHED_DAYS or day == date.max:
                raise NoWorkingDayError(f"No day within two years of {passed[0][0]} is worked: look at the business calendar.")
            day += timedelta(days=1)
        return day, tuple(passed)

    def moved_to_working_day(self, moment: datetime, zone: ZoneInfo, meant: time | None = None) -> Moved:
        """The same time of day on the next working day, for an aware moment. Raises NoWorkingDayError, OverflowError.

        `meant` is the time of day that was asked for, where it is known: a clock change may have made another of it on that day.
        """
        local = moment.astimezone(zone)
        day, passed = self.next_working_day(local.date())
        if not passed:
            return Moved(moment, moment)
        # A zone that crosses the date line skips a whole day, which may have been the one that is worked.
        at = meant if meant is not None else local.time()
        found = self.moved_to_working_day(wall_clock(datetime.combine(day, at), zone), zone, at)
        return Moved(found.moment, moment, passed + found.passed)
