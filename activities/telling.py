"""Telling workflows what was asked of their executions: written down with what asked for it, told after that."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from activities.fates import Fate, end_as_found
from activities.requesting import AWAY, deliver
from activities.services import Services
from activities.settings import Settings
from automations.executions import Request
from store.database import UNAVAILABLE, Connection, Database
from store.requests import count_unheeded, delete_told, list_to_tell, take_to_tell, touch_requests

_BATCH = 100
_AT_ONCE = 20
_LEASE = timedelta(seconds=30)
"""More than a batch of signals takes: by then its worker has died, or Temporal did not take them."""

OWN_TELLING = timedelta(seconds=5)
"""For who writes a request and then tells it; after that time a crash has come in between, or Temporal is away."""

PACED_EVERY = timedelta(seconds=0.2)
_PACED_LEASE = timedelta(seconds=5)
_LATELY = timedelta(seconds=10)
"""What takes longer, such as a pause during a long step, holds up no others."""

_LOG = structlog.get_logger("everstep.requests")


async def tell_once(services: Services) -> int:
    """How many workflows were told. Raises RPCError while Temporal is away; who was not told then is told later."""
    async with services.database.connection() as connection:
        rows = await take_to_tell(connection, _LEASE, _BATCH)
    told = 0
    for start in range(0, len(rows), _AT_ONCE):
        told += await _told(services, rows[start : start + _AT_ONCE])
    return told


async def tell_paced_once(services: Services) -> int:
    """A few of those that were asked of many at once. Always 0: the next few come after a pause.

    Raises RPCError while Temporal is away.
    """
    size = max(1, round(services.settings.bulk_requests_per_second * PACED_EVERY.total_seconds()))
    async with services.database.connection() as connection:
        if await is_behind(connection):
            return 0
        rows = await take_to_tell(connection, _PACED_LEASE, size, paced=True)
        await touch_requests(connection, [row["id"] for row in rows])
    await _told(services, rows)
    return 0


async def is_behind(connection: Connection) -> bool:
    """Whether any that were told just now have yet to do it: more would only queue before others."""
    return await count_unheeded(connection, _LATELY, 1) > 0


async def tell_now(services: Services) -> None:
    """By who has just asked; what cannot be told now is told by the workers later."""
    try:
        while await tell_once(services) == _BATCH:
            pass
    except (RPCError, *UNAVAILABLE) as error:
        _LOG.warning("request_postponed", why=str(error))


async def tell_execution(database: Database, client: Client, settings: Settings, row: Any) -> bool:
    """Tells its workflow all that it has yet to be told, in order; False if that is gone. Raises RPCError as `deliver` does.

    The row is one of `lock_execution`, and what asked is committed. What somebody else is telling it at this moment is told
    twice, and counts once.
    """
    async with database.connection() as connection:
        waiting = await list_to_tell(connection, row["id"])
    heard = [await deliver(client, settings, row, Request.model_validate(each["request"])) for each in waiting]
    if waiting:
        async with database.connection() as connection:
            await delete_told(connection, [each["id"] for each in waiting])
    return all(heard)


async def _told(services: Services, rows: Sequence[Any]) -> int:
    answers = await asyncio.gather(*(_is_told(services, row) for row in rows), return_exceptions=True)
    told = [row["request_id"] for row, answer in zip(rows, answers, strict=True) if answer is True]
    if told:
        async with services.database.connection() as connection:
            await delete_told(connection, told)
    if away := next((answer for answer in answers if isinstance(answer, BaseException)), None):
        raise away
    return len(told)


async def _is_told(services: Services, row: Any) -> bool:
    """Also where the workflow is gone. False where Temporal does not take this one."""
    request, execution_id = Request.model_validate(row["request"]), str(row["id"])
    try:
        if not await deliver(services.temporal, services.settings, row, request):
            await _without_workflow(services, row, request)
    except RPCError as error:
        if error.status in AWAY:
            raise
        _LOG.warning("signal_postponed", execution_id=execution_id, kind=request.kind, why=str(error))
        return False
    return True


async def _without_workflow(services: Services, row: Any, request: Request) -> None:
    """A cancel closes what the workflow left; anything else comes too late for it."""
    execution_id = str(row["id"])
    if request.kind == "cancel":
        by = request.by or "a person"
        fate = Fate("canceled", f"canceled by {by}: its workflow was gone from Temporal", request.cause)
        if await end_as_found(services.database, row, fate):
            _LOG.warning("end_made_up", execution_id=execution_id, found=fate.reason, ended=fate.state)
        return
    found = "its workflow is over or gone"
    _LOG.warning("request_came_too_late", execution_id=execution_id, kind=request.kind, found=found)
