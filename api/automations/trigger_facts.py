"""What is known of one trigger when it is asked why it fired, or why it did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.problems import NotFoundError
from automations.calendars import BusinessCalendar
from automations.document import AutomationDocument
from automations.event_triggers import ActivityOverdue, Event, EventTrigger, OnOrAroundDate
from automations.explain.planned import BusinessTime, next_firings, why_not_due
from automations.explain.triggers import AskedRecord, Evaluated, Planned, TriggerFacts, Waiting
from automations.kill_switches import holding_starts, refusing_starts
from automations.triggers import AnyTrigger, ScheduleTrigger, WebhookTrigger
from store.automations import read_automation
from store.business import Business, read_business
from store.database import Connection
from store.due import TriggerKey, list_due, list_open_activities
from store.evaluations import Subject, count_waiting_events, read_last_event, read_listening_since
from store.kill_switches import list_standing_switches
from store.records import read_record
from store.schedules import ScheduleDefinition, read_schedule

_TIMES = 3
"""How many of the times to come are told."""


@dataclass(frozen=True)
class Asked:
    """A trigger as the newest document has it, and the record that it is asked about."""

    automation: Any
    document: AutomationDocument
    trigger: AnyTrigger
    record: Any | None

    @property
    def subject(self) -> Subject:
        record_id = self.record["id"] if self.record else None
        return Subject(self.automation["id"], self.trigger.id, self.automation["object_id"], record_id)

    @property
    def kinds(self) -> list[str]:
        """Of the events that it answers."""
        if isinstance(self.trigger, EventTrigger):
            return sorted({listen.kind for listen in self.trigger.listens()})
        return [self.trigger.type] if isinstance(self.trigger, ScheduleTrigger | WebhookTrigger) else []


async def read_asked(connection: Connection, api_name: str, trigger_id: str, record_id: UUID | None) -> Asked:
    """Raises NotFoundError, for the trigger also where a save has deleted it."""
    automation = await read_automation(connection, api_name)
    if automation is None:
        raise NotFoundError("automation", api_name)
    document = AutomationDocument.model_validate(automation["document"])
    trigger = next((trigger for trigger in document.triggers if trigger.id == trigger_id), None)
    if trigger is None:
        raise NotFoundError("trigger", trigger_id)
    record = await read_record(connection, record_id) if record_id else None
    if record_id and record is None:
        raise NotFoundError("record", record_id)
    return Asked(automation, document, trigger, record)


async def trigger_facts(connection: Connection, asked: Asked, rows: Sequence[Any], now: datetime) -> TriggerFacts:
    """`rows` are its evaluations, newest first."""
    business = await read_business(connection)
    time = BusinessTime(now, ZoneInfo(business.timezone), _calendar(asked, business))
    switches = await list_standing_switches(connection)
    switch = refusing_starts(switches, asked.document.api_name, now)
    held = holding_starts(switches, asked.document.api_name, now)
    warning = asked.automation["warnings"].get(asked.trigger.id)
    return TriggerFacts(
        trigger=asked.trigger, zone=time.zone, now=now, active=asked.automation["active"],
        since=await _since(connection, asked), evaluated=[evaluated_of(row) for row in rows],
        waiting=await _waiting(connection, asked), record=await _record(connection, asked),
        planned=await _planned(connection, asked, time),
        broken=warning["sentence"] if warning else "", switch=switch.story if switch else "",
        held=held.story if held else "",
    )  # fmt: skip


def _calendar(asked: Asked, business: Business) -> BusinessCalendar | None:
    """Where the trigger's times are moved by it."""
    skips = getattr(asked.trigger, "skip_non_working_days", None)
    skips = asked.document.calendar.skip_non_working_days if skips is None else skips
    return business.calendar if skips else None


def evaluated_of(row: Any) -> Evaluated:
    return Evaluated(**{name: row[name] for name in Evaluated.__dataclass_fields__})


async def _since(connection: Connection, asked: Asked) -> datetime | None:
    """Webhooks are called, and listen as long as their automation is active."""
    if isinstance(asked.trigger, WebhookTrigger):
        return asked.automation["activated_at"]
    return await read_listening_since(connection, asked.subject)


async def _waiting(connection: Connection, asked: Asked) -> Waiting:
    row = await count_waiting_events(connection, asked.subject, asked.kinds)
    return Waiting(row["in_all"], row["of_trigger"], row["oldest_at"], row["set_aside"], row["problem"] or "")


async def _record(connection: Connection, asked: Asked) -> AskedRecord | None:
    record = asked.record
    if record is None:
        return None
    last = await read_last_event(connection, asked.subject, asked.kinds)
    return AskedRecord(
        record["name"], record["archived_at"] is not None, record["object_id"] != asked.automation["object_id"],
        Event(last["kind"], last["payload"]) if last else None, last["event_at"] if last else None,
    )  # fmt: skip


async def _planned(connection: Connection, asked: Asked, time: BusinessTime) -> Planned | None:
    is_listening = asked.automation["active"] and not asked.trigger.skip
    match asked.trigger:
        case ScheduleTrigger():
            return await _planned_by_schedule(connection, asked, time) if is_listening else None
        case OnOrAroundDate() | ActivityOverdue() as trigger:
            return await _planned_by_date(connection, asked, trigger, time) if is_listening else None
        case _:
            return None


async def _planned_by_schedule(connection: Connection, asked: Asked, time: BusinessTime) -> Planned:
    row = await read_schedule(connection, asked.automation["id"], asked.trigger.id)
    if row is None:
        return Planned(problem="it was never told to Temporal; save the automation again")
    definition = ScheduleDefinition.of_json(row["definition"])
    zone = definition.trigger.zone(time.zone.key)
    times = next_firings(definition.trigger.recurrence(zone, definition.since), time, _TIMES)
    return Planned(times, "" if times else "the last time of its rule has passed", row["problem"] or "")


async def _planned_by_date(
    connection: Connection, asked: Asked, trigger: OnOrAroundDate | ActivityOverdue, time: BusinessTime
) -> Planned:
    key = TriggerKey(asked.automation["id"], asked.trigger.id)
    rows = await list_due(connection, key, record_id=asked.subject.record_id, size=_TIMES)
    if rows:
        return Planned(sorted({row["due_at"] for row in rows}))
    if asked.record is None:
        return Planned(why_none="it waits for no record now")
    activities = await list_open_activities(connection, [asked.record["id"]])
    return Planned(why_none=why_not_due(trigger, asked.record["field_values"], activities, time))
