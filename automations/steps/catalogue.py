"""The types of steps that there are, as their models say it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from inspect import getdoc
from typing import Any, Literal, cast

from pydantic import BaseModel

from automations.nesting import LANES, PATH_KEYS
from automations.steps import STEP_TYPES
from automations.steps.base import Need, StepBase

Context = Literal["record", "global"]
Objects = Literal["any", "contacts", "with_stages"]
_OBJECTS: Mapping[Need, Objects] = {"nothing": "any", "record": "any", "contact": "contacts", "stages": "with_stages"}
_BELOW = {"type": "array", "items": {"type": "object", "description": "A step of any type."}}


class StepType(BaseModel):
    """`contexts`: automations with an object, and those without. `objects`: of which objects the records may be. `paths`: the
    lists of steps below it. `reaches_outside`: it calls other systems, so that a dry run takes an answer for it.

    `options` is the JSON Schema of such a step without that of the steps below it.
    """

    type: str
    description: str
    contexts: list[Context]
    objects: Objects
    paths: list[str]
    reaches_outside: bool
    options: dict[str, Any]


@lru_cache(maxsize=1)
def step_types() -> list[StepType]:
    """All that may stand among the steps."""
    return [_described(type, model) for type, model in STEP_TYPES.items()]


def _described(type: str, model: type[StepBase]) -> StepType:
    contexts: list[Context] = ["record"] if model.needs != "nothing" else ["record", "global"]
    description = (getdoc(model) or "").split("\n\n")[0].replace("\n", " ")
    return StepType(
        type=type, description=description, contexts=contexts, objects=_OBJECTS[model.needs],
        reaches_outside=model.reaches_outside(), paths=[key for key in (*PATH_KEYS, LANES) if key in model.model_fields],
        options=_own_schema(model) | {"description": description},
    )  # fmt: skip


def _own_schema(model: type[StepBase]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    parts: dict[str, Any] = schema.pop("$defs", {})
    if "$ref" in schema:  # a step that may stand below itself
        schema = parts[schema["$ref"].removeprefix("#/$defs/")]
    for holder in (schema, *parts.values()):
        properties = holder.get("properties", {})
        properties.update({key: _BELOW for key in (*PATH_KEYS, "steps") if key in properties})
    used = _used(schema, parts)
    return schema | ({"$defs": {name: part for name, part in parts.items() if name in used}} if used else {})


def _used(schema: dict[str, Any], parts: dict[str, Any]) -> set[str]:
    """The parts that a schema refers to, directly or by others."""
    used, waiting = set[str](), [schema]
    while waiting:
        fresh = {name for name in _references(waiting.pop()) if name not in used}
        used |= fresh
        waiting += [parts[name] for name in fresh]
    return used


def _references(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, item in cast(dict[str, object], value).items():
                if key == "$ref":
                    yield str(item).removeprefix("#/$defs/")
                else:
                    yield from _references(item)
        case list():
            for item in cast(list[object], value):
                yield from _references(item)
        case _:
            return
