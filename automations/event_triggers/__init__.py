"""What an event has to be like to be counted: by a goal that waits for it, or by an automation that it starts."""

from automations.event_triggers.records import (
    AnyEventTrigger,
    EventTrigger,
    EventTriggerUnion,
    FieldUpdated,
    StageUpdated,
    as_json,
    matches,
    settled,
    unfit,
)

__all__ = [
    "AnyEventTrigger",
    "EventTrigger",
    "EventTriggerUnion",
    "FieldUpdated",
    "StageUpdated",
    "as_json",
    "matches",
    "settled",
    "unfit",
]
