"""Steps that wait for something to happen to the record."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from automations.event_triggers import EventTriggerUnion
from automations.steps.base import Need, StepBase
from automations.steps.lengths import Length
from automations.steps.uses import AnyUse, TriggersUse

if TYPE_CHECKING:
    from automations.steps import AnyStep

MAX_TRIGGERS = 20
"""Of one goal."""


class Goal(StepBase):
    """Waits until one of its triggers fits an event of the record: down `if_met`. Once its time is up: down `if_not_met`.

    Only what happens while it waits counts. Without a `timeout` it waits for ever.
    """

    type: Literal["goal"] = "goal"
    needs: ClassVar[Need] = "record"
    waits: ClassVar[bool] = True
    skip_to: Literal["met", "not_met"] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    triggers: list[EventTriggerUnion] = Field(min_length=1, max_length=MAX_TRIGGERS)
    limit: Length | None = Field(None, alias="timeout")
    if_met: list[Annotated["AnyStep", Field(discriminator="type")]] = []
    if_not_met: list[Annotated["AnyStep", Field(discriminator="type")]] = []

    @model_validator(mode="after")
    def _skipped_says_where(self) -> Self:
        if self.skip and self.skip_to is None:
            raise ValueError("A skipped goal names the path to take: skip_to: met or not_met.")
        return self

    def summary(self) -> str:
        waits_for = " or ".join(trigger.summary() for trigger in self.triggers)
        return f"{waits_for}{f', or {_after(self.limit)}' if self.limit else ''}"

    def uses(self) -> Iterator[AnyUse]:
        yield TriggersUse("triggers", self.triggers)
        if self.limit is not None:
            yield from self.limit.used("timeout")

    def paths(self) -> dict[str, Sequence[StepBase]]:
        return {"met": self.if_met, "not_met": self.if_not_met}

    def path_after(self, phase: str) -> str | None:
        return {"met": "met", "elapsed": "not_met"}.get(phase)


def _after(limit: Length) -> str:
    described = limit.describe()
    return described if described.startswith(("until", "at")) else f"after {described}"


GoalStep = Goal
