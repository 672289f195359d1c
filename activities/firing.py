"""What a firing of a schedule does: asks when it is due, and writes the events that tell of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio import activity

from activities.services import Services
from automations.calendars import NoWorkingDayError
from automations.firings import FiredPage, FiringPage, FiringPlan, PlannedTime
from store.business import Business, read_business
from store.database import Connection
from store.ids import NIL
from store.record_search import scan_records
from store.schedules import (
    PlannedEvents,
    ScheduleDefinition,
    insert_planned_events,
    read_schedule,
)

PAGE = 500
_SECOND = timedelta(seconds=1)
_LOG = structlog.get_logger("everstep.schedules")


class Firings:
    """Each is safe to run again."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn(name="plan_firing")
    async def plan_firing(self, asked: PlannedTime) -> FiringPlan:
        async with self._services.database.connection() as connection:
            row = await read_schedule(connection, asked.automation_id, asked.trigger_id, asked.planned)
            business = await read_business(connection)
        if row is None or _is_off(row):
            return FiringPlan(why="the schedule is paused" if row else "the trigger is gone")
        return _plan(ScheduleDefinition.of_json(row["definition"]), business, asked)

    @activity.defn(name="fire_page")
    async def fire_page(self, page: FiringPage) -> FiredPage:
        async with self._services.database.transaction() as connection:
            row = await read_schedule(connection, page.automation_id, page.trigger_id, page.due_at)
            if row is None or _is_off(row):
                return FiredPage(told=0)
            if row["object_id"] is None:
                await _tell(connection, page, [None])
                return FiredPage(told=1)
            only = ScheduleDefinition.of_json(row["definition"]).trigger.filter
            scanned = await scan_records(connection, row["object_id"], only, page.after or NIL, PAGE)
            await _tell(connection, page, scanned.ids)
        return FiredPage(told=len(scanned.ids), last=scanned.last if scanned.looked_at == PAGE else None)


def _is_off(row: Any) -> bool:
    """Not where the automation was switched off since: the time that came while it was active counts."""
    return row["paused"] and not (row["was_active"] and not ScheduleDefinition.of_json(row["definition"]).trigger.skip)


def _plan(definition: ScheduleDefinition, business: Business, asked: PlannedTime) -> FiringPlan:
    zone = definition.trigger.zone(business.timezone)
    recurrence = definition.trigger.recurrence(zone, definition.since)
    if recurrence.is_stray(asked.planned):
        return FiringPlan(why="the clocks were set, and it is not planned for this time")
    if not recurrence.plans(asked.planned):
        return FiringPlan(why="it is not planned any more") if asked.waited else _by_hand(asked)
    if not definition.skip_non_working_days:
        return FiringPlan(due_at=asked.planned)
    try:
        moved = business.calendar.moved_to_working_day(asked.planned, zone)
    except (NoWorkingDayError, OverflowError) as error:
        _LOG.warning("firing_left_out", automation_id=str(asked.automation_id), trigger=asked.trigger_id, why=str(error))
        return FiringPlan(why=str(error))
    return FiringPlan(due_at=moved.moment, why=moved.in_words(zone))


def _by_hand(asked: PlannedTime) -> FiringPlan:
    """Not before it was asked for, and without a look at the calendar."""
    return FiringPlan(due_at=min(max(asked.started, asked.planned), asked.planned + _SECOND), why="started by hand")


async def _tell(connection: Connection, page: FiringPage, records: Sequence[UUID | None]) -> None:
    if records:
        events = PlannedEvents(page.automation_id, page.trigger_id, page.due_at, page.planned, records)
        await insert_planned_events(connection, events)
