"""The options of a step type, as its model says them: each with the forms and values that it takes."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from automations.event_triggers import EventTrigger
from automations.filters import All, Any_, FieldFilter
from automations.sources import StaticSource
from automations.steps.base import StepBase
from automations.steps.lengths import Length

_WHOLE: tuple[type, ...] = (EventTrigger, All, Any_, FieldFilter, StaticSource, Length)
"""Parts that many steps share, and that are told of in one place."""

COMMON = frozenset(StepBase.model_fields)
"""What every step takes."""


def options_of(model: type[StepBase]) -> list[str]:
    """By path, as in `changes.from`; with a value where there are some to choose from: `changes.how=add`."""
    return list(dict.fromkeys(_of(model, "", COMMON)))


def _of(model: type[BaseModel], path: str, left_out: frozenset[str] = frozenset()) -> Iterator[str]:
    for name, info in model.model_fields.items():
        if name not in left_out and not _holds_steps(info.annotation):
            yield from _forms(info.annotation, f"{path}{_key(name, info)}")


def _key(name: str, info: FieldInfo) -> str:
    return str(info.alias or name)


def _forms(annotation: Any, path: str) -> Iterator[str]:
    """What an option of that type may look like."""
    origin, arms = get_origin(annotation), get_args(annotation)
    if origin is Annotated or origin is list:
        yield from _forms(arms[0], path)
    elif origin is Literal:
        yield from (f"{path}={value}" for value in arms)
    elif origin in (Union, UnionType):
        yield from _alternatives([arm for arm in arms if arm is not NoneType], path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and not issubclass(annotation, _WHOLE):
        yield from _of(annotation, f"{path}.")
    else:
        yield path


def _alternatives(arms: list[Any], path: str) -> Iterator[str]:
    if any(_is_whole(arm) for arm in arms):
        yield path
        return
    for arm in arms:
        yield from _forms(arm, path)


def _is_whole(arm: Any) -> bool:
    plain = get_args(arm)[0] if get_origin(arm) is Annotated else arm
    return isinstance(plain, type) and issubclass(plain, _WHOLE)


def _holds_steps(annotation: Any) -> bool:
    """On paths and in lanes: those speak for themselves."""
    if isinstance(annotation, type):
        return issubclass(annotation, StepBase)
    return any(_holds_steps(arm) for arm in get_args(annotation))
