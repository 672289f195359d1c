"""Goals that wait: for which events and dates, and by which event they were met."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from automations.calendars import SEARCHED_DAYS
from automations.event_triggers import Listen
from store.database import Connection
from store.sql import QUERIES

_ACTIVITIES = 10_000
"""Of a record; those that are due first count."""

_MOVED = timedelta(days=SEARCHED_DAYS)
"""So much later than it is due a crm activity may count, by a calendar."""


@dataclass(frozen=True)
class GoalWait:
    """A step run that waits for one of its `triggers`, which such events concern.

    `since` is the execution's clock; its workflow sleeps until `wakes_at`. `timeout` is {"until", …} or None for never;
    `refused` has a moment (ISO) for each trigger, by its place, whose filter let no date up to then count.
    """

    execution_id: UUID
    sequence: int
    record_id: UUID
    listens: Collection[Listen]
    triggers: list[dict[str, Any]]
    since: datetime
    timeout: dict[str, Any] | None = None
    wakes_at: datetime | None = None
    refused: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class GoalMeeting:
    """The first event that fits, and the trigger that it fits."""

    execution_id: UUID
    sequence: int
    event_id: UUID
    trigger: dict[str, Any]


@dataclass(frozen=True)
class GoalNudge:
    """A goal that may come to a moment before its workflow wakes."""

    execution_id: UUID
    sequence: int
    moment: datetime


async def insert_goal_wait(connection: Connection, wait: GoalWait) -> None:
    """To be written in the step's transaction: what happens to the record from now on counts, nothing that happened before.

    From here to the end of the transaction nothing changes about the record and its crm activities.
    """
    await QUERIES.insert_goal_wait(
        connection, execution_id=wait.execution_id, sequence=wait.sequence, record_id=wait.record_id, triggers=wait.triggers,
        listens=sorted(map(str, wait.listens)), since=wait.since, timeout=wait.timeout, wakes_at=wait.wakes_at,
        refused=dict(wait.refused),
    )  # fmt: skip


async def lock_goal_wait(connection: Connection, execution_id: UUID, sequence: int) -> Any | None:
    """The row; nothing can meet it until the end of the transaction."""
    return await QUERIES.lock_goal_wait(connection, execution_id=execution_id, sequence=sequence)


async def hold_record_of_goal(connection: Connection, record_id: UUID) -> None:
    """Waits for events that are being written; there are none until the end of the transaction. To be called after the lock."""
    await QUERIES.hold_record_of_goal(connection, record_id=record_id)


async def list_unheard_events(connection: Connection, row: Any, kinds: Collection[str], until: datetime | None) -> list[Any]:
    """Of these kinds and of the record, since the goal of that row was reached, in their order: those that nobody has evaluated,
    and that happened by a moment (None: whenever).
    """
    rows = QUERIES.list_unheard_events(
        connection, record_id=row["record_id"], after_event=row["after_event"], kinds=list(kinds), until=until
    )
    return [row async for row in rows]


async def write_goal_look(
    connection: Connection, execution_id: UUID, sequence: int, wakes_at: datetime | None, refused: Mapping[str, str]
) -> None:
    """Of a goal that is locked since before the record was looked at."""
    await QUERIES.write_goal_look(
        connection, execution_id=execution_id, sequence=sequence, wakes_at=wakes_at, refused=dict(refused)
    )


async def delete_goal_wait(connection: Connection, execution_id: UUID, sequence: int) -> None:
    await QUERIES.delete_goal_wait(connection, execution_id=execution_id, sequence=sequence)


async def find_goal_waits(connection: Connection, told: Collection[tuple[UUID, Listen]]) -> list[Any]:
    """Goals that were not met yet and that such an event of that record concerns."""
    pairs = sorted(told)
    rows = QUERIES.find_goal_waits(
        connection, record_ids=[record_id for record_id, _ in pairs], listens=[str(listen) for _, listen in pairs]
    )
    return [row async for row in rows]


async def lock_goal_waits(connection: Connection, keys: Collection[tuple[UUID, int]]) -> None:
    """By execution and sequence: from here to the end of the transaction their workflows do not look at their records."""
    await QUERIES.lock_goal_waits(
        connection, execution_ids=[execution_id for execution_id, _ in keys], sequences=[sequence for _, sequence in keys]
    )


async def settle_goals(connection: Connection, found: Sequence[GoalMeeting | GoalNudge], now: datetime) -> None:
    """Their workflows are to be signalled, if that is still so."""
    await QUERIES.settle_goals(
        connection, execution_ids=[each.execution_id for each in found], sequences=[each.sequence for each in found],
        event_ids=[each.event_id if isinstance(each, GoalMeeting) else None for each in found],
        triggers=[each.trigger if isinstance(each, GoalMeeting) else None for each in found],
        moments=[each.moment if isinstance(each, GoalNudge) else None for each in found], now=now,
    )  # fmt: skip


async def nudge_dated_goals(connection: Connection, now: datetime) -> None:
    """All goals that wait for dates: the business's timezone or calendar changed."""
    await QUERIES.nudge_dated_goals(connection, now=now)


async def take_met_goals(connection: Connection, now: datetime, again_at: datetime, size: int) -> list[Any]:
    """Those whose workflows are to be signalled now; nobody else takes them before `again_at`."""
    return [row async for row in QUERIES.take_met_goals(connection, now=now, again_at=again_at, size=size)]


async def mark_signalled(connection: Connection, rows: Sequence[Any]) -> None:
    """Of rows of `take_met_goals`."""
    columns = {name: [row[name] for row in rows] for name in ("execution_id", "sequence", "signal_at")}
    await QUERIES.mark_goals_signalled(
        connection, execution_ids=columns["execution_id"], sequences=columns["sequence"], taken=columns["signal_at"]
    )


async def list_goal_changes(connection: Connection, row: Any, fields: Collection[str], activities: bool) -> list[Any]:
    """Of these fields, and of crm activities, since the goal of that row was reached, in their order.

    event_at, kind, payload, and `before`: what a crm activity that was changed was told to be until then.
    """
    rows = QUERIES.list_goal_changes(
        connection, record_id=row["record_id"], after_event=row["after_event"], fields=list(fields), activities=activities
    )
    return [row async for row in rows]


async def list_scheduled_activities(connection: Connection, record_ids: Collection[UUID], since: datetime) -> list[Any]:
    """The crm activities of these records that are still to be done; not those that can only have been overdue by then."""
    rows = QUERIES.list_scheduled_activities(connection, record_ids=list(record_ids), after=since - _MOVED, size=_ACTIVITIES)
    return [row async for row in rows]
