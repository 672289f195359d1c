"""Telling workflows what was asked of their executions: written down with what asked for it, told after that."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from activities.requesting import AWAY, deliver
from activities.services import Services
from activities.settings import Settings
from automations.executions import Request
from store.database import UNAVAILABLE, Database
from store.requests import delete_told, list_to_tell, take_to_tell

_BATCH = 100
_AT_ONCE = 20
_LEASE = timedelta(seconds=30)
"""More than a batch of signals takes: by then its worker has died, or Temporal did not take them."""

OWN_TELLING = timedelta(seconds=5)
"""For who writes a request and then tells it; after that time a crash has come in between, or Temporal is away."""

_LOG = structlog.get_logger("everstep.requests")


async def tell_once(services: Services) -> int:
    """How many workflows were told. Raises RPCError while Temporal is away; who was not told then is told later."""
    async with services.database.connection() as connection:
        rows = await take_to_tell(connection, _LEASE, _BATCH)
    told = 0
    for start in range(0, len(rows), _AT_ONCE):
        told += await _told(services, rows[start : start + _AT_ONCE])
    return told


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
    """Also where the workflow is gone: its execution is ended by others. False where Temporal does not take this one."""
    request, execution_id = Request.model_validate(row["request"]), str(row["id"])
    try:
        if not await deliver(services.temporal, services.settings, row, request):
            _LOG.warning(
                "request_came_too_late", execution_id=execution_id, kind=request.kind, found="its workflow is over or gone"
            )
    except RPCError as error:
        if error.status in AWAY:
            raise
        _LOG.warning("signal_postponed", execution_id=execution_id, kind=request.kind, why=str(error))
        return False
    return True
