"""Which goals what happened to their records meets: by when it happened, whenever that is asked."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError

from activities.record_values import record_values
from activities.services import Services
from automations.evaluation import refused_by_filter
from automations.event_triggers import AwaitedTrigger, AwaitedTriggerUnion, Event, Listen
from automations.filter_evaluation import FilterValues
from automations.goal_moments import DatedWait
from store.database import Connection
from store.goals import GoalMeeting
from store.records import list_records_by_ids

_TRIGGERS: TypeAdapter[list[AwaitedTrigger]] = TypeAdapter(list[AwaitedTriggerUnion])
_LOG = structlog.get_logger("everstep.goals")


@dataclass(frozen=True)
class Told:
    """An event of a record. `reported`: its sender said when it had happened."""

    id: UUID
    number: int
    event: Event
    listens: frozenset[Listen]
    at: datetime
    reported: bool

    @staticmethod
    def of(row: Any) -> "Told":
        event = Event(row["kind"], row["payload"])
        listens = frozenset(Listen(event.kind, key) for key in event.keys)
        return Told(row["id"], row["number"], event, listens, row["event_at"], row["reported_at"] is not None)


@dataclass(frozen=True)
class Waiting:
    """A goal, and what was written of its record since it was reached, in order."""

    row: Any
    wait: DatedWait
    events: Sequence[Told]

    @property
    def record_id(self) -> UUID:
        return self.row["record_id"]

    @property
    def key(self) -> tuple[UUID, int]:
        return self.row["execution_id"], self.row["sequence"]

    def fits(self) -> list[tuple[Told, AwaitedTrigger]]:
        """With each trigger the first event that fits it, in the order of the events. Filters are not asked yet."""
        first = [(told, trigger) for trigger in self.wait.triggers if (told := self._first(trigger)) is not None]
        return sorted(first, key=lambda fit: fit[0].number)

    def _first(self, trigger: AwaitedTrigger) -> Told | None:
        listens = trigger.listens()
        return next((told for told in self.events if listens & told.listens and self._fit(told, trigger)), None)

    def _fit(self, told: Told, trigger: AwaitedTrigger) -> bool:
        return self.wait.counts(told.at, reported=told.reported) and not trigger.mismatch(told.event)

    @property
    def is_moved(self) -> bool:
        return any(trigger.moved_by() & told.listens for _, trigger in self.wait.dates for told in self.events)


def told_by_record(events: Sequence[Any]) -> Mapping[UUID, list[Told]]:
    """Without those that concern one trigger of an automation alone."""
    found: Mapping[UUID, list[Told]] = defaultdict(list)
    for row in events:
        if row["record_id"] is not None and row["automation_id"] is None:
            found[row["record_id"]].append(Told.of(row))
    return found


def waiting_for(row: Any, events: Sequence[Told]) -> Waiting:
    """Of a row of `store.goals`, with events of its record in the order in which they were written."""
    return Waiting(row, dated_wait(row), [told for told in events if told.number > row["after_event"]])


async def meetings(
    connection: Connection, waiting: Collection[Waiting], services: Services
) -> dict[tuple[UUID, int], GoalMeeting]:
    """By the first event that fits and that the filter of its trigger lets count, by the record as it is now."""
    fitting = [(each, fits) for each in waiting if (fits := each.fits())]
    values = await _values(connection, fitting, services)
    met: dict[tuple[UUID, int], GoalMeeting] = {}
    for each, fits in fitting:
        first = next((fit for fit in fits if _counts(each, fit[1], values.get(each.record_id))), None)
        if first is not None:
            told, trigger = first
            met[each.key] = GoalMeeting(*each.key, told.id, trigger.as_json())
    return met


async def _values(
    connection: Connection, fitting: Sequence[tuple[Waiting, Sequence[tuple[Told, AwaitedTrigger]]]], services: Services
) -> Mapping[UUID, FilterValues]:
    """Of the records that filters are to be asked about, as they are now."""
    asked = [(each.record_id, trigger.filter) for each, fits in fitting for _, trigger in fits if trigger.filter is not None]
    if not asked:
        return {}
    records = await list_records_by_ids(connection, {record_id for record_id, _ in asked})
    return await record_values(connection, services.definitions, records, [filter for _, filter in asked])


def _counts(waiting: Waiting, trigger: AwaitedTrigger, values: FilterValues | None) -> bool:
    """Not where the filter cannot be answered, which is told of."""
    refusal = refused_by_filter(trigger.filter, values)
    if refusal is not None and refusal.reason == "error":
        execution_id, sequence = waiting.key
        _LOG.warning("goal_unclear", execution_id=str(execution_id), sequence=sequence, why=refusal.detail)
    return refusal is None


def dated_wait(row: Any) -> DatedWait:
    """Of a row of `store.goals`."""
    timeout = datetime.fromisoformat(row["timeout"]["until"]) if row["timeout"] else None
    refused = {int(place): datetime.fromisoformat(until) for place, until in row["refused"].items()}
    return DatedWait(_triggers(row), row["since"], timeout, refused)


def _triggers(row: Any) -> list[AwaitedTrigger]:
    """None of them where a newer release wrote what this one cannot read: one goal stands in the way of no other."""
    try:
        return _TRIGGERS.validate_python(row["triggers"])
    except ValidationError as error:
        _LOG.warning("goal_unreadable", execution_id=str(row["execution_id"]), sequence=row["sequence"], why=str(error))
        return []
