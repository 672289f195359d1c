"""Pause, resume, cancel, skip and retry: on the execution's row and to its workflow, or not at all."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.settings import Settings
from activities.starting import launch, restarted
from api.errors import RefusedError
from api.problems import NotFoundError
from automations.executions import PauseReason, Request, RequestKind, State, refusal
from automations.messages import Ending
from store.database import Connection, Database
from store.executions import end_execution, lock_execution, write_request

_PATIENCE = timedelta(seconds=3)
"""With a Temporal that takes the call and does not answer."""

_STANDING: frozenset[RequestKind] = frozenset({"pause", "cancel"})
"""What stands on the row until it is done: a busy chain of steps sees it there first."""


async def ask(
    database: Database,
    client: Client,
    settings: Settings,
    execution_id: UUID,
    kind: RequestKind,
    *,
    by: str,
    why: str,
    path: str | None,
) -> None:
    """Hands a request to an execution. Raises RefusedError 404, or 409 with the state found where it does not apply.

    The row is locked until Temporal has the signal, so that either both have the request or none: a Temporal that is away answers
    503 and leaves nothing behind.
    """
    request = Request(id=str(uuid4()), kind=kind, by=by, why=why, path=path)
    async with database.transaction() as connection:
        row = await lock_execution(connection, execution_id)
        if row is None:
            raise NotFoundError("execution", execution_id)
        _refuse_what_does_not_apply(row, request)
        await write_request(connection, execution_id, request if kind in _STANDING else None)
        await _signal(connection, client, settings, row, request)


def _refuse_what_does_not_apply(row: Any, request: Request) -> None:
    state, reason = _state_to_be(row)
    if row["request"] and row["request"]["kind"] == "cancel":
        raise RefusedError(409, "being_canceled", "The execution is being canceled.")
    refused = refusal(request.kind, state, reason)
    if refused:
        raise RefusedError(409, "not_applicable", refused, [{"path": "state", "code": state, "sentence": refused}])
    if request.kind == "skip" and reason == "condition_error" and request.path not in ("yes", "no"):
        raise RefusedError(422, "path_needed", "The condition could not be decided: say path, yes or no.")


def _state_to_be(row: Any) -> tuple[State, PauseReason | None]:
    """As if the request that stands were done: a resume right after a pause means something."""
    standing = row["request"]
    if standing and standing["kind"] == "pause":
        return "paused", "manual"
    return row["state"], row["pause_reason"]


async def _signal(connection: Connection, client: Client, settings: Settings, row: Any, request: Request) -> None:
    if not row["workflow_started"]:
        await launch(client, settings, restarted(row), request)
        return
    try:
        handle = client.get_workflow_handle(row["workflow_id"])
        await handle.signal(request.kind, request, rpc_timeout=_PATIENCE)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        await _without_workflow(connection, row, request)


async def _without_workflow(connection: Connection, row: Any, request: Request) -> None:
    """Somebody terminated the workflow in Temporal: a cancel closes the row that it left."""
    if request.kind != "cancel":
        raise RefusedError(409, "workflow_gone", "The execution's workflow was terminated in Temporal: cancel it to close it.")
    reason = f"canceled by {request.by or 'a person'}: its workflow had been terminated in Temporal"
    await end_execution(connection, Ending(execution_id=row["id"], now=datetime.now(UTC), state="canceled", reason=reason))
