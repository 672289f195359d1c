"""Keeps Temporal's Schedules as the schedule triggers say.

A save writes rows, and any worker tells Temporal of them after that. Temporal is looked after as well: a schedule that it has
lost is made again, and times that it cannot work out by itself are told to it before they run out.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from activities.plain_words import BROKEN
from activities.requesting import PATIENCE, is_missing
from activities.services import Services
from activities.settings import Settings
from activities.starting import task_queue
from automations.firings import Firing
from automations.recurrence import Calendar, Plan, planned
from automations.triggers.reading import unreadable
from store.business import read_business
from store.database import DATABASE_ERRORS, UNAVAILABLE
from store.schedules import (
    ScheduleDefinition,
    forget_schedule,
    mark_schedule_synced,
    mark_schedule_unsynced,
    take_schedules_to_sync,
)
from workflows.firing import ScheduleFiringWorkflow
from workflows.shown import AUTOMATION

CATCH_UP = timedelta(hours=1)
"""What Temporal missed while it was down longer is left out."""

_SIZE = 20
_AT_ONCE = 5
_LEASE = timedelta(minutes=1)
"""More than a batch takes: by then its worker has died."""
_LOOK_AGAIN = timedelta(hours=6)
_AWAY = timedelta(seconds=10)
_BROKEN = timedelta(minutes=10)
_SOON = timedelta(seconds=2)
_UNTOLD = "Temporal could not be told of it and is told again in a moment. Check that Temporal runs."
_EPOCH = datetime.fromtimestamp(0, UTC)
"""An interval as long as from here to a moment comes round at that moment, in no timezone, and then not for a lifetime."""

_LOG = structlog.get_logger("everstep.schedules")


class _FiringNowError(Exception):
    """An update now would make Temporal leave out what is due."""


async def sync_schedules_once(services: Services) -> int:
    """How many schedules Temporal was told of or asked about. One that could not be is tried again later."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        rows = await take_schedules_to_sync(connection, now, now + _LEASE, _SIZE)
        business = await read_business(connection) if rows else None
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Any) -> bool:
        async with places:
            return await _is_synced(services, row, business.timezone if business else "UTC", now)

    return sum(await asyncio.gather(*(one(row) for row in rows)))


async def _is_synced(services: Services, row: Any, timezone: str, now: datetime) -> bool:
    """One that cannot be synced stands in no other's way."""
    try:
        await _sync(services, row, timezone, now)
    except _FiringNowError:
        await _postpone(services, row, now + _SOON)
    except (RPCError, ScheduleAlreadyRunningError) as error:
        _LOG.warning("schedule_postponed", schedule=row["schedule_id"], why=str(error))
        await _postpone(services, row, now + _AWAY, _UNTOLD)
    except (*UNAVAILABLE, *DATABASE_ERRORS):
        raise
    except ValidationError as error:
        _LOG.warning("schedule_unreadable", schedule=row["schedule_id"], why=str(error))
        await _postpone(services, row, now + _AWAY, unreadable("trigger", error))
    except Exception:
        _LOG.exception("schedule_failed", schedule=row["schedule_id"])
        await _postpone(services, row, now + _BROKEN, BROKEN)
    else:
        return True
    return False


async def _postpone(services: Services, row: Any, until: datetime, problem: str | None = None) -> None:
    async with services.database.connection() as connection:
        await mark_schedule_unsynced(connection, row, problem, until)


async def _sync(services: Services, row: Any, timezone: str, now: datetime) -> None:
    handle = services.temporal.get_schedule_handle(temporal_id(services.settings, row["schedule_id"]))
    if row["definition"] is None:
        await _delete(handle)
        async with services.database.connection() as connection:
            await forget_schedule(connection, row)
        return
    refresh_at = row["refresh_at"]
    is_told = row["synced_revision"] == row["revision"] and (refresh_at is None or refresh_at > now)
    if not is_told or not await _is_there(handle):
        refresh_at = await _tell(services, handle, row, timezone, now)
    async with services.database.connection() as connection:
        await mark_schedule_synced(connection, row, min(refresh_at or now + _LOOK_AGAIN, now + _LOOK_AGAIN), refresh_at)


def temporal_id(settings: Settings, schedule_id: str) -> str:
    """Of the schedule, and with the planned time behind it of each firing. Several deployments may share a namespace."""
    return f"{settings.queue_prefix}/{schedule_id}"


