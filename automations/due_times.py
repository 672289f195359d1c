"""What a trigger that is due at a moment waits for, and when that moment is.

What is waited for is kept as the event will tell of it: {"field", "value"}, or {"activity": {…}}. It goes by its subject: the id
of a crm activity, or "" where it is the record itself.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from automations.calendars import BusinessCalendar
from automations.crm_activities import told as told_of_activity
from automations.dates import Due, date_or_moment, occurrence
from automations.event_triggers import ActivityOverdue, Event, OnOrAroundDate

DatedTrigger = OnOrAroundDate | ActivityOverdue
Told = dict[str, Any]

_OF_WHOLE_RECORD = frozenset({"record_archived", "record_unarchived"})
_STILL_OPEN = frozenset({"activity_scheduled", "activity_changed"})


def held_by(trigger: DatedTrigger, values: Mapping[str, Any], activities: Iterable[Any]) -> dict[str, Told | None]:
    """What a record holds that is waited for, of its field values and its open crm activities (rows)."""
    match trigger:
        case OnOrAroundDate():
            return {"": _date(trigger, values)}
        case ActivityOverdue(activity_type=wanted):
            fitting = (each for each in activities if wanted in (None, each["type"]))
            return {str(each["id"]): {"activity": told_of_activity(each)} for each in fitting}
        case _:
            assert_never(trigger)


def told_by(trigger: DatedTrigger, event: Event) -> dict[str, Told | None] | None:
    """The same for the subjects that an event tells of, as they were then. None for an event of the record as a whole."""
    if event.kind in _OF_WHOLE_RECORD:
        return None
    match trigger:
        case OnOrAroundDate():
            return {"": _date(trigger, event.part("new"))}
        case ActivityOverdue():
            activity = event.part("activity")
            return {str(activity.get("id")): {"activity": activity} if event.kind in _STILL_OPEN else None}
        case _:
            assert_never(trigger)


def _date(trigger: OnOrAroundDate, values: Mapping[str, Any]) -> Told | None:
    value = values.get(trigger.field)
    return None if value is None else {"field": trigger.field, "value": value}


def next_due(
    trigger: DatedTrigger, told: Told, *, after: datetime, zone: ZoneInfo, calendar: BusinessCalendar | None
) -> Due | None:
    """The first moment after that one; None if there is none any more. The calendar is one that the trigger is moved by.

    Raises FieldValueError for a value that is no date, and NoWorkingDayError.
    """
    match trigger:
        case OnOrAroundDate():
            base = date_or_moment(trigger.field, told["value"])
            how = partial(occurrence, days=trigger.offset, at=trigger.at, every_year=trigger.every_year)
        case ActivityOverdue():
            base, how = date_or_moment("due_at", told["activity"].get("due_at")), occurrence
        case _:
            assert_never(trigger)
    return None if base is None else how(base, after=after, zone=zone, calendar=calendar)
