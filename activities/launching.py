"""Starting the workflows of rows that ask for it: of those that workers write, and of those that a crash left without one."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio.service import RPCError

from activities.requesting import AWAY, PATIENCE
from activities.services import Services
from activities.starting import OWN_LAUNCH, launch, restarted
from store.executions import give_back_launches, mark_launched, take_to_launch

_BATCH = 100
_AT_ONCE = 20
_LEASE = timedelta(seconds=30)
"""More than a batch takes: by then its worker has died, or the row cannot be started as it is."""

_LOG = structlog.get_logger("everstep.starting")


async def launch_once(services: Services) -> int:
    """Starts the workflows of a batch of rows that are due, regular ones first, and says how many.

    Workers share the rows. Raises RPCError or TimeoutError while Temporal is away, and gives back what it could not start.
    """
    async with services.database.connection() as connection:
        rows = await take_to_launch(connection, _LEASE, _BATCH)
    answers, away = await _launched(services, rows)
    launched = [row for row in rows if answers.get(row["id"])]
    await _write(services, [row["id"] for row in launched], [row["id"] for row in rows if row["id"] not in answers])
    _tell(launched)
    if away:
        raise away
    return len(launched)


async def _launched(services: Services, rows: Sequence[Any]) -> tuple[dict[UUID, bool], BaseException | None]:
    """Which were tried, and whether they run. The rest is not tried once Temporal is away, which is answered too."""
    answers: dict[UUID, bool] = {}
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        found = await asyncio.gather(*(_is_launched(services, row) for row in some), return_exceptions=True)
        answers |= {row["id"]: answer for row, answer in zip(some, found, strict=True) if isinstance(answer, bool)}
        if away := next((answer for answer in found if isinstance(answer, BaseException)), None):
            return answers, away
    return answers, None


async def _is_launched(services: Services, row: Any) -> bool:
    """False for one that cannot be started as it is: it is tried again after its lease, and stands in no other's way."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await launch(services.temporal, services.settings, restarted(row))
    except TimeoutError:
        raise
    except Exception as error:
        if isinstance(error, RPCError) and error.status in AWAY:
            raise
        _LOG.exception("cannot_start", execution_id=str(row["id"]))
        return False
    return True


async def _write(services: Services, launched: Collection[UUID], untried: Collection[UUID]) -> None:
    async with services.database.connection() as connection:
        if launched:
            await mark_launched(connection, launched)
        if untried:
            await give_back_launches(connection, untried)


def _tell(launched: Sequence[Any]) -> None:
    """Of those that started late: whoever was to start them could not."""
    in_time = datetime.now(UTC) - OWN_LAUNCH
    for row in launched:
        if row["created_at"] <= in_time:
            _LOG.info("start_made_up", execution_id=str(row["id"]), workflow_id=row["workflow_id"])
