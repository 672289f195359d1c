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


class AwaitingStep(StepBase):
    """Waits for something to happen to its record: down the path `met`. Once its time is up: down `not_met`.

    What it waits for and under which keys the steps of its paths stand, each type says for itself.
    """

    waits: ClassVar[bool] = True
    skip_to: Literal["met", "not_met"] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    limit: Length | None = Field(None, alias="timeout")

    @model_validator(mode="after")
    def _skipped_says_where(self) -> Self:
        if self.skip and self.skip_to is None:
            raise ValueError(f"A skipped {self.step_type} names the path to take: skip_to: met or not_met.")
        return self

    def awaits(self, said: str) -> str:
        """What it waits for, as the end of a sentence in which the step is `said` so."""
        raise NotImplementedError

    def uses(self) -> Iterator[AnyUse]:
        yield from super().uses()
        if self.limit is not None:
            yield from self.limit.used("timeout")

    def path_after(self, phase: str) -> str | None:
        return {"met": "met", "elapsed": "not_met"}.get(phase)

    def patience(self) -> str:
        """The end of its summary; empty where it waits for ever."""
        return f", or {_after(self.limit)}" if self.limit else ""


class Goal(AwaitingStep):
    """Waits until one of its triggers fits an event of the record: down `if_met`. Once its time is up: down `if_not_met`.

    Only what happens while it waits counts. Without a `timeout` it waits for ever.
    """

    type: Literal["goal"] = "goal"
    needs: ClassVar[Need] = "record"
    triggers: list[EventTriggerUnion] = Field(min_length=1, max_length=MAX_TRIGGERS)
    if_met: list[Annotated["AnyStep", Field(discriminator="type")]] = []
    if_not_met: list[Annotated["AnyStep", Field(discriminator="type")]] = []

    def summary(self) -> str:
        return f"{' or '.join(trigger.summary() for trigger in self.triggers)}{self.patience()}"

    def awaits(self, said: str) -> str:
        return f"what {said} names to happen"

    def uses(self) -> Iterator[AnyUse]:
        yield TriggersUse("triggers", self.triggers)
        yield from super().uses()

    def paths(self) -> dict[str, Sequence[StepBase]]:
        return {"met": self.if_met, "not_met": self.if_not_met}


def _after(limit: Length) -> str:
    described = limit.describe()
    return described if described.startswith(("until", "at")) else f"after {described}"


GoalStep = Goal
