"""Whether an event starts an execution by one trigger, and if not, why: the part that needs nothing but values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from automations.errors import FilterError
from automations.event_triggers import Event, EventTrigger
from automations.filter_evaluation import FilterValues, UsedValue, evaluate
from automations.filters import Filter, describe_filter

Reason = Literal[
    "skipped",
    "inactive",
    "before_activation",
    "no_record",
    "filtered",
    "killed",
    "loop",
    "throttled",
    "duplicate",
    "error",
    "unreadable",
]
"""Why an event that a trigger listens to started nothing; `unreadable`: not yet."""

_OF_FILTER = "The filter"


@dataclass(frozen=True)
class Refusal:
    """A reason, and a sentence about it for people."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class Listening:
    """Since when a trigger listens: it was saved then, or its automation activated. Times are aware.

    `active`: the automation is, or it was when that happened which is asked about.
    """

    active: bool
    since: datetime
    skip: bool = False


def refused_by_listening(listening: Listening, event_at: datetime) -> Refusal | None:
    if listening.skip:
        return Refusal("skipped", "The trigger is marked as skipped.")
    if not listening.active:
        return Refusal("inactive", "The automation is not active.")
    if event_at < listening.since:
        return Refusal("before_activation", f"It happened before {_at(listening.since)}, when the trigger began to listen.")
    return None


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def refused_by_match(trigger: EventTrigger, event: Event) -> Refusal | None:
    """Of a trigger that is settled and listens to the event."""
    mismatch = trigger.mismatch(event)
    return Refusal("filtered", mismatch) if mismatch else None


def broken_key(sentence: str) -> Literal["filter"] | None:
    """The key of the trigger that the detail of an `error` is about; None where it is about the trigger as a whole."""
    return "filter" if sentence.startswith(_OF_FILTER) else None


def refused_by_filter(filter: Filter | None, values: FilterValues | None) -> Refusal | None:
    """By the record as it is now. A filter that cannot be answered is an error; it stands in the way of no other trigger."""
    if filter is None:
        return None
    if values is None:
        return Refusal("error", f"{_OF_FILTER} asks about a record, and there is none.")
    try:
        answer = evaluate(filter, values)
    except FilterError as error:
        return Refusal("error", f"{_OF_FILTER} cannot be answered: {error.sentence}")
    if answer.matched:
        return None
    return Refusal("filtered", f"The record is not so: {describe_filter(filter)}. Found: {_found(answer.used)}.")


def _found(used: tuple[UsedValue, ...]) -> str:
    return "; ".join(f"{value.ref.split(' ', 1)[1]} = {'blank' if value.found is None else value.found}" for value in used)[:500]
