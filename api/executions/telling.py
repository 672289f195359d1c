"""Handing over what stands on the rows of executions already, as far as Temporal takes it now."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from activities.requesting import deliver
from activities.settings import Settings
from api.connections import Connections, UnavailableError
from automations.executions import Request

_AT_ONCE = 10
_PATIENCE_SECONDS = 3
_LOG = structlog.get_logger("everstep.api")


async def tell(connections: Connections, settings: Settings, rows: Sequence[Any]) -> None:
    """The request on each row to its workflow. What does not get through in a few seconds is made up for by the worker."""
    if not rows:
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            client = await connections.temporal.get()
            places = asyncio.Semaphore(_AT_ONCE)
            await asyncio.gather(*(_tell(client, settings, row, places) for row in rows))
    except (UnavailableError, TimeoutError) as error:
        _LOG.warning("requests_postponed", count=len(rows), why=str(error) or type(error).__name__)


async def _tell(client: Client, settings: Settings, row: Any, places: asyncio.Semaphore) -> None:
    async with places:
        try:
            await deliver(client, settings, row, Request.model_validate(row["request"]))
        except RPCError as error:
            _LOG.warning("request_postponed", execution_id=str(row["id"]), why=str(error))
