"""What a trigger hears in a call: read and looked up beside the gateway's other work where that takes its time."""

import asyncio
from dataclasses import dataclass
from typing import Any

from api.webhooks.payloads import Call, Payload
from automations.json_paths import is_plain
from automations.triggers import WebhookTrigger
from automations.triggers.webhook import place_of

_LARGE = 32 * 1024
"""Bytes of a call that take long to read."""


@dataclass(frozen=True)
class Heard:
    """The payload, the values that the trigger extracts, and what names the record."""

    payload: Payload
    values: dict[str, Any]
    named: Any


async def heard(trigger: WebhookTrigger, call: Call) -> Heard:
    if len(call.body) > _LARGE or _searches(trigger):
        return await asyncio.to_thread(_heard, trigger, call)
    return _heard(trigger, call)


def _searches(trigger: WebhookTrigger) -> bool:
    places = [*trigger.extract.values(), *([trigger.record.place] if trigger.record else [])]
    return not all(is_plain(place_of(place).path) for place in places)


def _heard(trigger: WebhookTrigger, call: Call) -> Heard:
    payload = Payload.of(call)
    found = {name: payload.at(place) for name, place in trigger.extract.items()}
    values = {name: value for name, value in found.items() if value is not None}
    return Heard(payload, values, payload.at(trigger.record.place) if trigger.record else None)
