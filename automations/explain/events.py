"""What happened, in words."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from automations.event_triggers import Event
from automations.event_triggers.states import shown
from automations.outcomes import cut_summary

_FIELDS = 5
"""Of the fields that changed with one event."""


def happened(event: Event, field: str | None = None) -> str:
    """As the middle of a sentence: "status changed from Open to Booked". Of several changed fields `field` is meant."""
    if event.kind == "field_updated":
        return _changed(event, field)
    if event.kind.startswith("activity_"):
        return _of_crm_activity(event)
    in_words = _IN_WORDS.get(event.kind)
    return in_words(event.payload) if in_words else f"{event.kind} happened"


def _told(value: Any) -> str:
    return cut_summary(shown(value))


def _changed(event: Event, field: str | None) -> str:
    old, new = event.part("old"), event.part("new")
    if field in new:
        return f"{field} changed from {_told(old.get(field))} to {_told(new[field])}"
    names = [*new][:_FIELDS]
    more = f" and {len(new) - len(names)} more" if len(new) > len(names) else ""
    return f"{', '.join(names) or 'a field'}{more} changed"


def _of_crm_activity(event: Event) -> str:
    kind = event.part("activity").get("type")
    return f"a crm activity{f' of type {_told(kind)}' if kind else ''} was {event.kind.removeprefix('activity_')}"


def _mail(told: Mapping[str, Any]) -> str:
    message = f"mail {_told(told['message'])}" if told.get("message") else "a mail"
    link = f" ({_told(told['link'])})" if told.get("link") else ""
    if told.get("event") == "unsubscribed":
        return f"the person unsubscribed from {message}"
    return f"{message} was {_told(told.get('event'))}{link}"


_IN_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "record_created": lambda told: "the record was created",
    "record_archived": lambda told: "the record was archived",
    "record_unarchived": lambda told: "the record was unarchived",
    "stage_updated": lambda told: f"stage changed from {_told(told.get('old'))} to {_told(told.get('new'))}",
    "form_submitted": lambda told: f"form {_told(told.get('form'))} was submitted",
    "survey_submitted": lambda told: f"survey {_told(told.get('survey'))} was submitted",
    "email_event": _mail,
    "text_received": lambda told: f"a text came from {_told(told.get('from'))}: {_told(told.get('body'))}",
    "website_visited": lambda told: f"{_told(told.get('url'))} was visited",
    "webhook": lambda told: f"webhook {_told(told.get('webhook'))} was called",
    "schedule": lambda told: "a planned time came",
    "date_reached": lambda told: f"the time came for {_told(told.get('field'))} ({_told(told.get('value'))})",
}


def in_words(length: timedelta) -> str:
    """As in "0.2 s", "5 min"; what is negative is nothing."""
    length = max(length, timedelta())
    if length < timedelta(minutes=1):
        return f"{length.total_seconds():.1f} s"
    for unit, size in (("days", timedelta(days=1)), ("h", timedelta(hours=1))):
        if length >= 2 * size:
            return f"{length // size} {unit}"
    return f"{length // timedelta(minutes=1)} min"


def later(event_at: datetime, evaluated_at: datetime) -> str:
    """How long it took until an event was evaluated."""
    return f"{in_words(evaluated_at - event_at)} later"
