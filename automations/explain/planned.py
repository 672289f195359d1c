"""When triggers that go by time are due next, or why never."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from automations.calendars import BusinessCalendar, NoWorkingDayError
from automations.due_times import DatedTrigger, held_by, next_due
from automations.errors import EverstepError
from automations.event_triggers import ActivityOverdue, OnOrAroundDate
from automations.recurrence import Recurrence


@dataclass(frozen=True)
class BusinessTime:
    """The moment that counts as now, the business's timezone, and the calendar that moves a time, where one does."""

    now: datetime
    zone: ZoneInfo
    calendar: BusinessCalendar | None = None


def next_firings(recurrence: Recurrence, time: BusinessTime, count: int) -> list[datetime]:
    """When a schedule fires next; none after one that no working day follows."""
    times = recurrence.next_times(time.now, count)
    if time.calendar is None:
        return times
    try:
        return sorted({time.calendar.moved_to_working_day(at, recurrence.zone).moment for at in times})
    except (NoWorkingDayError, OverflowError):
        return []


def why_not_due(trigger: DatedTrigger, values: Mapping[str, Any], activities: Iterable[Any], time: BusinessTime) -> str:
    """Why nothing is planned for a record with these field values and scheduled crm activities (rows)."""
    held = [told for told in held_by(trigger, values, activities).values() if told is not None]
    if not held:
        return _nothing_held(trigger)
    try:
        moments = [next_due(trigger, told, after=time.now, zone=time.zone, calendar=time.calendar) for told in held]
    except EverstepError as error:
        return error.sentence
    if any(moments):
        return "it is planned as soon as a worker comes to it"
    return _past(trigger, values)


def _nothing_held(trigger: DatedTrigger) -> str:
    match trigger:
        case OnOrAroundDate(field=field):
            return f"{field} is blank"
        case ActivityOverdue(activity_type=kind):
            return f"no crm activity{f' of type {kind}' if kind else ''} is scheduled"
        case _:
            assert_never(trigger)


def _past(trigger: DatedTrigger, values: Mapping[str, Any]) -> str:
    match trigger:
        case OnOrAroundDate(field=field):
            return f"{trigger.summary()} is past, as {field} is {values.get(field)}"
        case ActivityOverdue():
            return "what is scheduled is overdue already"
        case _:
            assert_never(trigger)
