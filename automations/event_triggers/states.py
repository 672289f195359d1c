"""What a field holds before or after a change, as triggers say it.

    any  blank  not_blank            one of these words
    Booked  {"value": "any"}         exactly this; a list in no order
    {"contains_any": ["a", "b"]}     of a list: at least one of them; of a text: a part of it
    {"contains_none": ["a", "b"]}    the opposite
    {"between": ["1", "9"]}          a number, date or datetime from the first to the second
    {"added": ["a"]}                 of a list, after a change: it came in now
    {"removed": ["a"]}               of a list, after a change: it went out now

Text is compared without case; options, tags and ids are compared as they are.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, cast

from pydantic import AfterValidator, JsonValue
from pydantic_core import PydanticCustomError

from automations import scalars
from automations.errors import FieldValueError
from automations.field_values import field_value
from automations.fields import FieldDefinition, ObjectDefinition
from automations.operators import operators_for
from automations.scalars import UnfitError, is_blank

WORDS = frozenset({"any", "blank", "not_blank"})
ADDED_AND_REMOVED = frozenset({"added", "removed"})
_SEVERAL = frozenset({"contains_any", "contains_none", "between"}) | ADDED_AND_REMOVED


def _said_well(raw: JsonValue) -> JsonValue:
    if isinstance(raw, dict) and len(raw) == 1 and _SEVERAL & raw.keys():
        return _several(raw)
    value = raw.get("value") if isinstance(raw, dict) and len(raw) == 1 else raw
    if isinstance(value, dict) or is_blank(value):
        sentence = (
            "It is any, blank, not_blank or a value; a value that is one of these words is written {value: …}."
            f" Or one of {', '.join(sorted(_SEVERAL))} with a list of values."
        )
        raise PydanticCustomError("invalid_value", "{sentence}", {"sentence": sentence})
    return raw


def _several(raw: dict[str, JsonValue]) -> JsonValue:
    (key, values), *_ = raw.items()
    if not isinstance(values, list) or not values or any(is_blank(value) or isinstance(value, dict | list) for value in values):
        raise PydanticCustomError("invalid_value", "{key} takes a list of values.", {"key": key})
    if key == "between" and len(values) != 2:
        raise PydanticCustomError("invalid_value", "between takes a list of two values, the lower one first.")
    return raw


FieldState = Annotated[JsonValue, AfterValidator(_said_well)]
"""See above."""


def told(state: JsonValue) -> str | None:
    """In words, as in "not blank"; None where nothing is asked for."""
    match state:
        case "any":
            return None
        case "not_blank":
            return "not blank"
        case {"value": value}:
            return shown(value)
        case dict():
            return "; ".join(f"{key.replace('_', ' ')} {shown(value)}" for key, value in state.items())
        case _:
            return shown(state)


def shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    return "blank" if value is None else str(value)


def exact(state: JsonValue) -> JsonValue:
    """The value that is meant; None where something else is said."""
    if isinstance(state, dict):
        return state.get("value")
    return None if isinstance(state, str) and state in WORDS else state


def fits(state: JsonValue, found: JsonValue, other: JsonValue = None) -> bool:
    """Whether a field holds what is said. `other` is what it held before, where the state tells of a change."""
    match state:
        case "any":
            return True
        case "blank":
            return is_blank(found)
        case "not_blank":
            return not is_blank(found)
        case {"between": [low, high]}:
            return not is_blank(found) and _ordered(low) <= _ordered(found) <= _ordered(high)
        case {"contains_any": values}:
            return _contains(found, values)
        case {"contains_none": values}:
            return not _contains(found, values)
        case {"added": values}:
            return bool((_items(found) - _items(other)) & _items(values))
        case {"removed": values}:
            return bool((_items(other) - _items(found)) & _items(values))
        case _:
            return _comparable(exact(state)) == _comparable(found)


def _items(value: JsonValue) -> frozenset[str]:
    found = value if isinstance(value, list) else [] if is_blank(value) else [value]
    return frozenset(map(str, found))


def _contains(found: JsonValue, wanted: JsonValue) -> bool:
    if isinstance(found, list):
        return bool(_items(found) & _items(wanted))
    return any(part.lower() in str(found).lower() for part in _items(wanted)) if not is_blank(found) else False


def _ordered(value: JsonValue) -> tuple[int, Any]:
    """Numbers by their size, moments by their time, and dates by their text, which is in the order of time."""
    text = str(value)
    with suppress(InvalidOperation):
        if (number := Decimal(text)).is_finite():
            return 0, number
    with suppress(UnfitError):
        return 1, scalars.moment(text)
    return 2, text


def _comparable(value: JsonValue) -> object:
    """Lists hold each value once, in no order that means anything. True is no number."""
    match value:
        case list():
            return frozenset(map(str, value))
        case str():
            return value.lower()
        case bool():
            return str(value)
        case _:
            return value


def settled_state(state: JsonValue, name: str, definition: ObjectDefinition) -> JsonValue:
    """The same with its values in the form in which events tell them. Raises FieldValueError."""
    match state:
        case {"between": [low, high]}:
            ends = [_canonical(definition, name, low), _canonical(definition, name, high)]
            return {"between": cast(JsonValue, ends)}
        case dict() if _SEVERAL & state.keys():
            several = {key: cast(list[JsonValue], values) for key, values in state.items()}
            return {key: [_item(definition, name, value) for value in values] for key, values in several.items()}
        case _:
            value = exact(state)
            return state if value is None else {"value": _canonical(definition, name, value)}


def _item(definition: ObjectDefinition, name: str, value: JsonValue) -> JsonValue:
    field = definition.field(name)
    if field is None or not is_list(field):
        return value
    held = field_value(field, [value])
    return held[0] if isinstance(held, list) else held


def _canonical(definition: ObjectDefinition, name: str, value: JsonValue) -> JsonValue:
    field = definition.field(name)
    if field is not None:
        return field_value(field, value)
    try:
        return scalars.uuid_text(value) if name == "owner" else scalars.text(value)
    except UnfitError as unfit:
        raise FieldValueError(name, "owner", value, unfit.sentence(name, value)) from None


def state_problem(state: JsonValue, name: str, definition: ObjectDefinition) -> tuple[str, str] | None:
    """Why the field can never be like that: a code and a sentence."""
    field = definition.field(name)
    for key, (allowed, what) in _ONLY_FOR.items():
        if isinstance(state, dict) and key in state and not (field and allowed(field)):
            return "invalid_value", f"{key} is for {what}, and {name} is none."
    try:
        settled = settled_state(state, name, definition)
    except FieldValueError as error:
        return error.code, error.sentence
    match settled:
        case {"between": [low, high]} if _ordered(low) > _ordered(high):
            return "invalid_value", "between takes the lower value first."
        case _:
            return None


def is_list(field: FieldDefinition) -> bool:
    return field.type in ("checkboxes", "tags", "files", "relationship", "team_selector")


def _is_ordered(field: FieldDefinition) -> bool:
    return "between" in operators_for(field.type)


def _has_parts(field: FieldDefinition) -> bool:
    return is_list(field) or "contains" in operators_for(field.type)


_ONLY_FOR: Mapping[str, tuple[Callable[[FieldDefinition], bool], str]] = {
    "between": (_is_ordered, "numbers and dates"),
    "added": (is_list, "lists"),
    "removed": (is_list, "lists"),
    "contains_any": (_has_parts, "lists and texts"),
    "contains_none": (_has_parts, "lists and texts"),
}
