"""Steps that act on other automations."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from automations.model import ApiName, Model, Name
from automations.sources import Source
from automations.steps.base import StepBase
from automations.steps.records import Records, describe_records, records_used
from automations.steps.uses import AnyUse, AutomationUse, SourceUse

MAX_AUTOMATIONS = 20
"""That one step names."""


class Override(Model):
    """The value that a variable of the started automations takes in place of its sources: of one of them, or of all that have it.

    One that comes out blank leaves the variable to its sources; `{static: null}` makes it blank.
    """

    automation: ApiName | None = None
    variable: Name
    value: Source


class StartAutomation(StepBase):
    """Starts executions of other automations and does not wait for them; they inherit this one's priority.

    With `resume_paused` the paused executions of an automation on a record go on, and only where there is none a new one starts.
    A global automation is started once, on no record.
    """

    type: Literal["start_automation"] = "start_automation"
    automations: list[ApiName] = Field(min_length=1, max_length=MAX_AUTOMATIONS)
    on: Literal["global"] | Records = "this_record"
    overrides: list[Override] = []
    resume_paused: bool = False

    @model_validator(mode="after")
    def _overrides_what_it_starts(self) -> Self:
        for override in self.overrides:
            if override.automation is not None and override.automation not in self.automations:
                raise ValueError(f"An override is for {override.automation}, which this step does not start.")
        return self

    def summary(self) -> str:
        return ", ".join(self.automations)

    def uses(self) -> Iterator[AnyUse]:
        for index, api_name in enumerate(self.automations):
            yield AutomationUse(f"automations[{index}]", api_name, starts=True)
        if self.on != "global":
            yield from records_used(self.on, "on")
        for index, override in enumerate(self.overrides):
            yield SourceUse(f"overrides[{index}].value", override.value)


class ModifyAutomation(StepBase):
    """Pauses, resumes or cancels what is under way of other automations on this or related records, or starts new executions.

    `automations: all` means whatever is under way on the records. The execution itself is left alone unless `include_self`.
    """

    type: Literal["modify_automation"] = "modify_automation"
    action: Literal["start", "pause", "resume", "cancel"]
    automations: Literal["all"] | Annotated[list[ApiName], Field(min_length=1, max_length=MAX_AUTOMATIONS)]
    records: Records = "this_record"
    include_self: bool = False

    @model_validator(mode="after")
    def _says_what_it_acts_on(self) -> Self:
        if self.action == "start" and self.automations == "all":
            raise ValueError("A start names its automations.")
        if self.include_self and self.action not in ("pause", "cancel"):
            raise ValueError(f"include_self goes with pause and cancel: an execution that runs has nothing to {self.action}.")
        return self

    @property
    def named(self) -> list[ApiName]:
        """None of them by name where all are meant."""
        return [] if isinstance(self.automations, str) else self.automations

    def summary(self) -> str:
        which = ", ".join(self.named) or "all"
        return f"{self.action} {which} on {describe_records(self.records)}"

    def uses(self) -> Iterator[AnyUse]:
        for index, api_name in enumerate(self.named):
            yield AutomationUse(f"automations[{index}]", api_name, starts=self.action == "start")
        yield from records_used(self.records, "records")


AutomationStep = StartAutomation | ModifyAutomation
