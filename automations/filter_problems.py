"""Checking a filter before it is saved: all that is wrong with it, each with its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from automations.errors import FieldValueError
from automations.field_values import field_value
from automations.fields import (
    ChoiceField,
    FieldDefinition,
    ObjectDefinition,
    PlainField,
    RelationshipField,
    TeamSelectorField,
)
from automations.filter_evaluation import unknown_operator
from automations.filters import (
    DEPTH_LIMIT,
    All,
    Any_,
    FieldFilter,
    Filter,
    Leaf,
    RelatedFilter,
    VariableFilter,
)
from automations.operators import POSITIVES, operand, operator_name, operators_for
from automations.scalars import UnfitError, items


@dataclass(frozen=True)
class FilterProblem:
    """`path` is the place in the document: `steps[2].if.all[0].field`; codes as in FilterError, and filter_too_deep."""

    path: str
    code: str
    sentence: str


@dataclass(frozen=True)
class _Scope:
    """What a filter may speak of."""

    definition: ObjectDefinition | None
    variables: Mapping[str, str]
    objects: Mapping[str, ObjectDefinition]


@dataclass(frozen=True)
class _Subject:
    """What a leaf is about; its field, where its values are limited by more than the type."""

    type: str
    field: FieldDefinition | None = None


class _UnknownError(Exception):
    """A leaf is about nothing that exists."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def filter_problems(
    filter: Filter,
    definition: ObjectDefinition | None,
    variables: Mapping[str, str],
    path: str,
    *,
    objects: Mapping[str, ObjectDefinition] | None = None,
) -> list[FilterProblem]:
    """All the problems of a filter on records of `definition` (None: there is no record).

    `variables` holds variable types, of a list variable as `number[]`. Fields of related records are checked if
    `objects`, by api name, has their object.
    """
    return list(_problems(filter, _Scope(definition, variables, objects or {}), path, 1))


def _problems(filter: Filter, scope: _Scope, path: str, depth: int) -> Iterator[FilterProblem]:
    match filter:
        case All():
            yield from _group_problems("all", filter.all, scope, path, depth)
        case Any_():
            yield from _group_problems("any", filter.any, scope, path, depth)
        case FieldFilter() | VariableFilter() | RelatedFilter():
            yield from _leaf_problems(filter, scope, path)
        case _:
            assert_never(filter)


def _group_problems(key: str, filters: Sequence[Filter], scope: _Scope, path: str, depth: int) -> Iterator[FilterProblem]:
    if depth > DEPTH_LIMIT:
        yield FilterProblem(path, "filter_too_deep", f"Groups may stand {DEPTH_LIMIT} deep in each other.")
        return
    for index, child in enumerate(filters):
        yield from _problems(child, scope, f"{_at(path, key)}[{index}]", depth + 1)


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _leaf_problems(leaf: Leaf, scope: _Scope, path: str) -> Iterator[FilterProblem]:
    try:
        subject = _subject(leaf, scope)
    except _UnknownError as unknown:
        yield FilterProblem(_at(path, leaf.ref.split(" ")[0]), unknown.code, unknown.sentence)
        subject = None
    op = operator_name(leaf.op)
    if subject is None:
        if op is None:
            yield FilterProblem(_at(path, "op"), "unknown_operator", f"There is no operator {leaf.op!r}.")
    elif op is None or op not in operators_for(subject.type):
        yield FilterProblem(_at(path, "op"), "unknown_operator", unknown_operator(leaf, subject.type))
    elif sentence := _operand_problem(leaf, op, subject):
        yield FilterProblem(_at(path, "value"), "invalid_filter_value", sentence)


def _subject(leaf: Leaf, scope: _Scope) -> _Subject | None:
    """None for a field of a related object that is not at hand."""
    match leaf:
        case FieldFilter():
            return _of_record(leaf.field, scope.definition)
        case VariableFilter():
            if leaf.variable not in scope.variables:
                raise _UnknownError("unknown_variable", f"There is no variable {leaf.variable}.")
            return _Subject(scope.variables[leaf.variable])
        case RelatedFilter():
            return _of_related(leaf.related, scope)
        case _:
            assert_never(leaf)


def _of_record(name: str, definition: ObjectDefinition | None) -> _Subject:
    if definition is None:
        raise _UnknownError("unknown_field", f"There is no record here that could have a field {name}.")
    if name == "stage":
        options = ChoiceField(name=name, type="dropdown", options=definition.stages) if definition.stages else None
        return _Subject("stage", options)
    found = _ATTRIBUTES.get(name) or definition.field(name)
    if found is None:
        raise _UnknownError("unknown_field", f"{definition.api_name} has no field {name}.")
    return _Subject(found.type, found)


_ATTRIBUTES: Mapping[str, FieldDefinition] = {
    "name": PlainField(name="name", type="text"),
    "owner": TeamSelectorField(name="owner", type="team_selector"),
    "created_at": PlainField(name="created_at", type="datetime"),
    "updated_at": PlainField(name="updated_at", type="datetime"),
}


def _of_related(path: str, scope: _Scope) -> _Subject | None:
    relationship, name = path.split(".")
    definition = scope.definition
    found = definition.field(relationship) if definition else None
    if not isinstance(found, RelationshipField):
        whose = definition.api_name if definition else "There is no record here, so it"
        raise _UnknownError("unknown_field", f"{whose} has no relationship field {relationship}.")
    return _of_record(name, scope.objects[found.object]) if found.object in scope.objects else None


def _operand_problem(leaf: Leaf, op: str, subject: _Subject) -> str | None:
    try:
        operand(subject.type, op, leaf.value)
        if subject.field and _takes_whole_values(subject.type, op):
            for value in items(leaf.value):
                field_value(subject.field, value)
    except UnfitError as unfit:
        return unfit.sentence(f"The value of {leaf.ref} {op}", leaf.value)
    except FieldValueError as error:
        return error.sentence
    return None


def _takes_whole_values(type: str, op: str) -> bool:
    """Whether the operand could stand in the field: not a piece of a text, a month, or a number of files."""
    positive = POSITIVES.get(op, op)
    if positive in ("is_blank", "month_equals", "starts_with", "ends_with"):
        return False
    return type != "files" and (positive != "contains" or type == "relationship")
