"""Changes of fields, of whichever record."""

from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, model_validator

from automations.model import Model, Name
from automations.scalars import is_blank
from automations.sources import Source
from automations.steps.integration import texts_inside
from automations.steps.uses import OWN, AnyUse, Change, ComparedUse, FieldUse, SourceUse, TextUse, ValueUse, Whose, within


def _texts_used(value: Any, path: str) -> Iterator[TextUse]:
    return (TextUse(place, text) for place, text in texts_inside(value, path))


class MapEntry(Model):
    """What any of some values becomes."""

    values: list[Any] = Field(alias="from", min_length=1, max_length=500)
    to: Any

    @model_validator(mode="after")
    def _comes_to_something(self) -> Self:
        if any(is_blank(value) or isinstance(value, list | dict) for value in self.values):
            raise ValueError("from lists single values, none of them blank.")
        if is_blank(self.to):
            raise ValueError("to is a value: what has no entry is left out.")
        return self


class FieldChange(Model):
    """One field's change: a fixed `value` (text may hold `{{ … }}`) or one `from` a source.

    `map` says what a value becomes, the first entry that has it, each of a list for itself; what has no entry is left out, and
    where nothing is left the field stays as it is. Values are compared as filters compare them. `add` and `remove` are for
    fields that hold lists. `clear` takes no value.
    """

    field: Name
    value: Any = None
    source: Source | None = Field(default=None, alias="from")
    mapping: list[MapEntry] | None = Field(default=None, alias="map", min_length=1, max_length=500)
    how: Change = "overwrite"

    @model_validator(mode="after")
    def _has_one_value(self) -> Self:
        given = (self.value is not None) + (self.source is not None)
        if self.how == "clear" and (given or self.mapping):
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
        yield from _field_used(self.field, self.value if self.mapping is None else None, self.how, path, whose)
        yield from _given_used(self.value, self.source, path)
        for index, entry in enumerate(self.mapping or ()):
            yield from self._entry_used(entry, within(path, f"map[{index}]"), whose)

    def _entry_used(self, entry: MapEntry, path: str, whose: Whose) -> Iterator[AnyUse]:
        yield ValueUse(within(path, "to"), self.field, entry.to, whose=whose)
        yield from _texts_used(entry.to, within(path, "to"))
        yield ComparedUse(within(path, "from"), entry.values, self.source)


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
        yield from _field_used(self.field, self.value, "overwrite", path, whose)
        yield from _given_used(self.value, self.source, path)


def _field_used(field: str, fixed: Any, how: Change, path: str, whose: Whose) -> Iterator[AnyUse]:
    yield FieldUse(within(path, "field"), field, whose=whose, written=True, attributes=False)
    yield ValueUse(within(path, "value"), field, fixed, how, within(path, "how"), whose)


def _given_used(value: Any, source: Source | None, path: str) -> Iterator[AnyUse]:
    yield from _texts_used(value, within(path, "value"))
    if source is not None:
        yield SourceUse(within(path, "from"), source)
