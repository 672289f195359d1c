"""Calls of webhooks: let in, evaluated at once, written, and their executions launched."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from temporalio.client import Client

from activities.definitions import Definitions
from activities.settings import Settings
from activities.starting import Cause, Started, Target, create_execution, limit_starts
from api.executions.starting import launch_or_leave
from api.problems import NotFoundError
from api.webhooks.access import Credentials, let_in
from api.webhooks.evaluation import Looked, look_at
from api.webhooks.hearing import Heard, heard
from api.webhooks.hooks import Hook, find_hook, newest
from api.webhooks.payloads import Call, Payload
from automations.triggers import WebhookTrigger
from store.audit import Actor, Deed, write_audit
from store.database import Connection, Database
from store.deliveries import Delivery, first_delivery, first_signed_delivery, insert_delivery, read_delivery
from store.events import Evaluation, insert_evaluations, insert_event
from store.ids import new_id

_LOG = structlog.get_logger("everstep.webhooks")


@dataclass(frozen=True)
class Incoming:
    """A call and how it came: at a time, maybe under a key of a sender, maybe signed, maybe as the replay of another."""

    call: Call
    received_at: datetime
    key: str | None = None
    sender_id: UUID | None = None
    fingerprint: bytes | None = None
    replay_of: UUID | None = None
    replayed_by: Actor | None = None


@dataclass(frozen=True)
class Taken:
    """What a call is answered. `repeated`: it came before, by its key or its signature, and this is what it was answered then."""

    automation_id: UUID
    delivery_id: UUID
    execution_id: UUID | None
    reason: str | None
    repeated: bool = False


@dataclass(frozen=True)
class _Written:
    """What is in the database by the end of a call; `started` is still to be launched."""

    taken: Taken
    started: Started | None = None


class WebhookDesk:
    """Takes calls, also while Temporal is away (no client): the rows are kept, and a worker starts the workflow."""

    def __init__(self, database: Database, client: Client | None, settings: Settings, definitions: Definitions) -> None:
        self._database, self._client, self._settings, self._definitions = database, client, settings, definitions

    async def called(self, api_name: str, name: str, call: Call, credentials: Credentials, *, key: str | None) -> Taken:
        """Raises NotFoundError, RefusedError 405, and 401 or 403 for a call that the webhook does not let in."""
        now = datetime.now(UTC)
        async with self._database.connection() as connection:
            hook = await find_hook(connection, api_name, name, call.method)
            fingerprint = await let_in(connection, hook, call, credentials, self._settings.keyring, now)
        sender_id = credentials.sender_id(hook)
        return await self._take(hook, Incoming(call, now, key=key, sender_id=sender_id, fingerprint=fingerprint))

    async def replayed(self, delivery_id: UUID, actor: Actor) -> Taken:
        """The same call now, by the newest document. Raises NotFoundError, and RefusedError 405 where the method changed."""
        async with self._database.connection() as connection:
            row = await read_delivery(connection, delivery_id)
            if row is None:
                raise NotFoundError("delivery", delivery_id)
            hook = await find_hook(connection, row["api_name"], row["webhook"], row["method"])
        call = Call(row["method"], row["query"].encode("latin-1"), row["content_type"], row["body"])
        return await self._take(hook, Incoming(call, datetime.now(UTC), replay_of=delivery_id, replayed_by=actor))

    async def _take(self, hook: Hook, incoming: Incoming) -> Taken:
        found = await heard(hook.trigger, incoming.call)
        async with self._database.transaction() as connection:
            written = await _first(connection, hook, incoming)
            written = written or await self._write(connection, hook, incoming, found)
            if incoming.replayed_by:
                await write_audit(connection, incoming.replayed_by, _deed(incoming, written.taken))
        if written.started:
            await launch_or_leave(self._database, self._client, self._settings, written.started)
        return written.taken

    async def _write(self, connection: Connection, hook: Hook, incoming: Incoming, found: Heard) -> _Written:
        now_is = await newest(connection, hook)
        if now_is.trigger != hook.trigger:  # saved in the meantime
            found = await heard(now_is.trigger, incoming.call)
        looked = await look_at(connection, now_is, found.named, incoming.received_at, self._definitions)
        return await _written(connection, now_is, incoming, found, looked, self._settings)


def _deed(incoming: Incoming, taken: Taken) -> Deed:
    became = {"delivery_id": str(taken.delivery_id), "execution_id": str(taken.execution_id) if taken.execution_id else None}
    return Deed("delivery.replayed", "delivery", str(incoming.replay_of), after=became)


async def _first(connection: Connection, hook: Hook, incoming: Incoming) -> _Written | None:
    """What was taken before by the same signature, whatever key it came under now; or under this key, whatever it said."""
    automation_id, webhook = hook.automation["id"], hook.trigger.name
    if incoming.fingerprint is not None:
        signed = await first_signed_delivery(connection, automation_id, webhook, incoming.fingerprint)
        if signed is not None:
            return await _repeated(connection, hook, incoming, signed, "with the same signature")
    if incoming.key is None:
        return None
    call = incoming.call
    first = await first_delivery(
        connection, automation_id, webhook, incoming.key, incoming.sender_id, method=call.method, query=call.query_text,
        body=call.body,
    )  # fmt: skip
    if first is None:
        return None
    if not first["is_same"]:
        _LOG.warning("webhook_key_used_again", automation=hook.document.api_name, webhook=webhook, delivery=str(first["id"]))
    return await _repeated(connection, hook, incoming, first, "under the same idempotency key")


async def _repeated(connection: Connection, hook: Hook, incoming: Incoming, first: Any, how: str) -> _Written:
    await _write_repeat(connection, hook, incoming, first["id"], f"Delivery {first['id']} came {how}.")
    return _Written(Taken(first["automation_id"], first["id"], first["execution_id"], first["reason"], repeated=True))


async def _write_repeat(connection: Connection, hook: Hook, incoming: Incoming, first: UUID, detail: str) -> None:
    """That it came and started nothing, without what it brought."""
    now = datetime.now(UTC)
    automation_id, trigger = hook.automation["id"], hook.trigger
    event_id = await insert_event(
        connection, "webhook", None, incoming.received_at, {"webhook": trigger.name, "repeats": str(first)},
        automation_id=automation_id, trigger_id=trigger.id, evaluated_at=now,
    )  # fmt: skip
    assert event_id, "an event without an idempotency key is always new"
    evaluation = Evaluation(event_id, automation_id, trigger.id, None, incoming.received_at, now, "duplicate", detail)
    await insert_evaluations(connection, [evaluation])


async def _written(
    connection: Connection, hook: Hook, incoming: Incoming, found: Heard, looked: Looked, settings: Settings
) -> _Written:
    """Little follows the execution: others of the automation wait for it."""
    now, delivery_id = datetime.now(UTC), new_id()
    event_id = await _write_event(connection, hook, found.payload, looked, incoming, now)
    started = None
    if looked.refusal is None:
        cause = Cause(trigger=_cause(hook.trigger, found, incoming, delivery_id, now), event_id=event_id)
        target = Target(hook.automation, hook.document, looked.record)
        started = await create_execution(connection, target, cause, now, settings)
        await limit_starts(connection, started, hook.automation["id"], incoming.received_at, now, settings)
    reason = looked.refusal.reason if looked.refusal else None
    taken = Taken(hook.automation["id"], delivery_id, started.id if started else None, reason)
    evaluation = _evaluation(hook, looked, taken, event_id, incoming, now)
    await insert_evaluations(connection, [evaluation])
    await insert_delivery(connection, _delivery(hook, incoming, taken, evaluation))
    if reason:
        _LOG.info("webhook_started_nothing", automation=hook.document.api_name, webhook=hook.trigger.name, why=reason)
    return _Written(taken, started)


async def _write_event(
    connection: Connection, hook: Hook, payload: Payload, looked: Looked, incoming: Incoming, now: datetime
) -> UUID:
    told = {"webhook": hook.trigger.name, "body": payload.body, "query": payload.query}
    raw = {"raw": payload.raw} if hook.trigger.raw_body else {}
    event_id = await insert_event(
        connection, "webhook", looked.record_id, incoming.received_at, told | raw,
        automation_id=hook.automation["id"], trigger_id=hook.trigger.id, evaluated_at=now,
    )  # fmt: skip
    assert event_id, "an event without an idempotency key is always new"
    return event_id


def _cause(trigger: WebhookTrigger, found: Heard, incoming: Incoming, delivery_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "type": "webhook", "id": trigger.id, "webhook": trigger.name, "values": found.values,
        "not_found": sorted(trigger.extract.keys() - found.values.keys()),
        "structured": isinstance(found.payload.body, dict | list), "delivery": str(delivery_id),
        "event_at": incoming.received_at.isoformat(), "evaluated_at": now.isoformat(),
    }  # fmt: skip


def _evaluation(hook: Hook, looked: Looked, taken: Taken, event_id: UUID, incoming: Incoming, now: datetime) -> Evaluation:
    return Evaluation(
        event_id=event_id, automation_id=taken.automation_id, trigger_id=hook.trigger.id, record_id=looked.record_id,
        event_at=incoming.received_at, evaluated_at=now, reason=taken.reason,
        detail=looked.refusal.detail if looked.refusal else None, execution_id=taken.execution_id,
    )  # fmt: skip


def _delivery(hook: Hook, incoming: Incoming, taken: Taken, evaluation: Evaluation) -> Delivery:
    call = incoming.call
    return Delivery(
        id=taken.delivery_id, automation_id=taken.automation_id, webhook=hook.trigger.name, method=call.method,
        content_type=call.content_type, query=call.query_text, body=call.body, received_at=incoming.received_at,
        idempotency_key=incoming.key, replay_of=incoming.replay_of, event_id=evaluation.event_id, outcome=evaluation.outcome,
        reason=evaluation.reason, detail=evaluation.detail, execution_id=taken.execution_id, fingerprint=incoming.fingerprint,
        sender_id=incoming.sender_id,
    )  # fmt: skip
