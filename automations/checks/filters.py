"""Checks of filters, silent about leaves that speak of what could not be read."""

from collections.abc import Iterator

from automations.checks.draft import Draft
from automations.fields import ObjectDefinition
from automations.filter_problems import filter_problems
from automations.filters import All, Any_, FieldFilter, Filter, RelatedFilter, VariableFilter
from automations.problems import Problem


def problems_of_condition(draft: Draft, filter: Filter, path: str) -> Iterator[Problem]:
    """Inside an execution, which has variables."""
    types = {name: kind for name, kind in draft.variable_types.items() if kind is not None}
    silent = tuple(_unclear_leaves(draft, filter, path))
    for found in filter_problems(filter, draft.definition, types, path, objects=draft.objects):
        if not found.path.startswith(silent):
            yield Problem(path=found.path, code=found.code, sentence=found.sentence)


def problems_of_record_filter(
    draft: Draft, filter: Filter | None, path: str, definition: ObjectDefinition | None
) -> Iterator[Problem]:
    """Of a filter on records alone, without variables; silent without the definition of their object."""
    if filter is None or definition is None:
        return
    for found in filter_problems(filter, definition, {}, path, objects=draft.objects):
        yield Problem(path=found.path, code=found.code, sentence=found.sentence)


def _unclear_leaves(draft: Draft, filter: Filter, path: str) -> Iterator[str]:
    """The beginnings of the paths of leaves that speak of what could not be read."""
    match filter:
        case All():
            for index, child in enumerate(filter.all):
                yield from _unclear_leaves(draft, child, f"{path}.all[{index}]")
        case Any_():
            for index, child in enumerate(filter.any):
                yield from _unclear_leaves(draft, child, f"{path}.any[{index}]")
        case FieldFilter() | RelatedFilter():
            if not draft.can_tell_fields:
                yield f"{path}."
        case VariableFilter():
            is_known = filter.variable in draft.variable_types
            if draft.variable_types.get(filter.variable) is None and (is_known or not draft.can_tell_variables):
                yield f"{path}."
