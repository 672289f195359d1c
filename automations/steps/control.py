"""Steps that decide where an execution goes on, and when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from automations.filters import Filter, describe_filter
from automations.model import Model, StepId, Template
from automations.steps.base import StepBase
from automations.steps.lengths import Length
from automations.steps.uses import AnyUse, FilterUse, TextUse

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

    def uses(self) -> Iterator[AnyUse]:
        yield FilterUse("if", self.condition)

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


class Delay(Length, StepBase):
    """Waits for a length of time, or until a moment."""

    waits: ClassVar[bool] = True
    type: Literal["delay"] = "delay"

    def summary(self) -> str:
        return self.describe()

    def uses(self) -> Iterator[AnyUse]:
        return self.used()


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

    @property
    def is_end(self) -> bool:
        """Whether the execution is over after it, and not just paused."""
        return self.action in ("complete", "cancel", "fail")

    def uses(self) -> Iterator[AnyUse]:
        yield TextUse("reason", self.reason)


ControlStep = Condition | Branch | Delay | GoToStep | StopExecution
