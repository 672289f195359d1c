"""What an execution knows of the event that started it, for sources and templates.

{"type": "field_updated", "id": "staged", "event_at": "…", "evaluated_at": "…", "field": "status", "old": null, "new": "Open"}
{"type": "activity_logged", …, "activity": {"type": "call", "note": "…"}}
{"type": "text_received", …, "from": "+4930123456", "body": "Yes"}
{"type": "form_submitted", …, "form": "demo", "values": {"seats": 5}}
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

FACTS = ("old", "new", "field", "tags", "form", "survey", "url", "message", "link", "date", "from", "body")
ACTIVITY = ("id", "type", "note", "due_at", "by", "assigned_to", "assigned_role", "completed_at")
_FACT = re.compile(rf"time|({'|'.join(FACTS)})|activity\.({'|'.join(ACTIVITY)})|values\.[^.]{{1,255}}")


def _fact(raw: object) -> str:
    if isinstance(raw, str) and _FACT.fullmatch(raw):
        return raw
    known = ", ".join(("time", *FACTS, *(f"activity.{name}" for name in ACTIVITY)))
    raise PydanticCustomError("invalid_value", "It is one of {known}, or values. and a name.", {"known": known})


TriggerFact = Annotated[str, BeforeValidator(_fact)]
"""Such as `time`, `new`, `activity.note` or `values.seats`."""


def fact_of(trigger: Mapping[str, Any], fact: TriggerFact) -> Any:
    """None where an event of another kind started the execution."""
    found: Any = facts_of(trigger)
    for name in fact.split(".", 1):
        found = found.get(name)
    return found


def facts_of(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """By name; what other kinds of event would bring is there, and blank."""
    blank: dict[str, Any] = dict.fromkeys(FACTS)
    activity: dict[str, Any] = {**dict.fromkeys(ACTIVITY), **(trigger.get("activity") or {})}
    own: dict[str, Any] = {"time": trigger.get("event_at"), "values": trigger.get("values") or {}, "activity": activity}
    return {**blank, **trigger, **own}
