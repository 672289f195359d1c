"""Carries what happened to the automations that it starts and to the executions that wait for it.

Events are evaluated after their commit, in the order in which they were written, by one worker at a time. What they start and
which goals they meet or move is written first and launched or signalled after that, by whichever worker comes by: a crash in
between loses nothing, an event starts nothing twice, and a goal is met once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any

import structlog
from temporalio.service import RPCError

from activities.failures import sentence_of
from activities.matching import find_candidates, start_by_events
from activities.meeting import meet_goals
from activities.plain_words import raw
from activities.planning import plan_due
from activities.requesting import PATIENCE, is_missing
from activities.services import Services
from automations.messages import GoalMet
from store.database import TRANSIENT, Connection
from store.events import (
    count_failed_evaluation,
    list_events_to_retry,
    list_new_events,
    list_unevaluated_events,
    mark_evaluated,
    set_aside,
    take_turn_with_events,
)
from store.goals import mark_signalled, take_met_goals

_EVENTS = 500
_TRIES = 3
"""Of a single event that meets with what may well go through the next time."""
_RETRIES = 20
_RETRYING_SECONDS = 1.0
"""Of one round: events that fail again and again leave the time to new ones."""
_SIGNALS = 100
_AT_ONCE = 20
_LEASE = timedelta(seconds=30)
"""More than a batch of signals takes: by then its worker has died, or Temporal did not take them."""

_LOG = structlog.get_logger("everstep.relay")

_Lister = Callable[[Connection], Awaitable[Sequence[Any]]]


@dataclass(frozen=True)
class _Batch:
    """Events that were evaluated together, or what kept them from being."""

    events: Sequence[Any]
    error: Exception | None = None


async def relay_once(services: Services) -> int:
    """A batch of each: evaluates events, and signals the goals that they met. 0 if there was nothing to do.

    Raises one of UNAVAILABLE or DATABASE_ERRORS; what was not done then is done the next time.
    """
    evaluated = await evaluate_events(services) + await retry_events(services)
    return evaluated + await signal_met_goals(services)


async def evaluate_events(services: Services) -> int:
    """How many were evaluated or set aside; 0 also while another worker does it.

    Where a batch fails its halves are tried, down to the event that is to blame: it stands in the way of no other.
    """
    done, left, is_first = 0, [partial(list_new_events, size=_EVENTS)], True
    while left:
        batch = await _tried(services, left.pop())
        if batch is None:
            break
        if batch.error is None:
            done += len(batch.events)
        elif len(batch.events) > 1:
            left += _halves(batch)
        elif await _is_set_aside(services, batch.events[0], batch.error, at_once=not is_first):
            done += 1
        else:
            break
        is_first = False
    return done


async def _tried(services: Services, list_events: _Lister) -> _Batch | None:
    """None while another worker evaluates events."""
    events: Sequence[Any] = []
    try:
        async with services.database.transaction() as connection:
            if not await take_turn_with_events(connection):
                return None
            events = await list_events(connection)
            await _evaluate(connection, events, services)
    except Exception as error:
        if not events:
            raise
        return _Batch(events, error)
    return _Batch(events)


async def _evaluate(connection: Connection, events: Sequence[Any], services: Services) -> None:
    """The counters of starts are locked until the end of the transaction: starts come last in it."""
    if not events:
        return
    now = datetime.now(UTC)
    await meet_goals(connection, events, services, now)
    found = await find_candidates(connection, events)
    await plan_due(connection, [pair for pair in found if pair[1]["use"] == "due"], services, now)
    await start_by_events(connection, [pair for pair in found if pair[1]["use"] == "start"], services, now)
    await mark_evaluated(connection, [event["id"] for event in events], now)


def _halves(batch: _Batch) -> list[_Lister]:
    """The last one is the first to be tried. Another worker may have come to some of them by then."""
    assert batch.error is not None
    _LOG.warning("batch_failed", events=len(batch.events), why=raw(batch.error))
    ids = [event["id"] for event in batch.events]
    middle = len(ids) // 2
    return [partial(list_unevaluated_events, event_ids=half) for half in (ids[middle:], ids[:middle])]


async def _is_set_aside(services: Services, event: Any, error: Exception, *, at_once: bool) -> bool:
    """False where it is tried again first, before all that came after it: what is `TRANSIENT` may be over by then.

    Not `at_once` means that it failed for the first time, and not in a larger batch before.
    """
    async with services.database.connection() as connection:
        if isinstance(error, TRANSIENT) and not at_once and event["tries"] + 1 < _TRIES:
            await count_failed_evaluation(connection, event["id"])
            return False
        await _set_aside(connection, event, error)
    return True


async def _set_aside(connection: Connection, event: Any, error: Exception) -> None:
    again_at = await set_aside(connection, event["id"], sentence_of(error), datetime.now(UTC))
    if again_at is not None:
        _LOG.error(
            "event_set_aside", event_id=str(event["id"]), kind=event["kind"], tries=event["tries"] + 1,
            again_at=again_at.isoformat(), why=raw(error), exc_info=error,
        )  # fmt: skip


async def retry_events(services: Services) -> int:
    """How many events that were set aside could be evaluated now, each by itself."""
    end, now, evaluated = monotonic() + _RETRYING_SECONDS, datetime.now(UTC), 0
    async with services.database.connection() as connection:
        waiting = len(await list_events_to_retry(connection, now, _RETRIES))
    for _ in range(waiting):
        batch = await _tried(services, partial(list_events_to_retry, now=now, size=1))
        if batch is None or not batch.events:
            break
        if batch.error is None:
            evaluated += 1
        else:
            async with services.database.connection() as connection:
                await _set_aside(connection, batch.events[0], batch.error)
        if monotonic() > end:
            break
    return evaluated


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
