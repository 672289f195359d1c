"""What a step reads beyond its own record, so that it can be fetched before the step runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from automations.filters import RelatedFilter
from automations.sources import FieldSource, WebhookSource
from automations.steps.base import StepBase
from automations.templates import InvalidTemplateError, references


@dataclass(frozen=True)
class Needs:
    """The relationships that are followed, `owner` among them, and whether the body of the webhook is read."""

    relationships: frozenset[str]
    body: bool


def step_needs(step: StepBase) -> Needs:
    """Of this step alone: the steps on its paths have needs of their own."""
    own = step.alone()
    parts = list(_parts(own))
    names = {part.through for part in parts if isinstance(part, FieldSource) and part.through}
    names |= {part.related.split(".")[0] for part in parts if isinstance(part, RelatedFilter)}
    read = set(_names_read(own))
    names |= {name[1] for name in read if len(name) > 2 and name[0] == "record"}
    body = any(isinstance(part, WebhookSource) and part.body for part in parts)
    return Needs(frozenset(names), body or any(name[:2] == ("trigger", "body") for name in read))


def _names_read(step: StepBase) -> Iterator[tuple[str, ...]]:
    for _, text in step.templates():
        try:
            yield from references(text)
        except InvalidTemplateError:
            continue  # the step says so itself, when it renders the text


def _parts(value: Any) -> Iterator[Any]:
    match value:
        case BaseModel():
            yield value
            for name in type(value).model_fields:
                yield from _parts(getattr(value, name))
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType]
                yield from _parts(item)
        case _:
            return
