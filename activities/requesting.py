"""Handing a request to the workflow of an execution."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.settings import Settings
from activities.starting import launch, restarted
from automations.executions import Request
from store.database import Connection, Database
from store.requests import ask_executions, tell_later

FEW = 20
"""So many workflows are told at once: what they do then takes a part of a second, and other work waits no longer."""

_AT_ONCE = 10
_LOG = structlog.get_logger("everstep.requesting")

PATIENCE = timedelta(seconds=3)
"""With a Temporal that takes the call and does not answer."""
AWAY = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})
"""What Temporal answers, or does not, while it is away or overtaxed: nothing is wrong with the call."""


async def deliver(client: Client, settings: Settings, row: Any, request: Request) -> bool:
    """By signal, with which a workflow that was never started starts. False if the workflow is gone.

    The row has id, workflow_id, workflow_started, start_request and priority. Raises RPCError where Temporal does not take it.
    """
    if not row["workflow_started"]:
        await launch(client, settings, restarted(row), request)
        return True
    try:
        handle = client.get_workflow_handle(row["workflow_id"])
        await handle.signal(request.kind, request, rpc_timeout=PATIENCE)
    except RPCError as error:
        if not is_missing(error):
            raise
        return False
    return True


async def hand_over(database: Database, client: Client, settings: Settings, rows: Sequence[Any]) -> None:
    """The request that stands on each row to its workflow: of a few now, of many by the workers, a few at a time.

    What does not get through is made up for by the reconciler.
    """
    if len(rows) > FEW:
        async with database.connection() as connection:
            await tell_later(connection, [(row["id"], row["request"]) for row in rows], gap_of(settings))
        return
    places = asyncio.Semaphore(_AT_ONCE)
    await asyncio.gather(*(_handed_over(client, settings, row, places) for row in rows))


async def ask_all(connection: Connection, settings: Settings, asked: Sequence[tuple[UUID, Request]], now: datetime) -> None:
    """As `ask_executions`; many of them are told a few at a time."""
    await ask_executions(connection, asked, now, gap_of(settings) if len(asked) > FEW else None)


def gap_of(settings: Settings) -> timedelta:
    """Between two workflows that are told of a request for many."""
    return timedelta(seconds=1) / settings.bulk_requests_per_second


async def _handed_over(client: Client, settings: Settings, row: Any, places: asyncio.Semaphore) -> None:
    async with places:
        try:
            await deliver(client, settings, row, Request.model_validate(row["request"]))
        except RPCError as error:
            _LOG.warning("request_postponed", execution_id=str(row["id"]), why=str(error))


def is_missing(error: RPCError) -> bool:
    """Whether Temporal knows no such workflow, or none that runs; where it does not know the namespace, nothing is known."""
    if error.status != RPCStatusCode.NOT_FOUND:
        return False
    return not any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
