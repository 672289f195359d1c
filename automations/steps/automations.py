"""Steps that act on other automations."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from automations.model import ApiName, Model, Name
from automations.sources import Source
from automations.steps.base import StepBase
from automations.steps.records import Records, records_used
from automations.steps.uses import AnyUse, AutomationUse, SourceUse


class Override(Model):
    """The value that a variable of the started automation takes in place of its sources."""

    variable: Name
    value: Source


class StartAutomation(StepBase):
    """Starts executions of other automations and does not wait for them; they inherit this one's priority."""

    type: Literal["start_automation"] = "start_automation"
    automations: list[ApiName] = Field(min_length=1, max_length=20)
    on: Literal["global"] | Records = "this_record"
    overrides: list[Override] = []

    def summary(self) -> str:
        return ", ".join(self.automations)

    def uses(self) -> Iterator[AnyUse]:
        for index, api_name in enumerate(self.automations):
            yield AutomationUse(f"automations[{index}]", api_name, starts=True)
        if self.on != "global":
            yield from records_used(self.on, "on")
        for index, override in enumerate(self.overrides):
            yield SourceUse(f"overrides[{index}].value", override.value)


AutomationStep = StartAutomation
