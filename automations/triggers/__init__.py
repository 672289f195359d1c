"""What starts an execution. To add a type: its model, its place in the union, its test."""

from typing import Annotated

from pydantic import Field

from automations.triggers.base import ThrottledTrigger, Trigger
from automations.triggers.events import AnyRecordTrigger, FieldUpdatedTrigger
from automations.triggers.manual import ManualTrigger
from automations.triggers.schedule import ScheduleTrigger
from automations.triggers.webhook import RecordReference, WebhookTrigger

AnyTrigger = ManualTrigger | WebhookTrigger | ScheduleTrigger | AnyRecordTrigger
TriggerUnion = Annotated[AnyTrigger, Field(discriminator="type")]

__all__ = [
    "AnyRecordTrigger",
    "AnyTrigger",
    "FieldUpdatedTrigger",
    "ManualTrigger",
    "RecordReference",
    "ScheduleTrigger",
    "ThrottledTrigger",
    "Trigger",
    "TriggerUnion",
    "WebhookTrigger",
]
