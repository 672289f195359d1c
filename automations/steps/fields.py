"""Steps that change fields of the record."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from automations.model import Model, Name
from automations.sources import Source
from automations.steps.base import StepBase, Written


class FieldChange(Model):
    """One field's change: a fixed `value` (text may hold `{{ … }}`) or one `from` a source.

    `add` and `remove` are for fields that hold lists. `clear` takes no value.
    """

    field: Name
    value: Any = None
    source: Source | None = Field(None, alias="from")
    how: Literal["overwrite", "only_if_blank", "overwrite_unless_blank", "add", "remove", "clear"] = "overwrite"

    @model_validator(mode="after")
    def _has_one_value(self) -> Self:
        given = (self.value is not None) + (self.source is not None)
        if self.how == "clear" and given:
            raise ValueError("A change that clears a field takes no value.")
        if self.how != "clear" and given != 1:
            raise ValueError("A change takes either value or from.")
        return self


class ChangeFieldValue(StepBase):
    """Several fields of the record at once. Fails only if all of its changes fail."""

    type: Literal["change_field_value"] = "change_field_value"
    changes_record: ClassVar[bool] = True
    needs_record: ClassVar[bool] = True
    changes: list[FieldChange] = Field(min_length=1, max_length=100)

    def summary(self) -> str:
        return ", ".join(_describe(change) for change in self.changes)

    def writes(self) -> Iterator[Written]:
        for change in self.changes:
            yield "field", change.field

    def templates(self) -> Iterator[tuple[str, str]]:
        for index, change in enumerate(self.changes):
            if isinstance(change.value, str):
                yield f"changes[{index}].value", change.value
            static = getattr(change.source, "static", None)
            if isinstance(static, str):
                yield f"changes[{index}].from.static", static


def _describe(change: FieldChange) -> str:
    match change.how:
        case "overwrite" | "only_if_blank" | "overwrite_unless_blank":
            return f"{change.field} = {change.value}" if change.source is None else f"{change.field} = …"
        case "add" | "remove" | "clear":
            return f"{change.how} {change.field}"


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


class Math(StepBase):
    """Adds or multiplies numbers, exactly, into a variable or a field."""

    type: Literal["math"] = "math"
    changes_record: ClassVar[bool] = True
    operation: Literal["add", "multiply"]
    arguments: list[MathArgument] = Field(min_length=1, max_length=50)
    into: MathTarget

    def summary(self) -> str:
        sign = " + " if self.operation == "add" else " × "
        target = self.into.variable or self.into.field
        return f"{target} = {sign.join(_describe_argument(argument) for argument in self.arguments)}"

    def writes(self) -> Iterator[Written]:
        if self.into.field is not None:
            yield "field", self.into.field
        if self.into.variable is not None:
            yield "variable", self.into.variable


def _describe_argument(argument: MathArgument) -> str:
    number = argument.variable or argument.field or str(argument.constant)
    return f"{'-' if argument.negate else ''}{'1/' if argument.invert else ''}{number}"


FieldStep = ChangeFieldValue | Math
