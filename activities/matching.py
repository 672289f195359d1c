"""Finds the triggers that events may concern, and starts what they are to start."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import structlog
from pydantic import ValidationError

from activities.chains import loop_in
from activities.failures import UnreadableDocumentError
from activities.record_values import record_values
from activities.refusing import refused_by_switch, refused_by_throttle
from activities.services import Services
from activities.starting import LAUNCH_BY_WORKER, Cause, Target, create_execution, limit_starts
from automations.errors import FieldValueError
from automations.evaluation import Listening, Refusal, refused_by_filter, refused_by_listening, refused_by_match
from automations.event_triggers import Event, EventTrigger
from automations.filter_evaluation import FilterValues
from automations.filters import Filter
from automations.kill_switches import KillSwitch
from automations.triggers import ThrottledTrigger
from automations.triggers.reading import read_trigger, unreadable
from store.database import Connection
from store.events import Evaluation, insert_evaluations
from store.kill_switches import list_standing_switches
from store.listeners import Told, find_listeners, warn_of_triggers
from store.records import list_records_by_ids

_LOG = structlog.get_logger("everstep.relay")


@dataclass(frozen=True)
class Candidate:
    """A trigger that may be started by an event; `unreadable` says why there is none."""

    event: Any
    row: Any
    trigger: ThrottledTrigger | None
    unreadable: str = ""

    @property
    def filter(self) -> Filter | None:
        return getattr(self.trigger, "filter", None)


@dataclass(frozen=True)
class _Now:
    """What all candidates of a batch are looked at with."""

    moment: datetime
    records: Mapping[UUID, Any]
    values: Mapping[UUID, FilterValues]
    switches: Sequence[KillSwitch]
    services: Services


async def find_candidates(connection: Connection, events: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each event with a row of `find_listeners`, in the order of the events."""
    told = [_told(event) for event in events]
    by_event: dict[UUID, list[Any]] = {}
    for row in await find_listeners(connection, told):
        by_event.setdefault(row["event_id"], []).append(row)
    return [(event, row) for event in events for row in by_event.get(event["id"], [])]


def _told(event: Any) -> Told:
    keys = Event(event["kind"], event["payload"]).keys
    return Told(
        event["id"], event["event_at"], event["object_id"], event["kind"], keys, event["automation_id"], event["trigger_id"]
    )  # fmt: skip


async def start_by_events(connection: Connection, found: Sequence[tuple[Any, Any]], services: Services, now: datetime) -> None:
    """Evaluates each pair of an event and a listening trigger once, and writes what came of it."""
    if not found:
        return
    candidates = [_candidate(event, row) for event, row in found]
    look = await _look(connection, candidates, services, now)
    evaluations = [await _evaluated(connection, candidate, look) for candidate in candidates]
    await insert_evaluations(connection, evaluations)
    await _warn(connection, candidates, evaluations, now)


def _candidate(event: Any, row: Any) -> Candidate:
    try:
        return Candidate(event, row, cast(ThrottledTrigger, read_trigger(row["definition"])))
    except ValidationError as error:
        return Candidate(event, row, None, unreadable("trigger", error))


async def _look(connection: Connection, candidates: Sequence[Candidate], services: Services, now: datetime) -> _Now:
    ids = {candidate.event["record_id"] for candidate in candidates if candidate.event["record_id"]}
    records = {row["id"]: row for row in await list_records_by_ids(connection, ids)} if ids else {}
    asked = [candidate for candidate in candidates if candidate.filter is not None]
    rows = [records[id] for id in {candidate.event["record_id"] for candidate in asked} if id in records]
    filters = [candidate.filter for candidate in asked if candidate.filter is not None]
    values = await record_values(connection, services.definitions, rows, filters) if rows else {}
    return _Now(now, records, values, await list_standing_switches(connection), services)


async def _evaluated(connection: Connection, candidate: Candidate, look: _Now) -> Evaluation:
    refusal = await _refusal(connection, candidate, look)
    execution_id = None if refusal else await _started(connection, candidate, look)
    event, row = candidate.event, candidate.row
    return Evaluation(
        event["id"], row["automation_id"], row["trigger_id"], event["record_id"], event["event_at"], look.moment,
        refusal.reason if refusal else None, refusal.detail if refusal else None, execution_id,
    )  # fmt: skip


async def _refusal(connection: Connection, candidate: Candidate, look: _Now) -> Refusal | None:
    """The quiet window is asked last: what starts nothing begins none."""
    trigger, row, event = candidate.trigger, candidate.row, candidate.event
    if trigger is None:
        return Refusal("unreadable", candidate.unreadable)
    listening = Listening(row["active"] or row["was_active"], row["since"], trigger.skip)
    return (
        refused_by_listening(listening, event["event_at"])
        or _refused_by_record(candidate, look)
        or await _refused_by_match(connection, candidate, look)
        or refused_by_filter(candidate.filter, look.values.get(event["record_id"]))
        or refused_by_switch(look.switches, row["api_name"], look.moment)
        or await loop_in(connection, event, row, look.services.settings)
        or await _refused_by_document(connection, candidate, look)
        or await refused_by_throttle(
            connection, row["automation_id"], trigger, row["throttle"], event["record_id"], event["event_at"]
        )
    )


