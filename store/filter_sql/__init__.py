"""Filters on records as conditions in SQL, that answer what `automations/filter_evaluation.py` answers.

A condition is true or false of each record, and null of one whose value is not of the type that its field says: of that one
there is no telling. Values and names of fields are always parameters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from automations.errors import FilterError
from automations.fields import ObjectDefinition
from automations.filter_evaluation import asked
from automations.filters import All, Any_, FieldFilter, Filter, Leaf, RelatedFilter, VariableFilter
from store.filter_sql.leaves import condition_of, held_by
from store.filter_sql.parameters import Parameters
from store.filter_sql.subjects import subject_of, value_of

__all__ = ["LEAF_LIMIT", "Compiler", "Parameters", "value_of"]

LEAF_LIMIT = 500
"""How many leaves a filter may have: Postgres takes some ten thousand parameters in a statement."""


@dataclass
class Compiler:
    """Says filters on records of `definition`, which the statement calls `r`. `objects`, by api name, are those related."""

    definition: ObjectDefinition
    objects: Mapping[str, ObjectDefinition]
    parameters: Parameters = field(default_factory=Parameters)

    def condition(self, filter: Filter) -> str:
        """Three-valued: ask for what `is true`, or for what `is not false`. Raises FilterError as the evaluation would."""
        if sum(1 for _ in _leaves(filter)) > LEAF_LIMIT:
            raise FilterError("filter_too_large", f"A filter may ask for {LEAF_LIMIT} things at once.")
        return self._said(filter)

    def _said(self, filter: Filter) -> str:
        match filter:
            case All():
                return " and ".join(f"({self._said(child)})" for child in filter.all)
            case Any_():
                return " or ".join(f"({self._said(child)})" for child in filter.any)
            case FieldFilter() | RelatedFilter() | VariableFilter():
                return self._leaf(filter)
            case _:
                assert_never(filter)

    def _leaf(self, leaf: Leaf) -> str:
        subject = subject_of(leaf, self.definition, self.objects, self.parameters)
        op, wanted = asked(leaf, subject.type)
        return condition_of(subject, op, wanted, self.parameters)

    def narrowed(self, filter: Filter) -> str:
        """What all records that fit have in common, as the index on values finds it; `true` where there is no saying."""
        leaves = [filter] if isinstance(filter, FieldFilter) else filter.all if isinstance(filter, All) else []
        said = [self._held(leaf) for leaf in leaves if isinstance(leaf, FieldFilter)]
        return " and ".join(each for each in said if each) or "true"

    def _held(self, leaf: FieldFilter) -> str:
        subject = value_of("r", leaf.field, self.definition, Parameters())
        op, wanted = asked(leaf, subject.type)
        held = held_by(subject, op, wanted)
        return f"r.field_values @> any({self.parameters.add(held, 'jsonb[]')})" if held else ""


def _leaves(filter: Filter) -> Iterator[Leaf]:
    match filter:
        case All() | Any_():
            for child in filter.all if isinstance(filter, All) else filter.any:
                yield from _leaves(child)
        case FieldFilter() | RelatedFilter() | VariableFilter():
            yield filter
        case _:
            assert_never(filter)
