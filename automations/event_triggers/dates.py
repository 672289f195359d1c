"""Moments that a record comes to."""

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from automations.clocks import TimeOfDay
from automations.event_triggers.base import Event, EventTrigger, Finding, Listen
from automations.fields import ObjectDefinition
from automations.model import Model, Name

PastDate = Literal["met", "not_met", "wait"]

_COMES_OR_GOES = frozenset({Listen("record_archived"), Listen("record_unarchived")})


class AroundDate(Model):
    """The day of a date field, or the day so many days before or after it.

    `at` is a time of day in the business's timezone; a date without one counts from midnight, a datetime by its own time.
    """

    field: Name
    days: int = Field(0, ge=0, le=3660)
    when: Literal["before", "on", "after"] = "on"
    at: TimeOfDay | None = None
    skip_non_working_days: bool | None = None

    @model_validator(mode="after")
    def _says_days_and_direction(self) -> Self:
        if (self.when == "on") != (self.days == 0):
            raise ValueError("before and after take a number of days, on takes none.")
        return self

    @property
    def offset(self) -> int:
        """In days, negative for before."""
        return -self.days if self.when == "before" else self.days

    def describe(self, often: str = "") -> str:
        """As in "2 days before due at 09:00"."""
        day = "on" if self.when == "on" else f"{self.days} day{'s' * (self.days != 1)} {self.when}"
        at = f" at {self.at:%H:%M}" if self.at else ""
        return f"{day} {self.field}{often}{at}"


class OnOrAroundDate(AroundDate, EventTrigger):
    """A date field's day came, or the day so many days before or after it; `every_year`: its anniversary.

    `at` is a time of day in the business's timezone; a date without one counts from midnight, a datetime by its own time.
    `past` is for goals: what to do where the moment was over when the goal was reached.
    """

    type: Literal["on_or_around_date"] = "on_or_around_date"
    every_year: bool = False
    past: PastDate | None = None

    def summary(self) -> str:
        return self.describe(" every year" if self.every_year else "")

    def listens(self) -> frozenset[Listen]:
        return frozenset()

    def moved_by(self) -> frozenset[Listen]:
        return _COMES_OR_GOES | {Listen("field_updated", self.field), Listen("record_created")}

    def mismatch(self, event: Event) -> str | None:
        return None

    def told(self, event: Event) -> dict[str, Any]:
        return {"field": self.field, "date": event.payload.get("value")}

    def unfit(self, definition: ObjectDefinition) -> Iterator[Finding]:
        field = definition.field(self.field)
        if field is None:
            yield Finding("field", "unknown_field", f"{definition.api_name} has no field {self.field}.")
        elif field.type not in ("date", "datetime"):
            yield Finding("field", "not_a_moment", f"The field {self.field} is of type {field.type}; a date is needed here.")


class ActivityOverdue(EventTrigger):
    """A scheduled crm activity, of one type or of any, is not completed by its due time."""

    type: Literal["activity_overdue"] = "activity_overdue"
    activity_type: Name | None = None
    skip_non_working_days: bool | None = None

    def summary(self) -> str:
        return f"{self.activity_type or 'a crm activity'} is overdue"

    def listens(self) -> frozenset[Listen]:
        return frozenset()

    def moved_by(self) -> frozenset[Listen]:
        kinds = ("activity_scheduled", "activity_changed", "activity_completed", "activity_canceled")
        return _COMES_OR_GOES | {Listen(kind, self.activity_type or "") for kind in kinds}

    def mismatch(self, event: Event) -> str | None:
        return None

    def told(self, event: Event) -> dict[str, Any]:
        return {"activity": event.part("activity")}
