"""Answering a filter from values, and saying what was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from pydantic import JsonValue

from automations.errors import FilterError
from automations.filters import All, Any_, FieldFilter, Filter, Leaf, RelatedFilter, VariableFilter
from automations.operators import is_match, operand, operator_name, operators_for
from automations.scalars import UnfitError


@dataclass(frozen=True)
class Typed:
    """A canonical value and its type: of a field, of a variable, of a list variable (`number[]`), or `stage`."""

    type: str
    value: JsonValue


class FilterValues(Protocol):
    """Where the values come from. Each raises FilterError for a name that it does not know."""

    def field(self, name: str, /) -> Typed: ...

    def variable(self, name: str, /) -> Typed: ...

    def related(self, path: str, /) -> Typed: ...


@dataclass(frozen=True)
class UsedValue:
    """One leaf that was looked at: `ref` is "field country", "variable seats" or "related company.tier"."""

    ref: str
    op: str
    wanted: JsonValue
    found: JsonValue
    matched: bool


@dataclass(frozen=True)
class Evaluation:
    """The answer and the leaves that led to it, in order; leaves after the answer was certain are not among them."""

    matched: bool
    used: tuple[UsedValue, ...]


def evaluate(filter: Filter, values: FilterValues) -> Evaluation:
    """Raises FilterError and nothing else: an unknown name or operator, a value that does not fit."""
    match filter:
        case All():
            return _until(False, filter.all, values)
        case Any_():
            return _until(True, filter.any, values)
        case FieldFilter() | VariableFilter() | RelatedFilter():
            used = _used(filter, values)
            return Evaluation(used.matched, (used,))
        case _:
            assert_never(filter)


def _until(decisive: bool, filters: Iterable[Filter], values: FilterValues) -> Evaluation:
    used: tuple[UsedValue, ...] = ()
    for filter in filters:
        evaluation = evaluate(filter, values)
        used += evaluation.used
        if evaluation.matched is decisive:
            return Evaluation(decisive, used)
    return Evaluation(not decisive, used)


def _used(leaf: Leaf, values: FilterValues) -> UsedValue:
    typed = _typed(leaf, values)
    op, wanted = asked(leaf, typed.type)
    try:
        matched = is_match(typed.type, op, typed.value, wanted)
    except UnfitError as unfit:
        raise _unfit(unfit, f"What {leaf.ref} holds", typed.value) from None
    return UsedValue(leaf.ref, op, leaf.value, typed.value, matched)


def asked(leaf: Leaf, type: str) -> tuple[str, Any]:
    """The operator of a leaf about this type, and its `operand`. Raises FilterError."""
    op = _operator(leaf, type)
    try:
        return op, operand(type, op, leaf.value)
    except UnfitError as unfit:
        raise _unfit(unfit, f"The value of {leaf.ref} {op}", leaf.value) from None


def _typed(leaf: Leaf, values: FilterValues) -> Typed:
    match leaf:
        case FieldFilter():
            return values.field(leaf.field)
        case VariableFilter():
            return values.variable(leaf.variable)
        case RelatedFilter():
            return values.related(leaf.related)
        case _:
            assert_never(leaf)


def _operator(leaf: Leaf, type: str) -> str:
    op = operator_name(leaf.op)
    allowed = operators_for(type)
    if op is None or op not in allowed:
        raise FilterError("unknown_operator", unknown_operator(leaf, type))
    return op


def unknown_operator(leaf: Leaf, type: str) -> str:
    """The sentence about an operator that the type does not have."""
    allowed = ", ".join(sorted(operators_for(type))) or "none"
    return f"{leaf.ref} is of type {type}, which has no operator {leaf.op!r}; it has: {allowed}."


def _unfit(unfit: UnfitError, subject: str, value: object) -> FilterError:
    return FilterError("invalid_filter_value", unfit.sentence(subject, value))
