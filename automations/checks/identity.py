"""Checks of the document as a whole: its ids, its triggers, its object."""

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from automations.checks.draft import Draft, UnreadStep, UnreadTrigger
from automations.problems import Problem, at
from automations.steps.variables import InitializeVariable
from automations.triggers import Trigger, WebhookTrigger

K = TypeVar("K", bound=Hashable)


def unknown_objects(draft: Draft) -> Iterator[Problem]:
    if draft.object is not None and draft.definition is None:
        yield Problem(path="object", code="unknown_object", sentence=f"There is no object {draft.object}.")


def duplicate_ids(draft: Draft) -> Iterator[Problem]:
    """Triggers, variables and steps share their ids."""
    triggers = [(f"triggers[{index}]", trigger.id) for index, trigger in enumerate(draft.triggers)]
    ids = [*triggers, *((path, step.id) for path, step in draft.walk)]
    for path, id, first in _repeated(ids):
        yield Problem(path=at(path, "id"), code="duplicate_id", sentence=f"The id {id} is that of {first} already.")


def duplicate_variables(draft: Draft) -> Iterator[Problem]:
    names = [(path, name) for path, name in _variable_names(draft) if name is not None]
    for path, name, first in _repeated(names):
        sentence = f"There is a variable {name} already: {first}."
        yield Problem(path=at(path, "name"), code="duplicate_variable", sentence=sentence)


def _variable_names(draft: Draft) -> Iterator[tuple[str, str | None]]:
    for index, variable in enumerate(draft.variables):
        if isinstance(variable, InitializeVariable):
            yield f"variables[{index}]", variable.name
        elif isinstance(variable, UnreadStep):
            yield f"variables[{index}]", variable.variable


def duplicate_triggers(draft: Draft) -> Iterator[Problem]:
    """Two of one sort would start two executions at each event."""
    sorts = [(f"triggers[{index}]", _sort(trigger)) for index, trigger in enumerate(draft.triggers)]
    for path, (summary, _), first in _repeated((path, sort) for path, sort in sorts if sort is not None):
        yield Problem(path=path, code="duplicate_trigger", sentence=f"{first} starts at the same: {summary}.")


_OF_ITS_OWN = {"id", "description", "skip", "throttle"}
"""What two triggers may say differently and still start at the same."""


def _sort(trigger: Trigger) -> tuple[str, str] | None:
    """In words, and what tells it apart."""
    match trigger:
        case UnreadTrigger():
            return None
        case WebhookTrigger():
            return trigger.summary(), ""
        case _:
            return trigger.summary(), trigger.model_dump_json(by_alias=True, exclude=_OF_ITS_OWN)


def _repeated(keyed: Iterable[tuple[str, K]]) -> Iterator[tuple[str, K, str]]:
    """Each path whose key an earlier one has, with the key and that path."""
    seen: dict[K, str] = {}
    for path, key in keyed:
        if key in seen:
            yield path, key, seen[key]
        seen.setdefault(key, path)


def webhook_records(draft: Draft) -> Iterator[Problem]:
    if "object" in draft.unread:
        return
    for index, trigger in enumerate(draft.triggers):
        path = f"triggers[{index}].record"
        if isinstance(trigger, WebhookTrigger) and trigger.record is None and not draft.is_global:
            sentence = f"A webhook says where in its payload the {draft.object} is named: by id, email or name."
            yield Problem(path=path, code="webhook_needs_record", sentence=sentence)
        if isinstance(trigger, WebhookTrigger) and trigger.record is not None and draft.is_global:
            sentence = "A global automation has no record, so its webhook names none."
            yield Problem(path=path, code="webhook_record_in_global", sentence=sentence)


def empty_automations(draft: Draft) -> Iterator[Problem]:
    if not draft.steps and "steps" not in draft.unread:
        sentence = "There are no steps: an execution would end where it starts."
        yield Problem(path="steps", code="empty_automation", sentence=sentence, severity="warning")
