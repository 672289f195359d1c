"""Changes of fields, of whichever record."""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, model_validator

from automations.model import Model, Name
from automations.sources import Source
from automations.steps.uses import OWN, AnyUse, Change, FieldUse, SourceUse, TextUse, ValueUse, Whose, within


class FieldChange(Model):
    """One field's change: a fixed `value` (text may hold `{{ … }}`) or one `from` a source.

    `add` and `remove` are for fields that hold lists. `clear` takes no value.
    """

    field: Name
    value: Any = None
    source: Source | None = Field(None, alias="from")
    how: Change = "overwrite"

    @model_validator(mode="after")
    def _has_one_value(self) -> Self:
        given = (self.value is not None) + (self.source is not None)
        if self.how == "clear" and given:
            raise ValueError("A change that clears a field takes no value.")
        if self.how != "clear" and given != 1:
            raise ValueError("A change takes either value or from.")
        return self

    def describe(self) -> str:
        match self.how:
            case "overwrite" | "only_if_blank" | "overwrite_unless_blank":
                return f"{self.field} = {self.value}" if self.source is None else f"{self.field} = …"
            case "add" | "remove" | "clear":
                return f"{self.how} {self.field}"

    def used(self, path: str, whose: Whose = OWN) -> Iterator[AnyUse]:
        """By a step that makes this change at that place."""
        yield FieldUse(within(path, "field"), self.field, whose=whose, written=True, attributes=False)
        yield ValueUse(within(path, "value"), self.field, self.value, self.how, within(path, "how"), whose)
        if isinstance(self.value, str):
            yield TextUse(within(path, "value"), self.value)
        if self.source is not None:
            yield SourceUse(within(path, "from"), self.source)
