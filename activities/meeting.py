"""Which goals events meet, and which goals they move: those whose dates may now come before their workflows wake."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from activities.goals import dated_wait
from activities.record_values import record_values
from activities.services import Services
from automations.evaluation import refused_by_filter
from automations.event_triggers import AwaitedTrigger, Event, Listen
from automations.filter_evaluation import FilterValues
from automations.goal_moments import DatedWait, Seen, comings
from store.business import read_business
from store.database import Connection
from store.goals import GoalMeeting, GoalNudge, find_goal_waits, list_scheduled_activities, lock_goal_waits, settle_goals
from store.records import list_records_by_ids

_LOG = structlog.get_logger("everstep.goals")


@dataclass(frozen=True)
class _Told:
    """An event of a record."""

    id: UUID
    number: int
    event: Event
    listens: frozenset[Listen]


@dataclass(frozen=True)
class _Waiting:
    """A goal, and what happened to its record since it was reached, in order."""

    row: Any
    wait: DatedWait
    events: Sequence[_Told]

    @property
    def record_id(self) -> UUID:
        return self.row["record_id"]

    def fits(self) -> list[tuple[_Told, AwaitedTrigger]]:
        """With each trigger the first event that fits it, in the order of the events. Filters are not asked yet."""
        first = [(told, trigger) for trigger in self.wait.triggers if (told := self._first(trigger)) is not None]
        return sorted(first, key=lambda fit: fit[0].number)

    def _first(self, trigger: AwaitedTrigger) -> _Told | None:
        listens = trigger.listens()
        return next((told for told in self.events if listens & told.listens and not trigger.mismatch(told.event)), None)

    @property
    def is_moved(self) -> bool:
        return any(trigger.moved_by() & told.listens for _, trigger in self.wait.dates for told in self.events)


async def meet_goals(connection: Connection, events: Sequence[Any], services: Services, now: datetime) -> None:
    """Writes down which goals are to be signalled. The events are in the order in which they were written."""
    by_record = _by_record(events)
    told = {(record_id, listen) for record_id, each in by_record.items() for one in each for listen in one.listens}
    rows = await find_goal_waits(connection, told) if told else []
    waiting = [_waiting(row, by_record[row["record_id"]]) for row in rows]
    met = await _met(connection, waiting, services)
    moved = await _moved(connection, [each for each in waiting if each.is_moved and _key(each.row) not in met], met)
    if met or moved:
        await settle_goals(connection, [*met.values(), *moved], now)


def _by_record(events: Sequence[Any]) -> Mapping[UUID, list[_Told]]:
    """Without those that concern one trigger of an automation alone."""
    found: Mapping[UUID, list[_Told]] = defaultdict(list)
    for row in events:
        if row["record_id"] is not None and row["automation_id"] is None:
            event = Event(row["kind"], row["payload"])
            listens = frozenset(Listen(event.kind, key) for key in event.keys)
            found[row["record_id"]].append(_Told(row["id"], row["number"], event, listens))
    return found


def _waiting(row: Any, events: Sequence[_Told]) -> _Waiting:
    return _Waiting(row, dated_wait(row), [told for told in events if told.number > row["after_event"]])


def _key(row: Any) -> tuple[UUID, int]:
    return row["execution_id"], row["sequence"]


async def _met(connection: Connection, waiting: Collection[_Waiting], services: Services) -> dict[tuple[UUID, int], GoalMeeting]:
    """By the first event that fits and that the filter of its trigger lets count."""
    fitting = [(each, fits) for each in waiting if (fits := each.fits())]
    values = await _values(connection, fitting, services)
    met: dict[tuple[UUID, int], GoalMeeting] = {}
    for each, fits in fitting:
        first = next((fit for fit in fits if _counts(each, fit[1], values.get(each.record_id))), None)
        if first is not None:
            told, trigger = first
            met[_key(each.row)] = GoalMeeting(*_key(each.row), told.id, trigger.as_json())
    return met


async def _values(
    connection: Connection, fitting: Sequence[tuple[_Waiting, Sequence[tuple[_Told, AwaitedTrigger]]]], services: Services
) -> Mapping[UUID, FilterValues]:
    """Of the records that filters are to be asked about, as they are now."""
    asked = [(each.record_id, trigger.filter) for each, fits in fitting for _, trigger in fits if trigger.filter is not None]
    if not asked:
        return {}
    records = await list_records_by_ids(connection, {record_id for record_id, _ in asked})
    return await record_values(connection, services.definitions, records, [filter for _, filter in asked])


def _counts(waiting: _Waiting, trigger: AwaitedTrigger, values: FilterValues | None) -> bool:
    """Not where the filter cannot be answered, which is told of."""
    refusal = refused_by_filter(trigger.filter, values)
    if refusal is not None and refusal.reason == "error":
        execution_id, sequence = _key(waiting.row)
        _LOG.warning("goal_unclear", execution_id=str(execution_id), sequence=sequence, why=refusal.detail)
    return refusal is None


async def _moved(connection: Connection, waiting: Collection[_Waiting], met: Collection[tuple[UUID, int]]) -> list[GoalNudge]:
    """A goal that comes to something at its old moment or later finds that out by itself, when it wakes.

    Held before the records are read, with those that are met: else one that has seen a newer record would be told of an older.
    """
    if not waiting:
        return []
    await lock_goal_waits(connection, [*met, *(_key(each.row) for each in waiting)])
    business = await read_business(connection)
    records = {row["id"]: row for row in await list_records_by_ids(connection, {each.record_id for each in waiting})}
    activities = await _activities(connection, waiting)
    nudges: list[GoalNudge] = []
    for each in waiting:
        values, scheduled = records[each.record_id]["field_values"], activities.get(each.record_id, [])
        upcoming, _ = comings(each.wait, Seen(values, scheduled, ZoneInfo(business.timezone), business.calendar))
        if upcoming:
            nudges.append(GoalNudge(*_key(each.row), upcoming[0].moment))
    return nudges


async def _activities(connection: Connection, waiting: Collection[_Waiting]) -> Mapping[UUID, list[Any]]:
    asked = {each.record_id for each in waiting if each.wait.asks_activities}
    since = min((each.wait.since for each in waiting), default=None)
    found: Mapping[UUID, list[Any]] = defaultdict(list)
    for row in await list_scheduled_activities(connection, asked, since) if asked and since else []:
        found[row["record_id"]].append(row)
    return found
