"""Carries what happened to the automations that it starts and to the executions that wait for it.

Events are evaluated after their commit, in the order in which they were written, by one worker at a time. What they start and
which goals they meet or move is written first and launched or signalled after that, by whichever worker comes by: a crash in
between loses nothing, an event starts nothing twice, and a goal is met once.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from temporalio.service import RPCError

from activities.matching import find_candidates, refuse_all, start_by_events
from activities.meeting import meet_goals
from activities.plain_words import BROKEN
from activities.planning import plan_due
from activities.requesting import PATIENCE, is_missing
from activities.services import Services
from automations.messages import GoalMet
from store.database import TRANSIENT, Connection
from store.events import list_new_events, mark_evaluated, take_turn_with_events
from store.goals import mark_signalled, take_met_goals

_EVENTS = 500
_SIGNALS = 100
_AT_ONCE = 20
_LEASE = timedelta(seconds=30)
"""More than a batch of signals takes: by then its worker has died, or Temporal did not take them."""

_LOG = structlog.get_logger("everstep.relay")


async def relay_once(services: Services) -> int:
    """A batch of each: evaluates events, and signals the goals that they met. 0 if there was nothing to do.

    Raises one of UNAVAILABLE or DATABASE_ERRORS; what was not done then is done the next time.
    """
    return await evaluate_events(services) + await signal_met_goals(services)


async def evaluate_events(services: Services) -> int:
    """How many; 0 also while another worker does it."""
    async with services.database.transaction() as connection:
        if not await take_turn_with_events(connection):
            return 0
        events = await list_new_events(connection, _EVENTS)
        if events:
            now = datetime.now(UTC)
            await _evaluate(connection, events, services, now)
            await mark_evaluated(connection, [event["id"] for event in events], now)
    return len(events)


async def _evaluate(connection: Connection, events: Sequence[Any], services: Services, now: datetime) -> None:
    """Together; where something is wrong with one of them each for itself, so that it stands in the way of no other."""
    try:
        async with connection.transaction():
            await meet_goals(connection, events, services, now)
            await _answer(connection, events, services, now)
    except TRANSIENT:
        raise
    except Exception:
        if len(events) > 1:
            for event in events:
                await _evaluate(connection, [event], services, now)
            return
        _LOG.exception("event_broken", event_id=str(events[0]["id"]), kind=events[0]["kind"])
        await refuse_all(connection, events, BROKEN, now)


async def _answer(connection: Connection, events: Sequence[Any], services: Services, now: datetime) -> None:
    """The counters of starts are locked until the end of the transaction: starts come last in it."""
    found = await find_candidates(connection, events)
    await plan_due(connection, [pair for pair in found if pair[1]["use"] == "due"], services, now)
    await start_by_events(connection, [pair for pair in found if pair[1]["use"] == "start"], services, now)


async def signal_met_goals(services: Services) -> int:
    """How many workflows were told. One that could not be is told later."""
    now = datetime.now(UTC)
    async with services.database.connection() as connection:
        rows = await take_met_goals(connection, now, now + _LEASE, _SIGNALS)
    told: list[Any] = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        answers = await asyncio.gather(*(_is_told(services, row) for row in some))
        told += [row for row, is_told in zip(some, answers, strict=True) if is_told]
    if told:
        async with services.database.connection() as connection:
            await mark_signalled(connection, told)
    return len(told)


async def _is_told(services: Services, row: Any) -> bool:
    """Also of a workflow that is gone: its execution is ended by others, and its goals with it."""
    try:
        handle = services.temporal.get_workflow_handle(row["workflow_id"])
        await handle.signal("met", GoalMet(sequence=row["sequence"]), rpc_timeout=PATIENCE)
    except RPCError as error:
        if is_missing(error):
            return True
        _LOG.warning("signal_postponed", execution_id=str(row["execution_id"]), sequence=row["sequence"], why=str(error))
        return False
    return True
