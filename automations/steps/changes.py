"""Changes of fields, of whichever record."""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, model_validator

from automations.model import Model, Name
from automations.sources import Source
from automations.steps.integration import texts_inside
from automations.steps.uses import OWN, AnyUse, Change, FieldUse, SourceUse, TextUse, ValueUse, Whose, within


class FieldChange(Model):
    """One field's change: a fixed `value` (text may hold `{{ … }}`) or one `from` a source.

    `add` and `remove` are for fields that hold lists. `clear` takes no value.
    """

    field: Name
    value: Any = None
    source: Source | None = Field(default=None, alias="from")
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
        return _used(self, path, whose, self.how)


class NewValue(Model):
    """What a field of a new record holds: a fixed `value` (text may hold `{{ … }}`) or one `from` a source."""

    field: Name
    value: Any = None
    source: Source | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _has_one_value(self) -> Self:
        if (self.value is None) == (self.source is None):
            raise ValueError("A field takes either value or from.")
        return self

    def used(self, path: str, whose: Whose) -> Iterator[AnyUse]:
        return _used(self, path, whose, "overwrite")


def _used(given: FieldChange | NewValue, path: str, whose: Whose, how: Change) -> Iterator[AnyUse]:
    yield FieldUse(within(path, "field"), given.field, whose=whose, written=True, attributes=False)
    yield ValueUse(within(path, "value"), given.field, given.value, how, within(path, "how"), whose)
    yield from (TextUse(place, text) for place, text in texts_inside(given.value, within(path, "value")))
    if given.source is not None:
        yield SourceUse(within(path, "from"), given.source)
