"""What triggers wait for on records, and when it is due: as it is written, and as it is to be."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from activities.services import Services
from automations.calendars import BusinessCalendar
from automations.due_times import DatedTrigger, Told, held_by, next_due, told_by
from automations.errors import EverstepError
from automations.event_triggers import ActivityOverdue, Event, OnOrAroundDate
from automations.triggers.reading import is_readable, read_trigger
from store.business import Business
from store.database import Connection
from store.due import (
    DueKey,
    Fired,
    Planned,
    TriggerKey,
    drop_due,
    find_dated_triggers,
    insert_due_events,
    list_open_activities,
    put_due,
)
from store.listeners import warn_of_triggers
from store.records import list_records_by_ids

_LOG = structlog.get_logger("everstep.planning")


@dataclass(frozen=True)
class Dated:
    """A trigger that is due at moments, with what they are worked out by. Only what is due after `since` counts, and before
    `until`, when its automation was switched off.

    `broken` (code, sentence): nothing can be worked out for any record.
    """

    api_name: str
    trigger: DatedTrigger
    since: datetime
    until: datetime | None
    zone: ZoneInfo
    calendar: BusinessCalendar | None
    broken: tuple[str, str] | None

    @property
    def kind(self) -> str:
        (listen,) = self.trigger.listens()
        return listen.kind

    def due(self, told: Told, after: datetime) -> Planned | None:
        """Raises FieldValueError, NoWorkingDayError."""
        found = next_due(self.trigger, told, after=max(after, self.since), zone=self.zone, calendar=self.calendar)
        if found is None or (self.until is not None and found.moment >= self.until):
            return None
        return Planned(found.moment, {**told, "moved": found.as_json()} if found.passed else told)


@dataclass(frozen=True)
class Look:
    """What is planned with: the triggers, the records and their open crm activities, all as they are now.

    What is planned for triggers that are `unreadable` to this release is left to a newer one.
    """

    triggers: Mapping[TriggerKey, Dated]
    unreadable: Collection[TriggerKey]
    records: Mapping[UUID, Any]
    activities: Mapping[UUID, list[Any]]

    def held(self, trigger: DatedTrigger, record_id: UUID) -> dict[str, Told | None]:
        """An archived record holds nothing that is waited for."""
        record = self.records[record_id]
        if record["archived_at"] is not None:
            return {}
        return held_by(trigger, record["field_values"], self.activities.get(record_id, ()))


async def look_at(
    connection: Connection, services: Services, business: Business, keys: Iterable[TriggerKey], record_ids: Iterable[UUID]
) -> Look:
    """A trigger that is gone, skipped or of an automation that was never active is not in it."""
    rows = {_trigger(row): row for row in await find_dated_triggers(connection, list(keys))}
    unread = unreadable(rows.values())
    found = {key: await _dated(connection, services, row, business) for key, row in rows.items() if key not in unread}
    triggers = {key: dated for key, dated in found.items() if dated is not None}
    ids = set(record_ids) if triggers else set[UUID]()
    records = {row["id"]: row for row in await list_records_by_ids(connection, ids)} if ids else {}
    activities: dict[UUID, list[Any]] = {}
    if any(isinstance(dated.trigger, ActivityOverdue) for dated in triggers.values()):
        for row in await list_open_activities(connection, records):
            activities.setdefault(row["record_id"], []).append(row)
    return Look(triggers, unread, records, activities)


def _trigger(row: Any) -> TriggerKey:
    return TriggerKey(row["automation_id"], row["trigger_id"])


def unreadable(rows: Iterable[Any]) -> set[TriggerKey]:
    """Those that a newer release wrote: it is not for this one to say when they are due."""
    triggers = {_trigger(row): row["definition"] for row in rows}
    return {key for key, definition in triggers.items() if not is_readable(definition)}


async def _dated(connection: Connection, services: Services, row: Any, business: Business) -> Dated | None:
    trigger = read_trigger(row["definition"])
    if not isinstance(trigger, OnOrAroundDate | ActivityOverdue):
        return None
    definition = await services.definitions.object(connection, row["object_id"], row["object_revision"])
    broken = next(((code, sentence) for _, code, sentence in trigger.unfit(definition)), None)
    skips = trigger.skip_non_working_days
    if skips is None:
        skips = row["skip_non_working_days"]
    zone, calendar = ZoneInfo(business.timezone), business.calendar if skips else None
    return Dated(row["api_name"], trigger, row["since"], row["until"], zone, calendar, broken)


class DuePlans:
    """The rows of some triggers and records, which are locked, and what is to become of them.

    Whatever was due by the time from which something is planned anew is fired first: a change moves only what is yet to come,
    however late it is looked at.
    """

    def __init__(self, look: Look, rows: Mapping[DueKey, Planned]) -> None:
        self._look = look
        self._before = rows
        self._rows = dict(rows)
        self._subjects: dict[tuple[TriggerKey, UUID], set[str]] = defaultdict(set)
        for key in rows:
            self._subjects[key.trigger, key.record_id].add(key.subject)
        self._fired: list[Fired] = []
        self._warnings: dict[TriggerKey, tuple[str, str]] = {}

    def follow(self, key: TriggerKey, record_id: UUID, event: Event, event_at: datetime) -> None:
        """What an event means for a trigger."""
        dated = self._look.triggers.get(key)
        if dated is None or record_id not in self._look.records:
            return
        told = told_by(dated.trigger, event)
        if told is None:
            is_gone = event.kind == "record_archived"
            self._plan_record(key, record_id, {} if is_gone else self._look.held(dated.trigger, record_id), event_at)
            return
        for subject, each in told.items():
            self._plan(DueKey(*key, record_id, subject), each, event_at)

    def plan_anew(self, key: TriggerKey, record_id: UUID, after: datetime) -> None:
        """From the record as it is now, all that it holds."""
        held = self._look.held(self._look.triggers[key].trigger, record_id)
        self._plan_record(key, record_id, held, after)

    def plan_next(self, key: DueKey, now: datetime) -> None:
        """What comes after a row whose time has come: nothing, or next year's."""
        dated = self._look.triggers.get(key.trigger)
        if dated is None:
            self._rows.pop(key, None)
            return
        self._plan(key, self._look.held(dated.trigger, key.record_id).get(key.subject), now)

    def _plan_record(self, key: TriggerKey, record_id: UUID, held: Mapping[str, Told | None], after: datetime) -> None:
        for subject in sorted(self._subjects[key, record_id] | held.keys()):
            self._plan(DueKey(*key, record_id, subject), held.get(subject), after)

    def _plan(self, key: DueKey, told: Told | None, after: datetime) -> None:
        dated = self._look.triggers[key.trigger]
        row = self._rows.pop(key, None)
        if row is not None and row.due_at <= after:
            self._fired.append(Fired(key, row, dated.kind))
        planned = self._next(dated, key, told, after)
        if planned is not None:
            self._rows[key] = planned
            self._subjects[key.trigger, key.record_id].add(key.subject)

    def _next(self, dated: Dated, key: DueKey, told: Told | None, after: datetime) -> Planned | None:
        if dated.broken:
            self._warnings[key.trigger] = dated.broken
            return None
        try:
            return dated.due(told, after) if told is not None else None
        except EverstepError as error:
            self._warnings[key.trigger] = error.code, f"Record {key.record_id}: {error.sentence}"
            return None

    async def write(self, connection: Connection, now: datetime) -> None:
        """What changed, the events of what is fired, and warnings of what cannot be planned."""
        gone = [key for key in self._before if key not in self._rows]
        changed = {key: row for key, row in self._rows.items() if self._before.get(key) != row}
        if self._fired:
            await insert_due_events(connection, self._fired)
        if gone:
            await drop_due(connection, gone)
        if changed:
            await put_due(connection, changed)
        await self._warn(connection, now)

    async def _warn(self, connection: Connection, now: datetime) -> None:
        for key, (code, sentence) in self._warnings.items():
            api_name = self._look.triggers[key].api_name
            _LOG.warning("trigger_not_planned", automation=api_name, trigger=key.trigger_id, code=code, why=sentence)
        told = [(key.automation_id, key.trigger_id, *why) for key, why in self._warnings.items()]
        await warn_of_triggers(connection, told, now)
