"""What happened, in words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from automations.event_triggers import Event
from automations.event_triggers.states import shown
from automations.explain.words import moment
from automations.outcomes import cut_summary

_FIELDS = 5
"""Of the fields that changed with one event."""


def happened(event: Event, field: str | None = None) -> str:
    """As the middle of a sentence: "status changed from Open to Booked". Of several changed fields `field` is meant."""
    told = event.payload
    match event.kind:
        case "record_created":
            return "the record was created"
        case "record_archived":
            return "the record was archived"
        case "record_unarchived":
            return "the record was unarchived"
        case "field_updated":
            return _changed(event, field)
        case "stage_updated":
            return f"stage changed from {_told(told.get('old'))} to {_told(told.get('new'))}"
        case "form_submitted":
            return f"form {_told(told.get('form'))} was submitted"
        case "survey_submitted":
            return f"survey {_told(told.get('survey'))} was submitted"
        case "email_event":
            return _mail(told)
        case "website_visited":
            return f"{_told(told.get('url'))} was visited"
        case "webhook":
            return f"webhook {_told(told.get('webhook'))} was called"
        case "schedule":
            return "a planned time came"
        case "date_reached":
            return f"the time came for {_told(told.get('field'))} ({_told(told.get('value'))})"
        case _:
            return _of_crm_activity(event)


def _told(value: Any) -> str:
    return cut_summary(shown(value))


def _changed(event: Event, field: str | None) -> str:
    old, new = event.part("old"), event.part("new")
    if field is None or field not in new:
        names = [*new][:_FIELDS]
        more = f" and {len(new) - len(names)} more" if len(new) > len(names) else ""
        return f"{', '.join(names) or 'a field'}{more} changed"
    return f"{field} changed from {_told(old.get(field))} to {_told(new[field])}"


def _mail(told: Mapping[str, Any]) -> str:
    message = f"mail {_told(told['message'])}" if told.get("message") else "a mail"
    link = f" ({_told(told['link'])})" if told.get("link") else ""
    match told.get("event"):
        case "unsubscribed":
            return f"the person unsubscribed from {message}"
        case event:
            return f"{message} was {_told(event)}{link}"


def _of_crm_activity(event: Event) -> str:
    what = {"activity_changed": "changed", "activity_overdue": "overdue", "activity_logged": "logged"}
    done = event.kind.removeprefix("activity_")
    kind = event.part("activity").get("type")
    if done == event.kind:
        return f"{event.kind} happened"
    return f"{f'a crm activity of type {_told(kind)}' if kind else 'a crm activity'} was {what.get(event.kind, done)}"


def later(event_at: datetime, evaluated_at: datetime) -> str:
    """How long it took until an event was evaluated, as in "0.2 s later"."""
    waited = max(evaluated_at - event_at, timedelta())
    seconds = waited.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s later"
    for unit, length in (("days", timedelta(days=1)), ("h", timedelta(hours=1))):
        if waited >= 2 * length:
            return f"{waited // length} {unit} later"
    return f"{waited // timedelta(minutes=1)} min later"
