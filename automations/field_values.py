"""What is kept in a record and in a variable: the canonical JSON form of each value.

Fields, by their type:

    integer, rating                     an integer                      4
    decimal, money                      plain decimal text              "12.50"
    date · datetime                     ISO 8601, datetimes in UTC      "2026-03-01" · "2026-03-01T09:00:00Z"
    yes_no, checkbox                    a boolean                       true
    yes_no_maybe                        "yes", "no" or "maybe"
    phone                               + and digits                    "+4930123456"
    checkboxes, tags, files             a list of texts, each once      ["a", "b"]
    relationship, team_selector         a list of ids, also of one      ["0b9f…"]
    all others                          text

Variables, by their type:

    string                              text; objects, lists as JSON    "DE"
    number                              plain decimal text, shortest    "4", "4.5"
    boolean, date, datetime, phone      as in a field
    uuid, employee, record              an id                           "0b9f…"

A list variable holds a list of these in order, the same value as often as it came. Blank is always null: nothing, an
empty list, text of only white space, a list of only blanks.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, assert_never

from pydantic import JsonValue

from automations import scalars
from automations.errors import FieldValueError, RecordValueErrors, RequiredFieldError, UnknownFieldError
from automations.fields import (
    NAME,
    ChoiceField,
    DecimalField,
    FieldDefinition,
    MoneyField,
    ObjectDefinition,
    PlainField,
    PlainType,
    RatingField,
    RelationshipField,
    TeamSelectorField,
)
from automations.scalars import UnfitError, is_blank

VariableType = Literal["string", "number", "boolean", "date", "datetime", "phone", "uuid", "employee", "record"]


def field_value(field: FieldDefinition, raw: object) -> JsonValue:
    """The canonical form of `raw`, null for a blank. Raises FieldValueError."""
    try:
        return None if is_blank(raw) else _canonical(field, raw)
    except UnfitError as unfit:
        raise FieldValueError(field.name, field.type, raw, unfit.sentence(field.name, raw)) from None


def record_values(definition: ObjectDefinition, raw: Mapping[str, object], *, complete: bool = False) -> dict[str, JsonValue]:
    """The canonical form of the given fields; `complete` (a new record) also misses the required ones left out.

    Raises RecordValueErrors with every problem: a wrong value, an unknown field, a required field left blank.
    """
    values: dict[str, JsonValue] = {}
    errors: list[FieldValueError] = []
    for name, value in raw.items():
        try:
            values[name] = _record_value(definition, name, value)
        except FieldValueError as error:
            errors.append(error)
    errors += _missing(definition, raw) if complete else ()
    if errors:
        raise RecordValueErrors(errors)
    return values


def _record_value(definition: ObjectDefinition, name: str, raw: object) -> JsonValue:
    field = definition.field(name)
    if field is None:
        raise UnknownFieldError(name, "unknown", raw, f"{definition.api_name} has no field {name}.")
    value = field_value(field, raw)
    if value is None and field.required:
        raise _required(field, raw)
    return value


def _missing(definition: ObjectDefinition, raw: Mapping[str, object]) -> Iterator[FieldValueError]:
    return (_required(field, None) for field in definition.fields if field.required and field.name not in raw)


def _required(field: FieldDefinition, raw: object) -> RequiredFieldError:
    return RequiredFieldError(field.name, field.type, raw, f"{field.name} is required and may not be blank.")


def _canonical(field: FieldDefinition, raw: object) -> JsonValue:
    match field:
        case PlainField() if field is NAME:
            return scalars.item_text(raw)
        case PlainField():
            return _PLAIN[field.type](raw)
        case DecimalField() | MoneyField():
            return scalars.decimal_text(raw, field.scale)
        case ChoiceField():
            return _chosen(field, raw)
        case RatingField():
            return _rating(field, raw)
        case RelationshipField() | TeamSelectorField():
            return _ids(field, raw)
        case _:
            assert_never(field)


def _list_of(item: Callable[[object], str]) -> Callable[[object], JsonValue]:
    return lambda raw: [*scalars.unique(raw, item)] or None


_PLAIN: Mapping[PlainType, Callable[[object], JsonValue]] = {
    "text": scalars.text,
    "longtext": scalars.long_text,
    "wysiwyg": scalars.long_text,
    "integer": scalars.integer,
    "date": scalars.day_text,
    "datetime": scalars.moment_text,
    "yes_no": scalars.boolean,
    "yes_no_maybe": scalars.yes_no_maybe,
    "checkbox": scalars.boolean,
    "tags": _list_of(scalars.item_text),
    "email": scalars.email,
    "phone": scalars.phone,
    "files": _list_of(scalars.text),
    "timezone": scalars.timezone,
}


def _chosen(field: ChoiceField, raw: object) -> JsonValue:
    def option(value: object) -> str:
        chosen = scalars.item_text(value)
        if chosen not in field.options:
            raise UnfitError(_one_of(field.options))
        return chosen

    return _list_of(option)(raw) if field.type == "checkboxes" else option(raw)


def _one_of(options: list[str]) -> str:
    return f"one of {', '.join(options[:20])}{', …' if len(options) > 20 else ''}"


def _rating(field: RatingField, raw: object) -> int:
    value = scalars.integer(raw)
    if not 1 <= value <= field.max:
        raise UnfitError(f"a whole number from 1 to {field.max}")
    return value


def _ids(field: RelationshipField | TeamSelectorField, raw: object) -> JsonValue:
    ids = scalars.unique(raw, scalars.uuid_text)
    if len(ids) > 1 and not field.many:
        raise UnfitError("one id, not several")
    return [*ids] or None


def variable_value(type: VariableType, is_list: bool, raw: object, *, name: str) -> JsonValue:
    """The canonical form of `raw`, null for a blank. Raises FieldValueError with the variable's name as its field."""
    try:
        if is_blank(raw):
            return None
        return _several(type, raw) if is_list else _one(type, raw)
    except UnfitError as unfit:
        raise FieldValueError(name, type, raw, unfit.sentence(name, raw)) from None


def _several(type: VariableType, raw: object) -> JsonValue:
    return [_VARIABLE[type](item) for item in scalars.items(raw)] or None


def _one(type: VariableType, raw: object) -> JsonValue:
    # A relationship field, and often a JSONPath, answers a list of one.
    if type == "string" or not isinstance(raw, list | tuple):
        return _VARIABLE[type](raw)
    found = scalars.items(raw)  # pyright: ignore[reportUnknownArgumentType]
    if len(found) > 1:
        raise UnfitError("one value, not several")
    return _VARIABLE[type](found[0]) if found else None


def _string(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, list | dict):
        return scalars.long_text(_json(raw))  # pyright: ignore[reportUnknownArgumentType]
    return scalars.long_text(raw)


def _json(raw: object) -> str:
    try:
        return json.dumps(raw, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise UnfitError("text, or an object that JSON can hold") from None


_VARIABLE: Mapping[VariableType, Callable[[object], JsonValue]] = {
    "string": _string,
    "number": scalars.decimal_text,
    "boolean": scalars.boolean,
    "date": scalars.day_text,
    "datetime": scalars.moment_text,
    "phone": scalars.phone,
    "uuid": scalars.uuid_text,
    "employee": scalars.uuid_text,
    "record": scalars.uuid_text,
}
