"""Resuming what is paused in place of a new start: written down first, told to the workflows after that."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from temporalio.service import RPCError

from activities.asking import is_being, meant_by, pinned
from activities.requesting import AWAY, deliver
from activities.services import Services
from automations.asking import Refused
from automations.executions import Request
from store.bulk_starts import delete_resumes, insert_resume, lock_paused, take_resumes
from store.database import Connection
from store.requests import insert_request

_BATCH = 100
_AT_ONCE = 20
_LEASE = timedelta(seconds=30)
"""More than a batch of signals takes: by then its worker has died, or Temporal did not take them."""

_LOG = structlog.get_logger("everstep.bulk")


async def lock_resumable(connection: Connection, automation_id: UUID, record_ids: Iterable[UUID] | None) -> list[Any]:
    """The executions of an automation on these records (None: globally) that are paused and that a resume gets going."""
    rows = await lock_paused(connection, automation_id, record_ids)
    asked = Request(id="", kind="resume")
    return [row for row in rows if not is_being(row, "cancel") and not isinstance(meant_by(asked, row), Refused)]


async def write_resume(connection: Connection, bulk_start: Any, row: Any, now: datetime) -> None:
    """Of a row of `lock_resumable`. Its workflow hears of it after the commit."""
    request = Request(id=str(uuid4()), kind="resume", by=bulk_start["by"], why=f"bulk start {bulk_start['id']}")
    request = await pinned(connection, row, request)
    await insert_request(connection, row["id"], request, now)
    await insert_resume(connection, bulk_start["id"], row["id"], request)


async def tell_resumes(services: Services) -> int:
    """How many workflows were told. Raises RPCError while Temporal is away; who was not told then is told later."""
    async with services.database.connection() as connection:
        rows = await take_resumes(connection, _LEASE, _BATCH)
    told = 0
    for start in range(0, len(rows), _AT_ONCE):
        told += await _told(services, rows[start : start + _AT_ONCE])
    return told


async def _told(services: Services, rows: Sequence[Any]) -> int:
    answers = await asyncio.gather(*(_is_told(services, row) for row in rows), return_exceptions=True)
    told = [row for row, answer in zip(rows, answers, strict=True) if answer is True]
    if told:
        async with services.database.connection() as connection:
            await delete_resumes(connection, told)
    if away := next((answer for answer in answers if isinstance(answer, BaseException)), None):
        raise away
    return len(told)


async def _is_told(services: Services, row: Any) -> bool:
    """Also where the workflow is gone: its execution is ended by others. False where Temporal does not take this one."""
    request = Request.model_validate(row["request"])
    try:
        if not await deliver(services.temporal, services.settings, row, request):
            _LOG.warning("resume_came_too_late", execution_id=str(row["id"]), found="its workflow is over or gone")
    except RPCError as error:
        if error.status in AWAY:
            raise
        _LOG.warning("signal_postponed", execution_id=str(row["id"]), why=str(error))
        return False
    return True
