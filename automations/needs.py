"""What a step reads beyond its own record, so that it can be fetched before the step runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from automations.event_triggers import ActivityOverdue
from automations.filters import Filter, RelatedFilter
from automations.sources import FieldSource, VariableSource, WebhookSource
from automations.steps.base import StepBase
from automations.steps.uses import Behind, FieldUse
from automations.templates import InvalidTemplateError, references

_OF_CALLS = {("trigger", "body"), ("trigger", "query"), ("trigger", "raw")}


@dataclass(frozen=True)
class Needs:
    """The relationships that are followed, `owner` among them; whether body, query or raw body of the call is read, and whether
    the scheduled crm activities are; the secrets by name; the variables whose records are read."""

    relationships: frozenset[str]
    body: bool
    activities: bool = False
    secrets: frozenset[str] = frozenset()
    record_variables: frozenset[str] = frozenset()


def step_needs(step: StepBase) -> Needs:
    """Of this step alone: the steps on its paths have needs of their own."""
    own = step.alone()
    parts = list(parts_of(own))
    names = {part.through for part in parts if isinstance(part, FieldSource) and part.through}
    names |= {part.related.split(".")[0] for part in parts if isinstance(part, RelatedFilter)}
    names |= set(_hops_to_fields(own))
    read = set(_names_read(own))
    names |= {name[1] for name in read if len(name) > 2 and name[0] == "record"}
    body = any(isinstance(part, WebhookSource) and part.part for part in parts)
    activities = any(isinstance(part, ActivityOverdue) for part in parts)
    secrets = frozenset(name[1] for name in read if name[0] == "secrets" and len(name) > 1)
    variables = frozenset(part.variable for part in parts if isinstance(part, VariableSource) and part.field)
    return Needs(frozenset(names), body or any(name[:2] in _OF_CALLS for name in read), activities, secrets, variables)


def _hops_to_fields(step: StepBase) -> Iterator[str]:
    """The relationships behind which it reads a field."""
    for use in step.uses():
        match use:
            case FieldUse(whose=Behind(hops=[str(hop)])):
                yield hop
            case _:
                continue


def text_needs(texts: Iterable[str]) -> Needs:
    """Of texts that are no part of a step, such as those of a template."""
    read = {name for text in texts for name in _names_in(text)}
    relationships = frozenset(name[1] for name in read if len(name) > 2 and name[0] == "record")
    return Needs(relationships, any(name[:2] in _OF_CALLS for name in read))


def filter_needs(filters: Iterable[Filter]) -> frozenset[str]:
    """The relationships that they follow."""
    return frozenset(part.related.split(".")[0] for part in parts_of(list(filters)) if isinstance(part, RelatedFilter))


def _names_read(step: StepBase) -> Iterator[tuple[str, ...]]:
    return (name for _, text in step.templates() for name in _names_in(text))


def _names_in(text: str) -> Iterator[tuple[str, ...]]:
    try:
        yield from references(text)
    except InvalidTemplateError:
        return  # the step says so itself, when it renders the text


def parts_of(value: Any) -> Iterator[Any]:
    """Every model in a value, the outer ones first."""
    match value:
        case BaseModel():
            yield value
            for name in type(value).model_fields:
                yield from parts_of(getattr(value, name))
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType]
                yield from parts_of(item)
        case _:
            return
