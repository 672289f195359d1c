"""Steps that decide where an execution goes on, and when."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from automations.filters import Filter, describe_filter
from automations.model import ApiName, Model, Name, StepId, Template
from automations.sources import Source, Sources
from automations.steps.base import StepBase

if TYPE_CHECKING:
    from automations.steps import AnyStep

MAX_LANES = 50
"""Of one branch."""


class Condition(StepBase):
    """Goes down `if_yes` or `if_no` by the record as it is now. Never retried: an error asks a person for the path."""

    type: Literal["condition"] = "condition"
    retries: ClassVar[bool] = False
    skip_to: Literal["yes", "no"] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    condition: Filter = Field(alias="if")
    if_yes: list[Annotated["AnyStep", Field(discriminator="type")]] = []
    if_no: list[Annotated["AnyStep", Field(discriminator="type")]] = []

    @model_validator(mode="after")
    def _skipped_says_where(self) -> Self:
        if self.skip and self.skip_to is None:
            raise ValueError("A skipped condition names the path to take: skip_to: yes or no.")
        return self

    def summary(self) -> str:
        return describe_filter(self.condition)

    def paths(self) -> dict[str, Sequence[StepBase]]:
        return {"yes": self.if_yes, "no": self.if_no}


class LaneSteps(Model):
    """One of the lanes of a branch. Without a name it is called by its place: 1, 2, …"""

    name: StepId | None = None
    steps: list[Annotated["AnyStep", Field(discriminator="type")]] = []


class Branch(StepBase):
    """Runs its lanes side by side, in no order; what comes after it runs once all of them have ended."""

    parallel: ClassVar[bool] = True

    type: Literal["branch"] = "branch"
    lanes: list[LaneSteps] = Field(min_length=1, max_length=MAX_LANES)

    @field_validator("lanes")
    @classmethod
    def _have_names_of_their_own(cls, lanes: list[LaneSteps]) -> list[LaneSteps]:
        names = list(_lane_names(lanes))
        twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
        if twice is not None:
            raise ValueError(f"Two lanes are called {twice}; a lane without a name is called by its place, from 1.")
        return lanes

    def _named(self) -> dict[str, LaneSteps]:
        return dict(zip(_lane_names(self.lanes), self.lanes, strict=True))

    def summary(self) -> str:
        return f"{len(self.lanes)} lanes: {', '.join(self._named())}"

    def paths(self) -> dict[str, Sequence[StepBase]]:
        return {name: lane.steps for name, lane in self._named().items()}

    def path_at(self, path: str) -> str:
        return f"lanes[{list(self._named()).index(path)}].steps"

    def with_paths(self, paths: Mapping[str, Sequence[StepBase]]) -> Self:
        lanes = [
            lane.model_copy(update={"steps": list(paths[name])}) if name in paths else lane
            for name, lane in self._named().items()
        ]
        return self.model_copy(update={"lanes": lanes})


def _lane_names(lanes: Sequence[LaneSteps]) -> Iterator[str]:
    return (lane.name or str(place) for place, lane in enumerate(lanes, start=1))


class NumberOf(Model):
    """A wait as long as a number variable says."""

    variable: Name
    unit: Literal["minutes", "hours", "days", "weeks"]


class FieldMoment(Model):
    field: Name


class VariableMoment(Model):
    variable: Name


def _time_of_day(raw: object) -> object:
    """YAML reads 0900 as a number, which pydantic would take for seconds; an offset would say the zone a second time."""
    if isinstance(raw, time) and raw.tzinfo is None:
        return raw
    if isinstance(raw, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", raw):
        return raw
    raise PydanticCustomError("invalid_value", 'It is no time of day such as "09:00".')


def _moment_in_words(raw: object) -> object:
    if isinstance(raw, str | datetime) and not (isinstance(raw, str) and raw.strip().isdigit()):
        return raw
    raise PydanticCustomError("invalid_value", "It is no date and time with an offset, such as 2026-03-01T09:00:00+01:00.")


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment_in_words)]

_AMOUNTS = ("years", "months", "weeks", "days", "hours", "minutes")


class Delay(StepBase):
    """Waits for a length of time, or until a moment; `at` moves the end to that time of day, on or after it.

    Lengths of days and more keep the time of day in the business's timezone; hours and minutes are exact.
    """

    type: Literal["delay"] = "delay"
    years: int = Field(0, ge=0, le=100)
    months: int = Field(0, ge=0, le=1200)
    weeks: int = Field(0, ge=0, le=5200)
    days: int = Field(0, ge=0, le=36500)
    hours: int = Field(0, ge=0, le=876_000)
    minutes: int = Field(0, ge=0, le=52_560_000)
    amount: NumberOf | None = Field(None, alias="for")
    until: Moment | FieldMoment | VariableMoment | None = None
    at: TimeOfDay | None = None

    @model_validator(mode="after")
    def _says_one_length(self) -> Self:
        ways = [any(getattr(self, unit) for unit in _AMOUNTS), self.amount is not None, self.until is not None]
        if sum(ways) > 1:
            raise ValueError("A delay takes one of: amounts (years … minutes), for, until.")
        if not any(ways) and self.at is None:
            raise ValueError("A delay says how long: amounts (years … minutes), for, until or at.")
        return self

    def summary(self) -> str:
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


class GoToStep(StepBase):
    """Goes on at another step; with a condition around it, a loop."""

    type: Literal["go_to_step"] = "go_to_step"
    step: StepId

    def summary(self) -> str:
        return f"to {self.step}"


class StopExecution(StepBase):
    """Ends the execution, or pauses it until a person resumes it."""

    type: Literal["stop_execution"] = "stop_execution"
    action: Literal["complete", "cancel", "fail", "pause", "pause_with_error"] = "complete"
    reason: Template = ""

    def summary(self) -> str:
        return self.action.replace("_", " ")

    def templates(self) -> Iterator[tuple[str, str]]:
        yield "reason", self.reason


class Override(Model):
    """The value that a variable of the started automation takes in place of its sources."""

    variable: Name
    value: Source


class StartAutomation(StepBase):
    """Starts executions of other automations and does not wait for them; they inherit this one's priority."""

    type: Literal["start_automation"] = "start_automation"
    automations: list[ApiName] = Field(min_length=1, max_length=20)
    on: Literal["this_record", "global"] | FieldMoment = "this_record"
    overrides: list[Override] = []

    def summary(self) -> str:
        return ", ".join(self.automations)

    def templates(self) -> Iterator[tuple[str, str]]:
        sources: Sources = [override.value for override in self.overrides]
        yield from static_templates(sources, "overrides[{}].value.static")


def static_templates(sources: Sequence[Any], path: str) -> Iterator[tuple[str, str]]:
    """The texts among static sources; `path` has a `{}` for the index."""
    for index, source in enumerate(sources):
        static = getattr(source, "static", None)
        if isinstance(static, str):
            yield path.format(index), static


ControlStep = Condition | Branch | Delay | GoToStep | StopExecution | StartAutomation
