"""What a step's changes make of the fields of a record, its own or another one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from activities.mapping import mapped
from activities.situation import Situation
from automations.errors import EverstepError
from automations.failures import ExpectedFailure
from automations.field_values import field_value
from automations.fields import NAME, FieldDefinition, ObjectDefinition
from automations.scalars import is_blank
from automations.sources import source_value
from automations.steps.changes import FieldChange, MapEntry, NewValue
from automations.steps.uses import Change

UNCHANGED = object()


class Holder(Protocol):
    """The record whose fields are changed. Both raise ExpectedFailure `unknown_field`."""

    def field_definition(self, name: str) -> FieldDefinition: ...
    def field(self, name: str) -> Any: ...


@dataclass(frozen=True)
class OtherRecord:
    """One that is not the execution's own."""

    definition: ObjectDefinition
    name: str
    values: Mapping[str, Any]

    def field_definition(self, name: str) -> FieldDefinition:
        found = self.definition.field(name)
        if found is None:
            raise ExpectedFailure("unknown_field", f"{self.definition.name} has no field {name} (any more).")
        return found

    def field(self, name: str) -> Any:
        return self.name if name == NAME.name else self.values.get(self.field_definition(name).name)


@dataclass(frozen=True)
class Given:
    """What a change was given, read in the execution: the same for every record; or why nothing could be read.

    With `is_left` it was given nothing that it knows, and leaves the field as it is.
    """

    change: FieldChange
    raw: Any = None
    failure: EverstepError | None = None
    is_left: bool = False

    def value(self) -> Any:
        if self.failure is not None:
            raise self.failure
        return self.raw


@dataclass(frozen=True)
class Changed:
    """The new canonical values by field, and the changes that cannot be made; `tried` is how many there were of both."""

    values: dict[str, Any]
    failures: list[tuple[FieldChange, EverstepError]]
    tried: int

    @property
    def failed(self) -> bool:
        """As a whole: all of the changes did."""
        return len(self.failures) == self.tried

    def failure(self) -> EverstepError:
        """One for all of them."""
        if len(self.failures) == 1:
            return self.failures[0][1]
        return ExpectedFailure("all_changes_failed", self.said())

    def said(self) -> str:
        return " ".join(failure.sentence for _, failure in self.failures)

    def not_changed(self) -> list[dict[str, str]]:
        return [{"field": each.field, "code": error.code, "sentence": error.sentence} for each, error in self.failures]


def new_values(values: Iterable[NewValue], situation: Situation) -> dict[str, Any]:
    """By field, as they were given. Raises what the first that cannot be read raises."""
    return {value.field: _raw(value, situation) for value in values}


def given_for(changes: Iterable[FieldChange], situation: Situation) -> list[Given]:
    return [_given(change, situation) for change in changes]


def _given(change: FieldChange, situation: Situation) -> Given:
    try:
        raw = _raw(change, situation)
        return Given(change, raw) if change.mapping is None else _mapped(change, change.mapping, raw, situation)
    except EverstepError as failure:
        return Given(change, failure=failure)


def _mapped(change: FieldChange, entries: list[MapEntry], raw: Any, situation: Situation) -> Given:
    found = mapped(entries, change.source, raw, situation)
    return Given(change, found[0] if len(found) == 1 else found, is_left=not found)


def _raw(change: FieldChange | NewValue, situation: Situation) -> Any:
    if change.source is not None:
        return source_value(change.source, situation)
    return situation.render_inside(change.value)


def changed_values(given: Sequence[Given], holder: Holder) -> Changed:
    """The changes that can be made, in order: later ones see what earlier ones did."""
    values: dict[str, Any] = {}
    failures: list[tuple[FieldChange, EverstepError]] = []
    for each in given:
        try:
            value = _changed_value(each, holder, values)
            if value is not UNCHANGED:
                values[each.change.field] = value
        except EverstepError as failure:
            failures.append((each.change, failure))
    return Changed(values, failures, len(given))


def _changed_value(given: Given, holder: Holder, values: Mapping[str, Any]) -> Any:
    """The field's new canonical value."""
    change, field = given.change, _definition(holder, given.change.field)
    current = values.get(change.field, holder.field(change.field))
    value = None if change.how == "clear" else field_value(field, given.value())
    found = UNCHANGED if given.is_left else resolved(change.how, f"Field {field.name}", current, value)
    if found is UNCHANGED:
        return found
    kept = field_value(field, found)
    if kept is None and field.required:
        raise ExpectedFailure("required_field", f"Field {field.name} is required and may not become blank.")
    return kept


def _definition(holder: Holder, name: str) -> FieldDefinition:
    """The name of a record is changed like a field."""
    return NAME if name == NAME.name else holder.field_definition(name)


def resolved(how: Change, what: str, current: Any, given: Any) -> Any:
    """What a place that holds `current` holds then; UNCHANGED where it stays as it is. Raises ExpectedFailure `not_a_list`."""
    match how:
        case "overwrite" | "clear":
            return given
        case "only_if_blank":
            return given if is_blank(current) else UNCHANGED
        case "overwrite_unless_blank":
            return UNCHANGED if is_blank(given) else given
        case "add":
            held = _listed(how, what, current)
            return [*held, *(item for item in _listed(how, what, given) if item not in held)]
        case "remove":
            taken = _listed(how, what, given)
            return [item for item in _listed(how, what, current) if item not in taken]


def _listed(how: Change, what: str, value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise not_a_list(how, what)
    return value or []


def not_a_list(how: Change, what: str) -> ExpectedFailure:
    return ExpectedFailure("not_a_list", f"{what} holds one value: {how} is for lists.")