async def _delete(handle: ScheduleHandle) -> None:
    try:
        await handle.delete(rpc_timeout=PATIENCE)
    except RPCError as error:
        if not is_missing(error):
            raise


async def _is_there(handle: ScheduleHandle) -> bool:
    try:
        await handle.describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if not is_missing(error):
            raise
        return False
    return True


async def _tell(services: Services, handle: ScheduleHandle, row: Any, timezone: str, now: datetime) -> datetime | None:
    """Makes the schedule or brings it up to date; says when it has to be told more."""
    definition = ScheduleDefinition.of_json(row["definition"])
    zone = definition.trigger.zone(timezone)
    plan = planned(definition.trigger.recurrence(zone, definition.since), now)
    schedule = _schedule(services.settings, row, definition, plan, zone.key)

    def update(found: ScheduleUpdateInput) -> ScheduleUpdate:
        if any(due <= now + _SOON for due in found.description.info.next_action_times):
            raise _FiringNowError
        return ScheduleUpdate(replace(schedule, state=_kept(found, row, schedule.state)))

    try:
        await handle.update(update, rpc_timeout=PATIENCE)
    except RPCError as error:
        if not is_missing(error):
            raise
        await _create(services, handle.id, row, schedule)
    _LOG.info("schedule_told", schedule=row["schedule_id"], revision=row["revision"], paused=row["paused"])
    return plan.refresh_at


def _kept(found: ScheduleUpdateInput, row: Any, state: ScheduleState) -> ScheduleState:
    """Who paused it in Temporal by hand keeps it so until the automation is saved or activated."""
    is_same = row["synced_revision"] == row["revision"]
    return found.description.schedule.state if is_same else state


async def _create(services: Services, id: str, row: Any, schedule: Schedule) -> None:
    memo = {"automation": row["schedule_id"].split("/")[0], "trigger": row["trigger_id"]}
    await services.temporal.create_schedule(id, schedule, memo=memo, search_attributes=_shown(row), rpc_timeout=PATIENCE)


def _shown(row: Any) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(AUTOMATION, row["schedule_id"].split("/")[0])])


def _schedule(settings: Settings, row: Any, definition: ScheduleDefinition, plan: Plan, zone: str) -> Schedule:
    """Each planned time counts: those who want fewer say a throttle."""
    said = f"{row['automation_name']} · {definition.trigger.summary()} · {zone}"
    paused = "" if not row["paused"] else "trigger is skipped" if definition.trigger.skip else "automation is not active"
    return Schedule(
        action=ScheduleActionStartWorkflow(
            ScheduleFiringWorkflow.run,
            Firing(automation_id=row["automation_id"], trigger_id=row["trigger_id"]),
            id=temporal_id(settings, row["schedule_id"]),
            task_queue=task_queue(settings, "regular"),
            static_summary=said[:200],
            typed_search_attributes=_shown(row),
        ),
        spec=_spec(plan),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL, catchup_window=CATCH_UP),
        state=ScheduleState(note=f"Paused, as the {paused}: {said}" if paused else said, paused=row["paused"]),
    )


def _spec(plan: Plan) -> ScheduleSpec:
    return ScheduleSpec(
        calendars=[_calendar(calendar) for calendar in plan.calendars],
        intervals=[ScheduleIntervalSpec(every=moment - _EPOCH) for moment in plan.moments],
        start_at=plan.start_at,
        end_at=plan.end_at,
        time_zone_name=plan.zone,
    )


def _calendar(calendar: Calendar) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        second=_ranges((calendar.second,)),
        minute=_ranges(calendar.minutes),
        hour=_ranges(calendar.hours),
        day_of_month=_ranges(calendar.days),
        month=_ranges(calendar.months),
        year=_ranges(calendar.years),
        day_of_week=_ranges(calendar.weekdays),
    )


def _ranges(values: tuple[int, ...]) -> list[ScheduleRange]:
    """As few as say the same: 1-5 and not 1, 2, 3, 4, 5."""
    ranges: list[ScheduleRange] = []
    for value in sorted(values):
        if ranges and ranges[-1].end + 1 == value:
            ranges[-1] = ScheduleRange(ranges[-1].start, value)
        else:
            ranges.append(ScheduleRange(value))
    return ranges
