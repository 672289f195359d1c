"""The moments that a goal waits for: which of its dates come when, and what became of the goal by a moment.

A goal is looked at when it is reached, when one of its moments has come, and when a change may have made one earlier. Each
time all is worked out anew from the record as it is then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from automations.calendars import BusinessCalendar
from automations.dates import Due
from automations.due_times import Told, held_by, next_due
from automations.errors import EverstepError
from automations.evaluation import refused_by_filter
from automations.event_triggers import ActivityOverdue, AwaitedTrigger, OnOrAroundDate
from automations.filter_evaluation import FilterValues

_BEGINNING = datetime.min.replace(tzinfo=UTC)

DateTrigger = OnOrAroundDate | ActivityOverdue
Path = Literal["met", "not_met"]


@dataclass(frozen=True)
class DatedWait:
    """A goal that waits: its settled triggers, since when, and when its time is up (None: never).

    `refused` says up to which moment the dates of a trigger are over, by its place, as its filter did not let them count.
    """

    triggers: Sequence[AwaitedTrigger]
    since: datetime
    timeout: datetime | None = None
    refused: Mapping[int, datetime] = field(default_factory=dict[int, datetime])

    def is_over(self, now: datetime) -> bool:
        return self.timeout is not None and self.timeout <= now

    def counts(self, event_at: datetime, *, reported: bool) -> bool:
        """Whether an event that was written while it waits happened in its time, the moment of the time-out included.

        What is told of as it happens is not from before: clocks may differ, and the order of writing does not. What is
        `reported` with a time of its own may be.
        """
        in_time = self.timeout is None or event_at <= self.timeout
        return in_time and not (reported and event_at < self.since)

    @property
    def dates(self) -> list[tuple[int, DateTrigger]]:
        return [(place, each) for place, each in enumerate(self.triggers) if isinstance(each, OnOrAroundDate | ActivityOverdue)]

    @property
    def asks_activities(self) -> bool:
        return any(isinstance(each, ActivityOverdue) for each in self.triggers)


@dataclass(frozen=True)
class Seen:
    """What moments are worked out from: a record's fields, the rows of its scheduled crm activities, and the business's time."""

    values: Mapping[str, Any]
    activities: Sequence[Any]
    zone: ZoneInfo
    calendar: BusinessCalendar


@dataclass(frozen=True)
class Coming:
    """The moment that the trigger at that place waits for, what it tells, and down which path it leads.

    It is over already where the trigger says what to do then.
    """

    place: int
    trigger: DateTrigger
    due: Due
    told: Mapping[str, Any]
    path: Path = "met"
    is_past: bool = False

    @property
    def moment(self) -> datetime:
        return self.due.moment


@dataclass(frozen=True)
class Complaint:
    """A trigger that cannot be answered, and why. It stands in the way of no other."""

    trigger: AwaitedTrigger
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """Down which path the goal leads, and by which date; without a path it waits on until a moment (None: for ever)."""

    path: Path | None = None
    by: Coming | None = None
    until: datetime | None = None
    comings: Sequence[Coming] = ()
    refused: Mapping[int, datetime] = field(default_factory=dict[int, datetime])
    complaints: Sequence[Complaint] = ()


def settled_skip(trigger: AwaitedTrigger, skips: bool) -> AwaitedTrigger:
    """The same with the automation's word on days that are not worked, where the trigger has none of its own."""
    if skips and isinstance(trigger, OnOrAroundDate | ActivityOverdue) and trigger.skip_non_working_days is None:
        return trigger.model_copy(update={"skip_non_working_days": True})
    return trigger


def comings(wait: DatedWait, seen: Seen) -> tuple[list[Coming], list[Complaint]]:
    """The next moment of each trigger that has one, the earliest first; and of which triggers it cannot be told."""
    found: list[Coming] = []
    complaints: list[Complaint] = []
    for place, trigger in wait.dates:
        try:
            found += _coming(wait, seen, place, trigger)
        except EverstepError as error:
            complaints.append(Complaint(trigger, error.sentence))
    return sorted(found, key=lambda coming: (coming.moment, coming.place)), complaints


def _coming(wait: DatedWait, seen: Seen, place: int, trigger: DateTrigger) -> Iterator[Coming]:
    held = [told for told in held_by(trigger, seen.values, seen.activities).values() if told is not None]
    ahead = _first(trigger, held, seen, wait.refused.get(place, wait.since))
    if ahead is not None:
        yield Coming(place, trigger, *ahead)
    elif isinstance(trigger, OnOrAroundDate) and trigger.past in ("met", "not_met") and place not in wait.refused:
        over = _first(trigger, held, seen, _BEGINNING)
        if over is not None:
            yield Coming(place, trigger, *over, trigger.past, is_past=True)


def _first(trigger: DateTrigger, held: Sequence[Told], seen: Seen, after: datetime) -> tuple[Due, Told] | None:
    """The first moment after that one, of all that the trigger waits for."""
    calendar = seen.calendar if trigger.skip_non_working_days else None
    dues = [(next_due(trigger, told, after=after, zone=seen.zone, calendar=calendar), told) for told in held]
    return min(((due, told) for due, told in dues if due is not None), key=lambda pair: pair[0].moment, default=None)


def decide(wait: DatedWait, seen: Seen, values: FilterValues | None, now: datetime) -> Verdict:
    """What came of the goal by `now`: the first of its dates and its time limit counts, of two at once the date.

    A date that the filter of its trigger refuses is over.
    """
    refused, complaints = dict(wait.refused), list[Complaint]()
    while True:
        upcoming, unclear = comings(replace(wait, refused=refused), seen)
        first = next((coming for coming in upcoming if _is_due(coming, wait, now)), None)
        if first is None:
            break
        refusal = refused_by_filter(first.trigger.filter, values)
        if refusal is None:
            return Verdict(first.path, first, refused=refused, complaints=[*unclear, *complaints])
        if refusal.reason == "error":
            complaints.append(Complaint(first.trigger, refusal.detail))
        refused[first.place] = max(first.moment, wait.since)
    complaints = [*unclear, *complaints]
    if wait.is_over(now):
        return Verdict("not_met", refused=refused, complaints=complaints)
    return Verdict(None, None, _earliest(upcoming, wait.timeout), upcoming, refused, complaints)


def _is_due(coming: Coming, wait: DatedWait, now: datetime) -> bool:
    in_time = coming.is_past or wait.timeout is None or coming.moment <= wait.timeout
    return in_time and coming.moment <= now


def _earliest(upcoming: Sequence[Coming], timeout: datetime | None) -> datetime | None:
    moments = [coming.moment for coming in upcoming[:1]] + ([timeout] if timeout else [])
    return min(moments, default=None)
