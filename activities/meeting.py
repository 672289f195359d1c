"""Which goals events meet, and which goals they move: those whose dates may now come before their workflows wake."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from activities.awaited import Waiting, meetings, told_by_record, waiting_for
from activities.services import Services
from automations.goal_moments import Seen, comings
from store.business import read_business
from store.database import Connection
from store.goals import GoalNudge, find_goal_waits, list_scheduled_activities, lock_goal_waits, settle_goals
from store.records import list_records_by_ids


async def meet_goals(connection: Connection, events: Sequence[Any], services: Services, now: datetime) -> None:
    """Writes down which goals are to be signalled. The events are in the order in which they were written."""
    by_record = told_by_record(events)
    told = {(record_id, listen) for record_id, each in by_record.items() for one in each for listen in one.listens}
    rows = await find_goal_waits(connection, told) if told else []
    waiting = [waiting_for(row, by_record[row["record_id"]]) for row in rows]
    met = await meetings(connection, waiting, services)
    moved = await _moved(connection, [each for each in waiting if each.is_moved and each.key not in met], met)
    if met or moved:
        await settle_goals(connection, [*met.values(), *moved], now)


async def _moved(connection: Connection, waiting: Collection[Waiting], met: Collection[tuple[UUID, int]]) -> list[GoalNudge]:
    """A goal that comes to something at its old moment or later finds that out by itself, when it wakes.

    Held before the records are read, with those that are met: else one that has seen a newer record would be told of an older.
    """
    if not waiting:
        return []
    await lock_goal_waits(connection, [*met, *(each.key for each in waiting)])
    business = await read_business(connection)
    records = {row["id"]: row for row in await list_records_by_ids(connection, {each.record_id for each in waiting})}
    activities = await _activities(connection, waiting)
    nudges: list[GoalNudge] = []
    for each in waiting:
        values, scheduled = records[each.record_id]["field_values"], activities.get(each.record_id, [])
        upcoming, _ = comings(each.wait, Seen(values, scheduled, ZoneInfo(business.timezone), business.calendar))
        if upcoming:
            nudges.append(GoalNudge(*each.key, upcoming[0].moment))
    return nudges


async def _activities(connection: Connection, waiting: Collection[Waiting]) -> Mapping[UUID, list[Any]]:
    asked = {each.record_id for each in waiting if each.wait.asks_activities}
    since = min((each.wait.since for each in waiting), default=None)
    found: Mapping[UUID, list[Any]] = defaultdict(list)
    for row in await list_scheduled_activities(connection, asked, since) if asked and since else []:
        found[row["record_id"]].append(row)
    return found
