"""Handing over what stands on the rows of executions already, as far as Temporal takes it now."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from activities.requesting import hand_over
from activities.settings import Settings
from api.connections import Connections, UnavailableError
from store.database import UNAVAILABLE

_PATIENCE_SECONDS = 3
_LOG = structlog.get_logger("everstep.api")


async def tell(connections: Connections, settings: Settings, rows: Sequence[Any]) -> None:
    """The request on each row to its workflow; many of them are told by the workers.

    What does not get through in a few seconds is made up for by the worker.
    """
    if not rows:
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            database = await connections.database.get()
            await hand_over(database, await connections.temporal.get(), settings, rows)
    except (UnavailableError, TimeoutError, *UNAVAILABLE) as error:
        _LOG.warning("requests_postponed", count=len(rows), why=str(error) or type(error).__name__)
