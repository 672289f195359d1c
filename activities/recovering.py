"""Does what an operator decided when Temporal has forgotten workflows: starts them again from their rows, or ends them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog
from temporalio.service import RPCError

from activities.fates import MISSING, Activity, Fate, activity_of, end_as_found, fate_of
from activities.reloading import start_again
from activities.requesting import PATIENCE, deliver, is_missing
from activities.services import Services
from automations.executions import Request
from store import missing_workflows as stored
from store.executions import give_back_launches

_PAGE = 25
_LEASE = timedelta(minutes=2)
_OWN_LAUNCH = 2 * PATIENCE
"""Shorter than the lease: one whose old workflow was not ended in that time is launched in vain, and taken up again."""
_AT_ONCE = 5
_LISTED = 200
_LOOKS = 20
_LOOK_EVERY_SECONDS = 0.3
Became = Literal["started", "reloaded", "ended"]
_LOG = structlog.get_logger("everstep.reconciling")


async def recover_once(services: Services) -> int:
    """One page of the recovery that is under way. Always 0: the next one gives regular work its turn first.

    Raises RPCError while Temporal is away: the page is done anew then, and does no harm.
    """
    async with services.database.transaction() as connection:
        recovery = await stored.take_recovery(connection, _LEASE)
        rows = await stored.list_to_recover(connection, recovery, _PAGE) if recovery else []
    if recovery is None:
        return 0
    is_over = len(rows) < _PAGE
    try:
        counts = await _handled(services, recovery, rows, is_over=is_over)
    except BaseException:
        async with services.database.connection() as connection:
            await stored.give_back_recovery(connection, recovery["id"])
        raise
    async with services.database.connection() as connection:
        await stored.write_recovered(
            connection, recovery["id"], counts, looked_at=len(rows),
            cursor=rows[-1]["id"] if rows else recovery["cursor"], is_over=is_over, now=datetime.now(UTC),
        )  # fmt: skip
    if is_over:
        _LOG.warning("recovery_completed", recovery=str(recovery["id"]), decision=recovery["decision"])
    return 0


async def _handled(services: Services, recovery: Any, rows: Sequence[Any], *, is_over: bool) -> stored.Handled:
    handle = _ended_by(services, recovery) if recovery["decision"] == "end" else _recovered_by(services)
    became: Counter[str] = Counter(each for each in await _each(rows, handle) if each)
    if is_over and recovery["decision"] == "start_again":
        became["closed"] += await _close_all_that_are_over(services)
    return stored.Handled(**became)


def _recovered_by(services: Services) -> Callable[[Any], Awaitable[Became | None]]:
    async def recovered(row: Any) -> Became | None:
        fate = await fate_of(services.temporal, row["workflow_id"])
        if fate is not None and fate is not MISSING:
            return "ended" if await end_as_found(services.database, row, fate) else None
        # What is in a step finishes that first, and then reads where it stands.
        if fate is None and await _settled(services, row) not in ("idle", "failing"):
            return "reloaded" if await reload_workflow(services, row) else None
        return "started" if await _start_again(services, row) else None

    return recovered


async def _settled(services: Services, row: Any) -> Activity:
    """What a workflow does once what it is about to do is done. It moves on within a moment, or fails."""
    for _ in range(_LOOKS):
        activity = await activity_of(services.temporal, row["workflow_id"])
        if activity != "about to move":
            return activity
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
    return "failing"


async def _start_again(services: Services, row: Any) -> bool:
    """In the place of a workflow that waits, or is stuck, and may have forgotten or be unable to do what it should.

    Its row says first that it is to be launched: nobody takes it for one whose workflow was terminated.
    """
    async with services.database.transaction() as connection:
        if not await start_again(connection, services.definitions, row["id"], datetime.now(UTC), _OWN_LAUNCH):
            return False
        await stored.unmark_missing(connection, row["id"])
    try:
        handle = services.temporal.get_workflow_handle(row["workflow_id"])
        await handle.terminate(reason="started again from its row", rpc_timeout=PATIENCE)
    except RPCError as error:
        if not is_missing(error):
            raise
    async with services.database.connection() as connection:
        await give_back_launches(connection, [row["id"]])
    _LOG.info("started_again", execution_id=str(row["id"]))
    return True


def _ended_by(services: Services, recovery: Any) -> Callable[[Any], Awaitable[Became | None]]:
    why = f": {recovery['why']}" if recovery["why"] else ""
    reason = f"ended by {recovery['by']}{why}; {MISSING.reason}"
    fate = Fate("canceled", reason, "temporal")

    async def ended(row: Any) -> Became | None:
        is_gone = await fate_of(services.temporal, row["workflow_id"]) is MISSING
        return "ended" if is_gone and await end_as_found(services.database, row, fate) else None

    return ended


async def reload_workflow(services: Services, row: Any) -> bool:
    """Has a workflow go on from where its row stands. False if it is gone."""
    handle = services.temporal.get_workflow_handle(row["workflow_id"])
    try:
        await handle.signal("reload", rpc_timeout=PATIENCE)
    except RPCError as error:
        if not is_missing(error):
            raise
        return False
    return True


async def _close_all_that_are_over(services: Services) -> int:
    """Workflows that an older Temporal takes to be running, although their executions have ended since."""
    listed = services.temporal.list_workflows("WorkflowType = 'Execution' AND ExecutionStatus = 'Running'", page_size=_LISTED)
    ids = [found.id async for found in listed]
    closed = 0
    for start in range(0, len(ids), _LISTED):
        async with services.database.connection() as connection:
            rows = await stored.list_over_among(connection, ids[start : start + _LISTED])
        closed += sum(await _each(rows, lambda row: _closed(services, row)))
    return closed


async def _closed(services: Services, row: Any) -> bool:
    request = Request(id=f"recover-{row['id']}", kind="cancel", by="everstep", why="the execution is over")
    return await deliver(services.temporal, services.settings, row, request)


async def _each(rows: Sequence[Any], handle: Callable[[Any], Awaitable[Any]]) -> list[Any]:
    """What became of each. One that cannot be handled stands in no other's way; a service that is away is raised."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Any) -> Any:
        async with places:
            return await handle(row)

    answers = await asyncio.gather(*(one(row) for row in rows), return_exceptions=True)
    for row, answer in zip(rows, answers, strict=True):
        if isinstance(answer, RPCError | OSError):
            raise answer
        if isinstance(answer, BaseException):
            _LOG.error("cannot_recover", execution_id=str(row["id"]), exc_info=answer)
    return [answer for answer in answers if not isinstance(answer, BaseException)]
