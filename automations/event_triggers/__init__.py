"""What an event has to be like to be counted: by a goal that waits for it, or by an automation that it starts.

To add a type, write its model and add it to `AnyEventTrigger`; `automations.triggers` has the same for automations.
"""

from typing import Annotated

from pydantic import Field

from automations.event_triggers.answers import TextAnswered
from automations.event_triggers.base import Event, EventTrigger, Finding, Listen
from automations.event_triggers.dates import ActivityOverdue, OnOrAroundDate
from automations.event_triggers.outside import (
    ActivityLogged,
    EmailEvent,
    FormSubmitted,
    SurveySubmitted,
    TextReceived,
    WebsiteVisited,
)
from automations.event_triggers.records import FieldUpdated, StageUpdated, TagAdded, TagRemoved

AnyEventTrigger = (
    FieldUpdated
    | StageUpdated
    | TagAdded
    | TagRemoved
    | ActivityLogged
    | FormSubmitted
    | SurveySubmitted
    | EmailEvent
    | TextReceived
    | WebsiteVisited
    | OnOrAroundDate
    | ActivityOverdue
)
"""What a goal may wait for."""

EventTriggerUnion = Annotated[AnyEventTrigger, Field(discriminator="type")]

AwaitedTrigger = AnyEventTrigger | TextAnswered
"""What a step may wait for."""

AwaitedTriggerUnion = Annotated[AwaitedTrigger, Field(discriminator="type")]

__all__ = [
    "ActivityLogged",
    "ActivityOverdue",
    "AnyEventTrigger",
    "AwaitedTrigger",
    "AwaitedTriggerUnion",
    "EmailEvent",
    "Event",
    "EventTrigger",
    "EventTriggerUnion",
    "FieldUpdated",
    "Finding",
    "FormSubmitted",
    "Listen",
    "OnOrAroundDate",
    "StageUpdated",
    "SurveySubmitted",
    "TagAdded",
    "TagRemoved",
    "TextAnswered",
    "TextReceived",
    "WebsiteVisited",
]
