"""Which fields and variables a step reads."""

from collections.abc import Iterator
from typing import Any

from automations.filters import FieldFilter, VariableFilter
from automations.needs import parts_of
from automations.sources import FieldSource, VariableSource
from automations.steps.base import StepBase, Written
from automations.steps.uses import FieldUse, HopUse, Own, VariableUse
from automations.templates import InvalidTemplateError, references


def names_read(step: StepBase) -> frozenset[Written] | None:
    """Of its own record and of the variables; None where a text reads all of them. The steps on its paths read for themselves."""
    own = step.alone()
    names = [name for _, text in own.templates() for name in _references(text)]
    if any(name in (("variables",), ("record",)) for name in names):
        return None
    kinds = {"variables": "variable", "record": "field"}
    in_texts: set[Written] = {(kinds[name[0]], name[1]) for name in names if name[0] in kinds}  # pyright: ignore[reportAssignmentType]
    return frozenset(in_texts | {read for part in parts_of(own) for read in _named(part)} | set(_used(own)))


def _named(part: Any) -> Iterator[Written]:
    match part:
        case FieldSource() | FieldFilter():
            yield "field", getattr(part, "through", None) or part.field
        case VariableSource() | VariableFilter():
            yield "variable", part.variable
        case _:
            return


def _used(step: StepBase) -> Iterator[Written]:
    for use in step.uses():
        match use:
            case FieldUse(written=False, whose=Own(), name=name):
                yield "field", name
            case VariableUse(written=False, name=name):
                yield "variable", name
            case HopUse(hops=[str(name), *_]):
                yield "field", name
            case _:
                continue


def _references(text: str) -> frozenset[tuple[str, ...]]:
    try:
        return references(text)
    except InvalidTemplateError:
        return frozenset()
