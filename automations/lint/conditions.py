"""Conditions that decide nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from automations.lint.subject import Subject, warning
from automations.problems import Problem, at
from automations.steps.base import StepBase
from automations.steps.control import Condition, GoToStep


def empty_paths(subject: Subject) -> Iterator[Problem]:
    for path, step in _conditions(subject):
        if not step.if_yes and not step.if_no:
            yield warning(path, "empty_paths", "Nothing stands on either path: whatever the answer is, the same follows.")


def same_paths(subject: Subject) -> Iterator[Problem]:
    for path, step in _conditions(subject):
        if step.if_yes and _said(step.if_yes) == _said(step.if_no):
            yield warning(path, "same_paths", "Both paths do the same: whatever the answer is, it makes no difference.")


def repeated_condition(subject: Subject) -> Iterator[Problem]:
    """Of a condition that is asked again before anything could change."""
    for path, step in _conditions(subject):
        for name, below in step.paths().items():
            first = below[0] if below else None
            if isinstance(first, Condition) and first.condition == step.condition and first.id not in subject.targets:
                sentence = f"The same was asked by {step.id} right before: the answer is {name} here."
                yield warning(f"{at(path, step.path_at(name))}[0].if", "repeated_condition", sentence)


def _conditions(subject: Subject) -> Iterator[tuple[str, Condition]]:
    for path, step in subject.steps:
        if isinstance(step, Condition) and not step.skip:
            yield path, step


def _said(steps: Sequence[StepBase]) -> Any:
    """What steps say, by whatever ids."""
    if any(isinstance(step, GoToStep) for step in steps):
        return [step.id for step in steps]
    return _without_ids([step.model_dump(mode="json", by_alias=True, exclude_unset=True) for step in steps])


def _without_ids(value: Any) -> Any:
    match value:
        case Mapping():
            said = cast(Mapping[str, Any], value)
            return {key: _without_ids(item) for key, item in said.items() if key not in ("id", "description")}
        case list():
            return [_without_ids(item) for item in cast(list[Any], value)]
        case _:
            return value
