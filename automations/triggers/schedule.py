"""Starts that recur in time."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from automations import scalars
from automations.filters import Filter
from automations.recurrence import Recurrence, RecurrenceError, RuleText, read_cron, read_rule, refuse_what_never_fires
from automations.triggers.base import ThrottledTrigger


def _without_mistakes(check: Callable[[str], object]) -> Callable[[str], str]:
    """Reports all mistakes of a rule at once."""

    def checked(rule: str) -> str:
        try:
            check(rule)
        except RecurrenceError as error:
            raise ValidationError.from_exception_data(
                "rule",
                [
                    InitErrorDetails(type=PydanticCustomError(each.code, "{said}", {"said": each.sentence}), input=rule)  # pyright: ignore[reportArgumentType]
                    for each in error.mistakes
                ],
            ) from None
        return rule

    return checked


@lru_cache(maxsize=1_000)
def _read_rule(text: str) -> RuleText:
    """Documents are read more often than they are written."""
    rule = read_rule(text)
    refuse_what_never_fires(rule)
    return rule


def _zone(raw: object) -> object:
    try:
        return scalars.timezone(raw)
    except scalars.UnfitError as unfit:
        raise PydanticCustomError("unknown_timezone", "It must be {expected}.", {"expected": unfit.expected}) from None


CronRule = Annotated[str, Field(max_length=1_000), AfterValidator(_without_mistakes(read_cron))]
RecurrenceRule = Annotated[str, AfterValidator(_without_mistakes(_read_rule))]
Zone = Annotated[str, BeforeValidator(_zone)]
"""An IANA name, such as Europe/Berlin."""


class ScheduleTrigger(ThrottledTrigger):
    """Fires at the times of a rule: `cron`, or `rrule` as of RFC 5545, in the business's timezone unless one is said.

    On an automation with an object each planned time is one for every record that is not archived and fits the `filter`.
    """

    type: Literal["schedule"] = "schedule"
    cron: CronRule | None = None
    rrule: RecurrenceRule | None = None
    timezone: Zone | None = None
    filter: Filter | None = None
    skip_non_working_days: bool | None = Field(
        None, description="Moves a time on a day that is not worked to the next one that is; as the automation says, if not said"
    )

    @model_validator(mode="after")
    def _has_one_rule(self) -> Self:
        if (self.cron is None) == (self.rrule is None):
            raise ValueError("A schedule has one rule: cron or rrule.")
        return self

    @model_validator(mode="after")
    def _has_one_timezone(self) -> Self:
        own = _read_rule(self.rrule).timezone if self.rrule else None
        if own and self.timezone and own != self.timezone:
            raise PydanticCustomError("two_timezones", "{said}", {"said": f"DTSTART says {own}, timezone {self.timezone}."})
        return self

    @property
    def rule(self) -> str:
        return self.cron or self.rrule or ""

    def zone(self, of_business: str) -> ZoneInfo:
        own = _read_rule(self.rrule).timezone if self.rrule else None
        return ZoneInfo(self.timezone or own or of_business)

    def recurrence(self, zone: ZoneInfo, since: datetime) -> Recurrence:
        """`since` (aware) is where a rule counts from that does not say it itself."""
        return Recurrence.of_cron(self.rule, zone) if self.cron else Recurrence.of_rrule(self.rule, zone, since)

    def summary(self) -> str:
        """As in "cron 0 9 * * mon-fri (Europe/Berlin)"."""
        kind = "cron" if self.cron else "rrule"
        return f"{kind} {' '.join(self.rule.split())}{f' ({self.timezone})' if self.timezone else ''}"
