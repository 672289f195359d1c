"""Filters: the questions of conditions, triggers, goals and record search.

    {"all": [{"variable": "seats", "op": ">=", "value": 50},
             {"any": [{"field": "country", "op": "is_any_of", "value": ["DE", "AT"]},
                      {"related": "company.tier", "op": "is_not_blank"}]}]}

A filter is a group, `all` or `any` of other filters, or a leaf about a `field`, a `variable` or a field of a `related`
record. A leaf's value is a constant. Which operators there are and what they mean is in `operators`; `filter_problems`
checks a filter before it is saved, `filter_evaluation` answers it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, TypeAlias, assert_never, cast

from pydantic import BaseModel, Field, JsonValue, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from automations.model import Model
from automations.operators import ALIASES

DEPTH_LIMIT = 5
"""How deep groups may stand in groups."""

_PARSED_DEPTH_LIMIT = 32  # so that filter_problems may name the place, and parsing still ends


_Op = Annotated[str, Field(max_length=50)]


class FieldFilter(Model):
    """About a field, or one of the record's own: stage, owner, name, created_at, updated_at."""

    field: str = Field(min_length=1, max_length=63)
    op: _Op
    value: JsonValue = None

    @property
    def ref(self) -> str:
        return f"field {self.field}"


class VariableFilter(Model):
    variable: str = Field(min_length=1, max_length=63)
    op: _Op
    value: JsonValue = None

    @property
    def ref(self) -> str:
        return f"variable {self.variable}"


class RelatedFilter(Model):
    """About a field of the record that a relationship field leads to: `company.tier`."""

    related: str = Field(pattern=r"^[a-z0-9_]{1,63}\.[a-z0-9_]{1,63}$")
    op: _Op
    value: JsonValue = None

    @property
    def ref(self) -> str:
        return f"related {self.related}"


class All(Model):
    all: list["Filter"] = Field(min_length=1)


class Any_(Model):  # noqa: N801 (typing has the name)
    any: list["Filter"] = Field(min_length=1)


Leaf: TypeAlias = FieldFilter | VariableFilter | RelatedFilter

_MODELS: Mapping[str, type[Model]] = {
    "all": All,
    "any": Any_,
    "field": FieldFilter,
    "variable": VariableFilter,
    "related": RelatedFilter,
}


def _parsed(raw: object, _: ValidatorFunctionWrapHandler) -> Any:
    """The one model that the keys ask for: a union would report a wrong leaf once for each model."""
    if isinstance(raw, tuple(_MODELS.values())):
        return raw
    model = next((model for key, model in _MODELS.items() if key in _object(raw)), None)
    if model is None:
        raise PydanticCustomError("filter_kind", "A filter has one of the keys all, any, field, variable, related.")
    if _is_deeper(raw, _PARSED_DEPTH_LIMIT):
        raise PydanticCustomError("filter_too_deep", "Groups stand too deep in each other.")
    return model.model_validate(raw)


def _object(raw: object) -> Mapping[object, object]:
    return cast(Mapping[object, object], raw) if isinstance(raw, Mapping) else {}


Filter: TypeAlias = Annotated[
    All | Any_ | FieldFilter | VariableFilter | RelatedFilter,
    WrapValidator(_parsed),
]

All.model_rebuild()
Any_.model_rebuild()


def _is_deeper(raw: object, limit: int) -> bool:
    layer = [raw]
    for _ in range(limit):
        layer = [child for group in layer for child in _children(group)]
    return any(True for group in layer for _ in _children(group))


def _children(group: object) -> Iterator[object]:
    keys = _object(dict(group) if isinstance(group, BaseModel) else group)
    for children in (keys.get("all"), keys.get("any")):
        yield from cast(list[object], children) if isinstance(children, list) else ()


def leaves_of(filter: Filter, path: str) -> Iterator[tuple[str, Leaf]]:
    """Each leaf of a filter that stands at `path`, with its place."""
    match filter:
        case All():
            for index, child in enumerate(filter.all):
                yield from leaves_of(child, f"{path}.all[{index}]")
        case Any_():
            for index, child in enumerate(filter.any):
                yield from leaves_of(child, f"{path}.any[{index}]")
        case FieldFilter() | VariableFilter() | RelatedFilter():
            yield path, filter
        case _:
            assert_never(filter)


def with_values(filter: Filter, value_of: Callable[[JsonValue], JsonValue]) -> Filter:
    """The same filter with other values in its leaves."""
    match filter:
        case All():
            return filter.model_copy(update={"all": [with_values(child, value_of) for child in filter.all]})
        case Any_():
            return filter.model_copy(update={"any": [with_values(child, value_of) for child in filter.any]})
        case FieldFilter() | VariableFilter() | RelatedFilter():
            return filter.model_copy(update={"value": value_of(filter.value)})
        case _:
            assert_never(filter)


def describe_filter(filter: Filter) -> str:
    """One readable line: `seats >= 50 and (country is any of DE, AT or company.tier is not blank)`."""
    match filter:
        case All():
            return " and ".join(_member(child, len(filter.all)) for child in filter.all)
        case Any_():
            return " or ".join(_member(child, len(filter.any)) for child in filter.any)
        case FieldFilter() | VariableFilter() | RelatedFilter():
            return _described_leaf(filter)
        case _:
            assert_never(filter)


def _member(filter: Filter, siblings: int) -> str:
    text = describe_filter(filter)
    return f"({text})" if isinstance(filter, All | Any_) and siblings > 1 else text


_WORDS = {
    "not_contains": "does not contain",
    "not_starts_with": "does not start with",
    "not_ends_with": "does not end with",
    "month_equals": "is in month",
    "has_not": "does not have",
    "has_any": "has any of",
    "has_none": "has none of",
    "has_all": "has all of",
}


def _described_leaf(leaf: Leaf) -> str:
    name = leaf.ref.split(" ", 1)[1]
    op = ALIASES.get(leaf.op, leaf.op)
    if op in ("is_blank", "is_not_blank"):
        is_asked = leaf.value not in (False, "false", "no")
        return _line(f"{name} {'is blank' if (op == 'is_blank') is is_asked else 'is not blank'}")
    separator = " and " if op == "between" else ", "
    return _line(f"{name} {_WORDS.get(op, op.replace('_', ' '))} {_value(leaf.value, separator)}")


def _value(value: JsonValue, separator: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return separator.join(_value(item, ", ") for item in value)
    return _json(value)


def _json(value: JsonValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # an integer of thousands of digits, a very deep object
        return "…"


def _line(text: str) -> str:
    """Without line breaks and without what cannot be stored or sent as UTF-8."""
    line = " ".join(text.replace("\0", " ").split())
    return line.encode(errors="replace").decode()
