"""What a trigger hears in a call: read and looked up beside the gateway's other work where that takes its time."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic_core import to_json

from api.webhooks.payloads import Call, Payload
from automations.json_paths import is_plain
from automations.triggers import WebhookTrigger
from automations.triggers.webhook import place_of

_LARGE = 32 * 1024
"""Bytes of a call that take long to read."""
_VALUES_BYTES = 2 * 1024 * 1024
"""Of all that is taken out of one call: the same may be taken out of it many times over."""
_LOG = structlog.get_logger("everstep.webhooks")


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


def _kept(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Those that are there, as long as they are not more together than calls themselves may be."""
    size = 0
    for name, value in found.items():
        size += len(to_json(value))
        if size > _VALUES_BYTES:
            _LOG.warning("value_left_out", name=name, why=f"the values come to more than {_VALUES_BYTES:,} bytes")
        elif value is not None:
            yield name, value


def _searches(trigger: WebhookTrigger) -> bool:
    places = [*trigger.extract.values(), *([trigger.record.place] if trigger.record else [])]
    return not all(is_plain(place_of(place).path) for place in places)


def _heard(trigger: WebhookTrigger, call: Call) -> Heard:
    payload = Payload.of(call)
    found = {name: payload.at(place) for name, place in trigger.extract.items()}
    return Heard(payload, dict(_kept(found)), payload.at(trigger.record.place) if trigger.record else None)
