"""Which test shows which option of which step type: what `docs/steps.md` is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import pytest

from automations.steps import STEP_TYPES
from automations.steps.base import Need
from automations.steps.options import options_of
from tests.steps.house import Where

T = TypeVar("T", bound=Callable[..., Any])

_EXISTS_IN: dict[Need, Sequence[Where]] = {
    "nothing": ("record", "global"),
    "record": ("record",),
    "contact": ("contact",),
    "stages": ("pipeline",),
}


@dataclass(frozen=True)
class Shown:
    """That a test runs steps of the type with these options in such automations."""

    type: str
    options: tuple[str, ...]
    where: tuple[Where, ...]
    test: str


SHOWN: list[Shown] = []


def contexts_of(step_type: str) -> Sequence[Where]:
    """In which automations such steps exist."""
    return _EXISTS_IN[STEP_TYPES[step_type].needs]


def shows(step_type: str, *options: str, where: Sequence[Where] | None = None) -> Callable[[T], T]:
    """The test below runs such a step through a real execution, once in each of the contexts in which there are such steps.

    It gets `where`, one of them. Options are written as `options_of` says them, and nothing else passes.
    """
    contexts = tuple(where or contexts_of(step_type))

    def mark(test: T) -> T:
        return pytest.mark.parametrize("where", contexts)(also_shows(step_type, *options, where=contexts)(test))

    return mark


def also_shows(step_type: str, *options: str, where: Sequence[Where] | None = None) -> Callable[[T], T]:
    """The same for one more type, or for a test that goes its own way."""
    unknown = set(options) - set(options_of(STEP_TYPES[step_type]))
    assert not unknown, f"{step_type} has no option {', '.join(sorted(unknown))}"
    contexts = tuple(where or contexts_of(step_type))
    assert set(contexts) <= set(get_args(Where))

    def mark(test: T) -> T:
        module = test.__module__.replace("tests.", "", 1).replace(".", "/")
        SHOWN.append(Shown(step_type, options, contexts, f"{module}.py::{test.__name__}"))
        return test

    return mark
