"""What started an execution."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from automations.event_triggers import Event
from automations.explain.events import happened, later
from automations.explain.words import because, moment


def started_by(trigger: Mapping[str, Any], event: Event | None, zone: ZoneInfo) -> str:
    """Which trigger, what happened and when, in a sentence. `trigger` is what an execution keeps of it."""
    said = f"Started by {_starter(trigger, event)}{_times(trigger, zone)}."
    if "restarted_from" not in trigger:
        return said
    by = f" by {trigger['restarted_by']}" if trigger.get("restarted_by") else ""
    at = _moment(trigger.get("restarted_at"))
    on = f" on {moment(at, zone)}" if at else ""
    return f"{said} Taken up again{by}{on} from execution {trigger['restarted_from']}{because(trigger.get('restarted_why', ''))}"


def _starter(trigger: Mapping[str, Any], event: Event | None) -> str:
    match trigger.get("type"):
        case "manual":
            by = f" by {trigger['by']}" if trigger.get("by") else ""
            return f"bulk start {trigger['bulk_start']}{by}" if "bulk_start" in trigger else f"hand{by}"
        case "automation":
            return f"automation {trigger.get('automation')}"
        case "webhook":
            return f"trigger {trigger.get('id')}: {happened(Event('webhook', trigger))}"
        case kind:
            what = f": {happened(event, trigger.get('field'))}" if event else f" ({kind})"
            return f"trigger {trigger.get('id')}{what}"


def _times(trigger: Mapping[str, Any], zone: ZoneInfo) -> str:
    event_at, evaluated_at = _moment(trigger.get("event_at")), _moment(trigger.get("evaluated_at"))
    if event_at is None:
        return ""
    is_asked = trigger.get("type") in ("manual", "automation")
    evaluated = f", evaluated {later(event_at, evaluated_at)}" if evaluated_at and not is_asked else ""
    return f", on {moment(event_at, zone)}{evaluated}"


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
