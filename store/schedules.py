"""Schedule triggers as Temporal is to have them, and what they fire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.document import AutomationDocument
from automations.triggers import ScheduleTrigger
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES


@dataclass(frozen=True)
class ScheduleDefinition:
    """What a schedule's times are made of. `since`: where a rule counts from that does not say it itself."""

    trigger: ScheduleTrigger
    since: datetime
    skip_non_working_days: bool

    @classmethod
    def of_json(cls, raw: dict[str, Any]) -> "ScheduleDefinition":
        trigger = ScheduleTrigger.model_validate(raw["trigger"])
        return cls(trigger, datetime.fromisoformat(raw["since"]), raw["skip_non_working_days"])

    def as_json(self) -> dict[str, Any]:
        trigger = self.trigger.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {"trigger": trigger, "since": self.since.isoformat(), "skip_non_working_days": self.skip_non_working_days}


async def write_schedules(connection: Connection, automation_id: UUID, document: AutomationDocument, now: datetime) -> None:
    """To be written with the document. Only what changed is told to Temporal; a trigger that is gone is forgotten there."""
    rows = {row["trigger_id"]: row async for row in QUERIES.lock_schedules(connection, automation_id=automation_id)}
    triggers = [trigger for trigger in document.triggers if isinstance(trigger, ScheduleTrigger)]
    for trigger in triggers:
        paused = trigger.skip or not document.active
        before = rows.get(trigger.id)
        definition = _definition(trigger, document, before, paused, now).as_json()
        if before is None or (before["definition"], before["paused"]) != (definition, paused):
            await QUERIES.put_schedule(
                connection, schedule_id=f"{document.api_name}/{trigger.id}", automation_id=automation_id, trigger_id=trigger.id,
                definition=definition, paused=paused, now=now,
            )  # fmt: skip
    await QUERIES.drop_schedules(connection, automation_id=automation_id, kept=[trigger.id for trigger in triggers], now=now)


def _definition(
    trigger: ScheduleTrigger, document: AutomationDocument, before: Any | None, paused: bool, now: datetime
) -> ScheduleDefinition:
    skips = trigger.skip_non_working_days
    skips = document.calendar.skip_non_working_days if skips is None else skips
    return ScheduleDefinition(trigger, _since(trigger, before, paused, now), skips)


def _since(trigger: ScheduleTrigger, before: Any | None, paused: bool, now: datetime) -> datetime:
    """A rule counts from when it was saved, or began to be listened to again."""
    if before is None or before["definition"] is None or (before["paused"] and not paused):
        return now
    old = ScheduleDefinition.of_json(before["definition"])
    is_same = (old.trigger.rule, old.trigger.timezone) == (trigger.rule, trigger.timezone)
    return old.since if is_same else now


async def resync_schedules(connection: Connection, now: datetime) -> None:
    """Where the business got another timezone."""
    await QUERIES.resync_schedules(connection, now=now)


async def take_schedules_to_sync(connection: Connection, now: datetime, again_at: datetime, size: int) -> list[Any]:
    """Those that Temporal is to be told of now; nobody else takes them before `again_at`."""
    return [row async for row in QUERIES.take_schedules_to_sync(connection, now=now, again_at=again_at, size=size)]


async def mark_schedule_synced(connection: Connection, row: Any, sync_at: datetime, refresh_at: datetime | None) -> None:
    """Of a row that was taken: it is looked at again at `sync_at`, and told anew once `refresh_at` is past."""
    await QUERIES.mark_schedule_synced(
        connection, schedule_id=row["schedule_id"], revision=row["revision"], sync_at=sync_at, refresh_at=refresh_at
    )


async def mark_schedule_unsynced(connection: Connection, row: Any, problem: str | None, sync_at: datetime) -> None:
    await QUERIES.mark_schedule_unsynced(
        connection, schedule_id=row["schedule_id"], revision=row["revision"], problem=problem, sync_at=sync_at
    )


async def forget_schedule(connection: Connection, row: Any) -> None:
    """Unless it came back in the meantime."""
    await QUERIES.forget_schedule(connection, schedule_id=row["schedule_id"], revision=row["revision"])


async def read_schedule(
    connection: Connection, automation_id: UUID, trigger_id: str, moment: datetime | None = None
) -> Any | None:
    """The row with the automation's object_id and active; None once the trigger is gone.

    `was_active`: it was at that moment, and was switched off since.
    """
    return await QUERIES.read_schedule(connection, automation_id=automation_id, trigger_id=trigger_id, moment=moment)


@dataclass(frozen=True)
class PlannedEvents:
    """That a planned time has come, told to one trigger for each of these records, or for none. Times are aware."""

    automation_id: UUID
    trigger_id: str
    event_at: datetime
    planned: datetime
    record_ids: Sequence[UUID | None]

    def key(self, record_id: UUID | None) -> str:
        """By when it fires: planned times that the calendar moves to one moment are one."""
        return f"schedule/{self.automation_id}/{self.trigger_id}/{self.event_at.isoformat()}/{record_id or ''}"


async def insert_planned_events(connection: Connection, events: PlannedEvents) -> None:
    """Those that are there already stay as they are."""
    await QUERIES.insert_planned_events(
        connection, ids=[new_id() for _ in events.record_ids], record_ids=list(events.record_ids),
        keys=[events.key(record_id) for record_id in events.record_ids], event_at=events.event_at,
        payload={"planned": events.planned.isoformat()}, automation_id=events.automation_id, trigger_id=events.trigger_id,
    )  # fmt: skip
