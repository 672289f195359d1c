"""Steps that set variables: snapshots, taken when their step runs."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from automations.field_values import VariableType
from automations.model import Name
from automations.sources import Sources, describe_source
from automations.steps.base import StepBase
from automations.steps.uses import AnyUse, SourceUse, VariableUse


class InitializeVariable(StepBase):
    """An entry of the document's `variables:`; the first source that is not blank gives the value.

    Its `type` is the variable's. With `required` a variable that stays blank is an expected failure.
    """

    type: VariableType = "string"
    name: Name
    list: bool = False
    required: bool = False
    sources: Sources

    @property
    def step_type(self) -> str:
        return "initialize_variable"

    def summary(self) -> str:
        return f"{self.name} from {', '.join(map(describe_source, self.sources))}"

    def uses(self) -> Iterator[AnyUse]:
        yield VariableUse("name", self.name, written=True)
        yield from (SourceUse(f"sources[{index}]", source) for index, source in enumerate(self.sources))


class UpdateVariable(StepBase):
    """Sets a variable anew; `only_if_blank` leaves one that holds a value."""

    type: Literal["update_variable"] = "update_variable"
    variable: Name
    sources: Sources
    how: Literal["overwrite", "only_if_blank", "overwrite_unless_blank"] = Field("overwrite")

    def summary(self) -> str:
        return f"{self.variable} from {', '.join(map(describe_source, self.sources))}"

    def uses(self) -> Iterator[AnyUse]:
        yield VariableUse("variable", self.variable, written=True)
        yield from (SourceUse(f"sources[{index}]", source) for index, source in enumerate(self.sources))


VariableStep = UpdateVariable
"""Those that stand among the steps; `InitializeVariable` stands in the document's `variables:` only."""
