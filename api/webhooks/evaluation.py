"""Whether a call of a webhook starts an execution: the same questions, in the same order, as of other events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from activities.definitions import Definitions
from activities.record_values import record_values
from activities.refusing import refused_by_switch, refused_by_throttle
from api.webhooks.hooks import Hook
from automations.evaluation import Listening, Refusal, refused_by_filter, refused_by_listening
from automations.triggers import WebhookTrigger
from automations.triggers.webhook import place_of
from store.database import Connection
from store.kill_switches import list_standing_switches
from store.records import find_record
from store.throttles import take_turn_with_throttle

_SHOWN = 200


@dataclass(frozen=True)
class Looked:
    """The record that the call names, and why it starts nothing."""

    record: Any | None
    refusal: Refusal | None

    @property
    def record_id(self) -> UUID | None:
        return self.record["id"] if self.record else None


async def look_at(connection: Connection, hook: Hook, named: Any, event_at: datetime, definitions: Definitions) -> Looked:
    """`named` is what the call says of the record. The quiet window is asked last: what starts nothing begins none."""
    listening = Listening(hook.automation["active"], event_at, hook.trigger.skip)
    if refusal := refused_by_listening(listening, event_at):
        return Looked(None, refusal)
    record = await _record(connection, hook, named)
    return Looked(
        record,
        _refused_by_record(hook, record, named)
        or await _refused_by_filter(connection, hook, record, definitions)
        or refused_by_switch(await list_standing_switches(connection), hook.document.api_name, event_at)
        or await _refused_by_throttle(connection, hook, record, event_at),
    )


async def _record(connection: Connection, hook: Hook, named: Any) -> Any | None:
    object_id, key = hook.automation["object_id"], _key(named)
    if object_id is None or key is None or hook.trigger.record is None:
        return None
    match hook.trigger.record.way:
        case "email":
            return await find_record(connection, object_id, email=key)
        case "name":
            return await find_record(connection, object_id, name=key)
        case "id":
            return await find_record(connection, object_id, id=UUID(key)) if _is_uuid(key) else None


def _key(named: Any) -> str | None:
    """A number names a record as its digits do."""
    if isinstance(named, int) and not isinstance(named, bool):
        return str(named)
    return (named.strip() or None) if isinstance(named, str) else None


def _is_uuid(key: str) -> bool:
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def _refused_by_record(hook: Hook, record: Any | None, named: Any) -> Refusal | None:
    if record is not None or hook.automation["object_id"] is None:
        return None
    return Refusal("no_record", _not_found(hook.trigger, hook.document.object or "record", _key(named)))


def _not_found(trigger: WebhookTrigger, kind: str, key: str | None) -> str:
    if trigger.record is None:
        return f"The webhook does not say how a call names the {kind}."
    place = place_of(trigger.record.place)
    if key is None:
        return f"The {place.source} of the call has no {trigger.record.way} of a {kind} at {place.path}."
    return f"There is no {kind} of the {trigger.record.way} {key[:_SHOWN]}."


async def _refused_by_filter(connection: Connection, hook: Hook, record: Any | None, definitions: Definitions) -> Refusal | None:
    filter = hook.trigger.filter
    if filter is None or record is None:
        return refused_by_filter(filter, None)
    values = await record_values(connection, definitions, [record], [filter])
    return refused_by_filter(filter, values[record["id"]])


async def _refused_by_throttle(connection: Connection, hook: Hook, record: Any | None, event_at: datetime) -> Refusal | None:
    """The relay has its turn with all events; calls come beside each other."""
    record_id = record["id"] if record else None
    await take_turn_with_throttle(connection, hook.automation["id"], hook.trigger.id, record_id)
    return await refused_by_throttle(connection, hook.automation["id"], hook.trigger, hook.document.throttle, record_id, event_at)