def _refused_by_record(candidate: Candidate, look: _Now) -> Refusal | None:
    if candidate.row["object_id"] is None:
        return None
    record = look.records.get(candidate.event["record_id"])
    if record is None:
        return Refusal("no_record", "The record is not there.")
    return Refusal("no_record", "The record is archived.") if record["archived_at"] else None


async def _refused_by_match(connection: Connection, candidate: Candidate, look: _Now) -> Refusal | None:
    if not isinstance(candidate.trigger, EventTrigger):
        return None
    record = look.records[candidate.event["record_id"]]
    definition = await look.services.definitions.object(connection, record["object_id"], record["object_revision"])
    for _, _, sentence in candidate.trigger.unfit(definition):
        return Refusal("error", sentence)
    try:
        settled = candidate.trigger.settled(definition)
    except FieldValueError as error:
        return Refusal("error", error.sentence)
    return refused_by_match(settled, Event(candidate.event["kind"], candidate.event["payload"]))


async def _refused_by_document(connection: Connection, candidate: Candidate, look: _Now) -> Refusal | None:
    row = candidate.row
    try:
        await look.services.definitions.plan(connection, row["automation_id"], row["revision"])
    except UnreadableDocumentError as error:
        return Refusal("unreadable", str(error))
    return None


async def _started(connection: Connection, candidate: Candidate, look: _Now) -> UUID:
    event, row = candidate.event, candidate.row
    plan = await look.services.definitions.plan(connection, row["automation_id"], row["revision"])
    record = look.records.get(event["record_id"]) if row["object_id"] else None
    cause = Cause(
        trigger=_cause(candidate, look.moment), event_id=event["id"], root_id=event["root_id"],
        depth=event["depth"] + 1 if event["root_id"] else 0, priority="low" if _inherits_low(candidate) else None,
    )  # fmt: skip
    target = Target(row, plan.document, record)
    started = await create_execution(connection, target, cause, look.moment, look.services.settings, launch_in=LAUNCH_BY_WORKER)
    if not _is_paced(candidate):
        await limit_starts(connection, started, row["id"], event["event_at"], look.moment, look.services.settings)
    return started.id


def _inherits_low(candidate: Candidate) -> bool:
    """What a job of low priority sets off is part of the job, unless the trigger says otherwise."""
    return candidate.event["priority"] == "low" and getattr(candidate.trigger, "priority", "inherit") == "inherit"


def _is_paced(candidate: Candidate) -> bool:
    """Neither a time that came nor what gives way to all else is a flood, however many records it is for."""
    return candidate.event["automation_id"] is not None or _inherits_low(candidate)


def _cause(candidate: Candidate, now: datetime) -> dict[str, Any]:
    event, trigger = candidate.event, candidate.trigger
    assert trigger is not None
    told = trigger.told(Event(event["kind"], event["payload"])) if isinstance(trigger, EventTrigger) else {}
    times = {"event_at": event["event_at"].isoformat(), "evaluated_at": now.isoformat()}
    return {"type": trigger.type, "id": trigger.id, "event": str(event["id"]), **told, **times}


async def _warn(
    connection: Connection, candidates: Sequence[Candidate], evaluations: Sequence[Evaluation], now: datetime
) -> None:
    """What is broken about a trigger is told once: a person has to mend it. What is unreadable to this release is in the log."""
    for api_name, trigger_id, why in _unread(candidates, evaluations):
        _LOG.warning("trigger_unreadable", automation=api_name, trigger=trigger_id, why=why)
    broken = {
        (each.automation_id, each.trigger_id): (candidate.row["api_name"], each.detail or "")
        for candidate, each in zip(candidates, evaluations, strict=True)
        if each.reason == "error"
    }
    for (_, trigger_id), (api_name, why) in broken.items():
        _LOG.warning("trigger_broken", automation=api_name, trigger=trigger_id, why=why)
    told = [(id, trigger_id, "broken_trigger", why) for (id, trigger_id), (_, why) in broken.items()]
    await warn_of_triggers(connection, told, now)


def _unread(candidates: Iterable[Candidate], evaluations: Iterable[Evaluation]) -> set[tuple[str, str, str]]:
    return {
        (candidate.row["api_name"], each.trigger_id, each.detail or "")
        for candidate, each in zip(candidates, evaluations, strict=True)
        if each.reason == "unreadable"
    }
