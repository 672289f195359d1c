"""Answers what workers of an older release had to leave: events whose trigger or automation they could not read.

While releases stand side by side it is for the newer one. It also ends what nobody is to answer any more.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from activities.failures import UnreadableDocumentError
from activities.matching import start_by_events
from activities.plain_words import BROKEN
from activities.services import Services
from automations.triggers.reading import is_readable
from store.database import UNAVAILABLE, Connection
from store.evaluations import list_waiting_evaluations, list_waiting_triggers
from store.events import Evaluation, insert_evaluations, take_turn_with_events
from store.listeners import Told, find_listeners

_EVENTS = 500
_TRIGGERS = 1_000
_GONE = "The trigger is gone, or does not listen to this any more."
_LOG = structlog.get_logger("everstep.relay")


async def answer_what_waited(services: Services) -> int:
    """How many evaluations no longer wait; 0 also while another worker evaluates events."""
    answered = 0
    async with services.database.connection() as connection:
        waiting = [
            row for row in await list_waiting_triggers(connection, _TRIGGERS) if await _is_for_us(connection, services, row)
        ]
        rows = await list_waiting_evaluations(connection, waiting, _EVENTS) if waiting else []
    if not rows:
        return 0
    try:
        return await _answer(services, rows)
    except UNAVAILABLE:
        raise
    except Exception:
        _LOG.exception("waiting_failed", evaluations=len(rows))
    for row in rows:
        answered += await _answer_one(services, row)
    return answered


async def _is_for_us(connection: Connection, services: Services, row: Any) -> bool:
    """A trigger that is gone is for anybody."""
    if row["definition"] is None:
        return True
    if not is_readable(row["definition"]):
        return False
    try:
        await services.definitions.plan(connection, row["automation_id"], row["revision"])
    except UnreadableDocumentError:
        return False
    return True


async def _answer(services: Services, rows: Sequence[Any]) -> int:
    now = datetime.now(UTC)
    async with services.database.transaction() as connection:
        if not await take_turn_with_events(connection):
            return 0
        found = await find_listeners(connection, [_told(row) for row in rows])
        listeners = {_key(listener): listener for listener in found if listener["use"] == "start"}
        pairs = [(_event(row), listeners[_key(row)]) for row in rows if _key(row) in listeners]
        await insert_evaluations(connection, [_refused(row, _GONE, now) for row in rows if _key(row) not in listeners])
        await start_by_events(connection, pairs, services, now)
    return len(rows)


async def _answer_one(services: Services, row: Any) -> int:
    """It stands in the way of no other."""
    try:
        return await _answer(services, [row])
    except UNAVAILABLE:
        raise
    except Exception:
        _LOG.exception("event_broken", event_id=str(row["event_id"]), automation_id=str(row["automation_id"]))
        async with services.database.connection() as connection:
            await insert_evaluations(connection, [_refused(row, BROKEN, datetime.now(UTC))])
        return 1


def _key(row: Any) -> tuple[Any, ...]:
    return row["event_id"], row["automation_id"], row["trigger_id"]


def _event(row: Any) -> dict[str, Any]:
    return {**row, "automation_id": row["only_for"]}


def _told(row: Any) -> Told:
    return Told(row["event_id"], row["event_at"], None, row["kind"], frozenset({""}), row["automation_id"], row["trigger_id"])


def _refused(row: Any, why: str, now: datetime) -> Evaluation:
    return Evaluation(
        row["event_id"], row["automation_id"], row["trigger_id"], row["record_id"], row["event_at"], now, "error", why
    )
