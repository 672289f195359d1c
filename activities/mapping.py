"""Values that become others, as the entries of a change's `map` say."""

from typing import Any

from activities.situation import Situation
from automations.operators import comparable
from automations.scalars import UnfitError, items
from automations.sources import FieldSource, Source, VariableSource
from automations.steps.changes import MapEntry


def mapped(entries: list[MapEntry], source: Source | None, raw: Any, situation: Situation) -> list[Any]:
    """What there is an entry for, each of a list for itself; each text in it filled in."""
    kind = _type_of(source, situation)
    known: dict[Any, MapEntry] = {}
    for entry in entries:
        for value in entry.values:
            known.setdefault(_compared(kind, value), entry)
    found = [known.get(_compared(kind, item)) for item in items(raw) if item is not None]
    named = [each for entry in found if entry is not None for each in items(situation.render_inside(entry.to))]
    return [each for index, each in enumerate(named) if each not in named[:index]]


def _compared(kind: str | None, value: Any) -> Any:
    try:
        return comparable(kind, value)
    except UnfitError:
        return object()  # which nothing is equal to


def _type_of(source: Source | None, situation: Situation) -> str | None:
    """None where what it gives has none: of a call, of an event, a fixed value."""
    match source:
        case FieldSource(through=None):
            return situation.typed(source.field).type
        case FieldSource():
            record = situation.related_record(source.through or "")
            return record.typed(source.field).type if record else None
        case VariableSource(field=None):
            return situation.plan.variables[source.variable][0]
        case VariableSource():
            record = situation.record_of_variable(source.variable)
            return record.typed(source.field or "").type if record else None
        case _:
            return None
