"""The types of triggers that there are, as their models say it."""

from functools import lru_cache
from inspect import getdoc
from typing import Any, Literal, get_args

from pydantic import BaseModel

from automations.event_triggers import AnyEventTrigger, EventTrigger
from automations.triggers import AnyTrigger, Trigger

Context = Literal["record", "global"]


class TriggerType(BaseModel):
    """`contexts`: automations with an object, and those without. `in_goals`: whether a goal may wait for it too."""

    type: str
    description: str
    contexts: list[Context]
    in_goals: bool
    options: dict[str, Any]


@lru_cache(maxsize=1)
def trigger_types() -> list[TriggerType]:
    """In the order in which people look for them."""
    in_goals = {_type(model) for model in get_args(AnyEventTrigger)}
    return [_described(model, _type(model) in in_goals) for model in get_args(AnyTrigger)]


def _type(model: type[BaseModel]) -> str:
    return model.model_fields["type"].default


def _described(model: type[Trigger], in_goals: bool) -> TriggerType:
    contexts: list[Context] = ["record"] if issubclass(model, EventTrigger) else ["record", "global"]
    description = (getdoc(model) or "").split("\n\n")[0].replace("\n", " ")
    return TriggerType(
        type=_type(model), description=description, contexts=contexts, in_goals=in_goals,
        options=model.model_json_schema(by_alias=True) | {"description": description},
    )  # fmt: skip
