"""How long a wait takes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from automations.clocks import TimeOfDay
from automations.model import Model, Name
from automations.steps.uses import AnyUse, FieldUse, VariableUse, within


class NumberOf(Model):
    """A wait as long as a number variable says."""

    variable: Name
    unit: Literal["minutes", "hours", "days", "weeks"]


class FieldMoment(Model):
    field: Name


class VariableMoment(Model):
    variable: Name


def _moment_in_words(raw: object) -> object:
    if isinstance(raw, str | datetime) and not (isinstance(raw, str) and raw.strip().isdigit()):
        return raw
    raise PydanticCustomError("invalid_value", "It is no date and time with an offset, such as 2026-03-01T09:00:00+01:00.")


Moment = Annotated[AwareDatetime, BeforeValidator(_moment_in_words)]

NUMBERS = frozenset({"integer", "decimal", "money", "rating", "number"})
MOMENTS = frozenset({"date", "datetime"})

_AMOUNTS = ("years", "months", "weeks", "days", "hours", "minutes")


class Length(Model):
    """A length of time, or the moment at which a wait ends; `at` moves the end to that time of day, on or after it.

    Lengths of days and more keep the time of day in the business's timezone; hours and minutes are exact. If it skips
    non-working days, an end on one is moved to the next working day; null: as the automation says.
    """

    years: int = Field(0, ge=0, le=100)
    months: int = Field(0, ge=0, le=1200)
    weeks: int = Field(0, ge=0, le=5200)
    days: int = Field(0, ge=0, le=36500)
    hours: int = Field(0, ge=0, le=876_000)
    minutes: int = Field(0, ge=0, le=52_560_000)
    amount: NumberOf | None = Field(None, alias="for")
    until: Moment | FieldMoment | VariableMoment | None = None
    at: TimeOfDay | None = None
    skip_non_working_days: bool | None = None

    @model_validator(mode="after")
    def _says_one_length(self) -> Self:
        ways = [any(getattr(self, unit) for unit in _AMOUNTS), self.amount is not None, self.until is not None]
        if sum(ways) > 1:
            raise ValueError("A wait takes one of: amounts (years … minutes), for, until.")
        if not any(ways) and self.at is None:
            raise ValueError("A wait says how long: amounts (years … minutes), for, until or at.")
        return self

    def used(self, path: str = "") -> Iterator[AnyUse]:
        """What a length that stands there is worked out from."""
        if self.amount is not None:
            yield VariableUse(within(path, "for.variable"), self.amount.variable, NUMBERS)
        match self.until:
            case FieldMoment():
                yield FieldUse(within(path, "until.field"), self.until.field, MOMENTS)
            case VariableMoment():
                yield VariableUse(within(path, "until.variable"), self.until.variable, MOMENTS)
            case _:
                return

    def describe(self) -> str:
        """In a few words, as in "2 days at 09:00" or "until field due"."""
        at = f" at {self.at:%H:%M}" if self.at else ""
        match self.until:
            case datetime():
                return f"until {self.until.isoformat()}{at}"
            case FieldMoment():
                return f"until field {self.until.field}{at}"
            case VariableMoment():
                return f"until variable {self.until.variable}{at}"
            case None:
                return f"{self._length()}{at}".strip()

    def _length(self) -> str:
        if self.amount:
            return f"{self.amount.variable} {self.amount.unit}"
        amounts = ((unit, getattr(self, unit)) for unit in _AMOUNTS)
        return " ".join(f"{count} {unit if count > 1 else unit[:-1]}" for unit, count in amounts if count)
