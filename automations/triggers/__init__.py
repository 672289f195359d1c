"""What starts an execution. To add a type: its model, its place in the union, its test."""

from typing import Annotated

from pydantic import Field

from automations.triggers.base import ThrottledTrigger, Trigger
from automations.triggers.manual import ManualTrigger
from automations.triggers.webhook import RecordReference, WebhookTrigger

AnyTrigger = ManualTrigger | WebhookTrigger
TriggerUnion = Annotated[AnyTrigger, Field(discriminator="type")]

__all__ = ["AnyTrigger", "ManualTrigger", "RecordReference", "ThrottledTrigger", "Trigger", "TriggerUnion", "WebhookTrigger"]
