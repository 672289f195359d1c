"""Changes that one step could make, and changes that are lost at once."""

from collections.abc import Iterator

from automations.lint.reading import names_read
from automations.lint.subject import Subject, hint, warning
from automations.problems import Problem, at
from automations.steps.base import StepBase, Written
from automations.steps.changes import FieldChange
from automations.steps.fields import ChangeFieldValue, Math
from automations.steps.variables import UpdateVariable

_REPLACING = ("overwrite", "clear")


def merge_changes(subject: Subject) -> Iterator[Problem]:
    for (_, first), (path, second) in subject.neighbours:
        if isinstance(first, ChangeFieldValue) and isinstance(second, ChangeFieldValue) and _are_apart(first, second):
            sentence = f"It follows the changes of {first.id}: one step can make all of them, at once and as one event."
            yield hint(path, "merge_changes", sentence)


def _are_apart(first: StepBase, second: StepBase) -> bool:
    """Whether it makes no difference which of them comes first."""
    written, read = set(first.writes()), names_read(second)
    is_alike = (first.on_error, first.severity) == (second.on_error, second.severity)
    return is_alike and read is not None and not written & (read | set(second.writes()))


def overwritten_at_once(subject: Subject) -> Iterator[Problem]:
    for (_, first), (path, second) in subject.neighbours:
        replaced = set(first.writes()) & _replaced(second)
        read = names_read(second) if replaced else None
        for kind, name in sorted(replaced - read if read is not None else ()):
            sentence = f"It replaces what {first.id} has just set: the {kind} {name}."
            yield warning(path, "overwritten_at_once", sentence)
    for path, step in subject.steps:
        if isinstance(step, ChangeFieldValue):
            yield from _within(step, path)


def _replaced(step: StepBase) -> set[Written]:
    """What a step sets whatever it was."""
    match step:
        case ChangeFieldValue():
            return {("field", change.field) for change in step.changes if _replaces(change)}
        case UpdateVariable(how="overwrite") | Math():
            return set(step.writes())
        case _:
            return set()


def _replaces(change: FieldChange) -> bool:
    """One with a map leaves the field as it is where the map does not have the value."""
    return change.how in _REPLACING and change.mapping is None


def _within(step: ChangeFieldValue, path: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, change in enumerate(step.changes):
        if change.field in seen and _replaces(change):
            sentence = f"It replaces what a change above it sets: the field {change.field}."
            yield warning(at(path, f"changes[{index}]"), "overwritten_at_once", sentence)
        seen.add(change.field)
