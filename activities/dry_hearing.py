"""Which automations would hear of what a dry run did: its events are evaluated as the relay does it, and nothing of it stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activities.dry_frame import Notes
from activities.dry_running import Told
from activities.matching import find_candidates, start_by_events
from activities.services import Services
from store.database import Connection
from store.rehearsal import LOCKED, evaluations_of

MAX_EVENTS = 100
"""Looked at: each may concern many triggers."""


@dataclass(frozen=True)
class Heard:
    """An event, and what the triggers that listen to it made of it: rows of `evaluations_of`."""

    told: Told
    evaluations: Sequence[Any]


async def heard(connection: Connection, told: Sequence[Told], services: Services, notes: Notes) -> list[Heard]:
    """Call it last: starts of the automations that would be started wait for the end of the transaction."""
    events = [each.event for each in told[:MAX_EVENTS]]
    try:
        async with connection.transaction():
            await _evaluate(connection, events, services)
    except LOCKED:
        notes.warn("Which automations would hear of the events cannot be told at this moment: others are being started.")
    rows = await evaluations_of(connection, [event["id"] for event in events])
    return [Heard(each, [row for row in rows if row["event_id"] == each.event["id"]]) for each in told]


async def _evaluate(connection: Connection, events: Sequence[Any], services: Services) -> None:
    """By the true time: counts of starts are kept by it, and would be cleared by a clock that is ahead."""
    found = await find_candidates(connection, events)
    await start_by_events(connection, [pair for pair in found if pair[1]["use"] == "start"], services, datetime.now(UTC))
