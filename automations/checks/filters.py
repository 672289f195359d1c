"""Checks of filters, silent about leaves that speak of what could not be read."""

from collections.abc import Iterator

from automations.checks.draft import Draft
from automations.checks.sources import is_fixed
from automations.fields import ObjectDefinition
from automations.filter_problems import filter_problems
from automations.filters import Filter, VariableFilter, leaves_of
from automations.problems import Problem


def problems_of_condition(draft: Draft, filter: Filter, path: str) -> Iterator[Problem]:
    """Inside an execution, which has variables."""
    types = {name: kind for name, kind in draft.variable_types.items() if kind is not None}
    silent = tuple(_unclear_leaves(draft, filter, path))
    for found in filter_problems(filter, draft.definition, types, path, objects=draft.objects):
        if not found.path.startswith(silent):
            yield Problem(path=found.path, code=found.code, sentence=found.sentence)


def problems_of_record_filter(
    draft: Draft, filter: Filter | None, path: str, definition: ObjectDefinition | None, *, renders: bool = False
) -> Iterator[Problem]:
    """Of a filter on records alone, without variables; silent without the definition of their object.

    With `renders` the texts in its values may hold `{{ … }}`.
    """
    if filter is None or definition is None:
        return
    silent = frozenset(_rendered_values(filter, path)) if renders else frozenset[str]()
    for found in filter_problems(filter, definition, {}, path, objects=draft.objects):
        if found.path not in silent:
            yield Problem(path=found.path, code=found.code, sentence=found.sentence)


def _unclear_leaves(draft: Draft, filter: Filter, path: str) -> Iterator[str]:
    """The beginnings of the paths of leaves that speak of what could not be read."""
    for place, leaf in leaves_of(filter, path):
        if isinstance(leaf, VariableFilter):
            is_known = leaf.variable in draft.variable_types
            if draft.variable_types.get(leaf.variable) is None and (is_known or not draft.can_tell_variables):
                yield f"{place}."
        elif not draft.can_tell_fields:
            yield f"{place}."


def _rendered_values(filter: Filter, path: str) -> Iterator[str]:
    """The places of those that nobody knows before they are rendered."""
    return (f"{place}.value" for place, leaf in leaves_of(filter, path) if not is_fixed(leaf.value))
