"""How far the deployment is behind, counted cheaply: what asks for it asks again and again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.database import Connection
from store.ids import made_at
from store.sql import QUERIES

COUNTED = 100_000
"""No count goes further: beyond it lies nothing that a person would do otherwise."""

_OPEN = ("active", "paused", "retrying")
_OVER = ("completed", "canceled", "failed")


@dataclass(frozen=True)
class Backlog:
    """Executions by state, those that `ended` in the last minute, what waits for a worker, and those `failing` in Temporal."""

    open: Mapping[str, int]
    ended: Mapping[str, int]
    to_launch: int
    failing: int
    events: int
    oldest_event: timedelta
    events_set_aside: int
    evaluations_waiting: int


async def measure_backlog(connection: Connection, now: datetime) -> Backlog:
    row = await QUERIES.measure_backlog(connection, now=now, most=COUNTED)
    ended = QUERIES.count_ended_executions(connection, since=now - timedelta(minutes=1), most=COUNTED)
    counts = {each["state"]: each["ended"] async for each in ended}
    oldest = max(now - made_at(row["oldest_event"]), timedelta(0)) if row["oldest_event"] else timedelta(0)
    return Backlog(
        open={state: row[state] for state in _OPEN},
        ended={state: counts.get(state, 0) for state in _OVER},
        to_launch=row["to_launch"],
        failing=row["failing"],
        events=row["events"],
        oldest_event=oldest,
        events_set_aside=row["events_set_aside"],
        evaluations_waiting=row["evaluations_waiting"],
    )
