"""Steps that change fields of the record."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from automations.arithmetic import Mode
from automations.model import Model, Name, Template
from automations.steps.base import Need, StepBase
from automations.steps.changes import FieldChange
from automations.steps.lengths import NUMBERS
from automations.steps.uses import AnyUse, FieldUse, StageUse, TagsUse, TextUse, VariableUse

TAGS = frozenset({"tags"})
Tags = Annotated[list[Template], Field(max_length=100)]


class ChangeFieldValue(StepBase):
    """Several fields of the record at once. Fails only if all of its changes fail."""

    type: Literal["change_field_value"] = "change_field_value"
    needs: ClassVar[Need] = "record"
    changes: list[FieldChange] = Field(min_length=1, max_length=100)

    def summary(self) -> str:
        return ", ".join(change.describe() for change in self.changes)

    def uses(self) -> Iterator[AnyUse]:
        for index, change in enumerate(self.changes):
            yield from change.used(f"changes[{index}]")


class ChangeTags(StepBase):
    """Puts tags on the record and takes others off it, as one change; what changes nothing is no failure.

    `field` names their field where the object has several of tags. A tag is compared as it is written.
    """

    type: Literal["change_tags"] = "change_tags"
    needs: ClassVar[Need] = "record"
    add: Tags = []
    remove: Tags = []
    field: Name | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.add and not self.remove:
            raise ValueError("It names tags to add, tags to remove, or both.")
        return self

    def summary(self) -> str:
        said = [f"+ {', '.join(self.add)}"] if self.add else []
        return " ".join([*said, f"- {', '.join(self.remove)}"] if self.remove else said)

    def uses(self) -> Iterator[AnyUse]:
        if self.field is None:
            yield TagsUse("field")
        else:
            yield FieldUse("field", self.field, TAGS, written=True, attributes=False)
        for key, tags in (("add", self.add), ("remove", self.remove)):
            yield from (TextUse(f"{key}[{index}]", tag) for index, tag in enumerate(tags))


class UpdateStage(StepBase):
    """Moves the record to a stage; one that stands there already stays, and nothing happens.

    With `only_from` it moves out of these stages only, with `forward_only` never to one that stands earlier in the object's list.
    """

    type: Literal["update_stage"] = "update_stage"
    needs: ClassVar[Need] = "stages"
    stage: Template = Field(min_length=1)
    only_from: list[str] = Field([], max_length=100)
    forward_only: bool = False

    def summary(self) -> str:
        return f"to {self.stage} from {' or '.join(self.only_from)}" if self.only_from else f"to {self.stage}"

    def uses(self) -> Iterator[AnyUse]:
        yield FieldUse("stage", "stage", written=True)
        yield TextUse("stage", self.stage)
        yield StageUse("stage", self.stage)
        yield from (StageUse(f"only_from[{index}]", stage) for index, stage in enumerate(self.only_from))


class MathArgument(Model):
    """A number: one of constant, variable or field; `negate` for sums, `invert` (1/x) for products."""

    constant: Decimal | None = None
    variable: Name | None = None
    field: Name | None = None
    negate: bool = False
    invert: bool = False

    @model_validator(mode="after")
    def _is_one_number(self) -> Self:
        if sum(part is not None for part in (self.constant, self.variable, self.field)) != 1:
            raise ValueError("An argument is one of: constant, variable, field.")
        return self


class MathTarget(Model):
    variable: Name | None = None
    field: Name | None = None

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if (self.variable is None) == (self.field is None):
            raise ValueError("The result goes into either a variable or a field.")
        return self


class Rounding(Model):
    """To so many digits after the point. Halves go to the even neighbour or `half_up`, away from zero; `up` and `down` are away
    from zero and towards it whatever is left over."""

    digits: int = Field(ge=0, le=18)
    mode: Mode = "half_even"


class Math(StepBase):
    """Adds or multiplies numbers, exactly, into a variable or a field.

    A blank argument is a failure, unless `blank_as` says what number it stands for. Without `round` the result is rounded only to
    the digits that a field keeps, half to even, and where it is no number of 38 digits.
    """

    type: Literal["math"] = "math"
    operation: Literal["add", "multiply"]
    arguments: list[MathArgument] = Field(min_length=1, max_length=50)
    into: MathTarget
    blank_as: Decimal | None = None
    round: Rounding | None = None

    def summary(self) -> str:
        sign = " + " if self.operation == "add" else " × "
        target = self.into.variable or self.into.field
        return f"{target} = {sign.join(_describe_argument(argument) for argument in self.arguments)}"

    def uses(self) -> Iterator[AnyUse]:
        for index, argument in enumerate(self.arguments):
            yield from _number_used(argument, f"arguments[{index}]", written=False)
        yield from _number_used(self.into, "into", written=True)


def _number_used(place: MathArgument | MathTarget, path: str, *, written: bool) -> Iterator[AnyUse]:
    if place.variable is not None:
        yield VariableUse(f"{path}.variable", place.variable, NUMBERS, written)
    if place.field is not None:
        yield FieldUse(f"{path}.field", place.field, NUMBERS, written=written)


def _describe_argument(argument: MathArgument) -> str:
    number = argument.variable or argument.field or str(argument.constant)
    return f"{'-' if argument.negate else ''}{'1/' if argument.invert else ''}{number}"


FieldStep = ChangeFieldValue | ChangeTags | UpdateStage | Math
