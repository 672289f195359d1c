"""Pause, resume, cancel, skip and retry: written on the execution's row first, told to its workflow after that."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from activities.asking import accepted, deed, pinned, state_of
from activities.settings import Settings
from activities.telling import OWN_TELLING, tell_execution
from api.errors import RefusedError
from api.problems import NotFoundError
from automations.asking import Refused
from automations.executions import Request, RequestKind
from automations.messages import Ending
from store.audit import Actor, write_audit
from store.database import UNAVAILABLE, Connection, Database
from store.executions import end_execution, lock_execution, write_request
from store.requests import insert_request, promise_to_tell

_LOG = structlog.get_logger("everstep.requests")

_STANDING: frozenset[RequestKind] = frozenset({"pause", "cancel"})
"""What stands on the row until it is done: a busy chain of steps sees it there first."""

_GONE = (
    "The execution's workflow is not in Temporal: cancel it to close it. If Temporal was restored from a backup, "
    "`everstep recover start-again` lets it go on."
)
_STANDS: frozenset[str] = frozenset({"being_canceled", "being_paused"})
_UNFIT = frozenset({"path_needed", "no_such_path", "whole_execution"})
"""What is wrong with the request itself, whatever the state: 422. All else is 409."""


@dataclass(frozen=True)
class Asked:
    """`version` is that of the row with the request; `told` is False where a worker is to tell the workflow, later."""

    version: int
    told: bool


async def ask(
    database: Database,
    client: Client,
    settings: Settings,
    execution_id: UUID,
    kind: RequestKind,
    *,
    actor: Actor,
    why: str,
    path: str | None,
    step: str | None = None,
) -> Asked:
    """Hands a request to an execution.

    Raises RefusedError: 404, 422, or 409 with the state found where it does not apply. What is
    written is promised: if Temporal goes away then, a worker tells the workflow later.
    """
    request = Request(id=str(uuid4()), kind=kind, by=actor.name, why=why, path=path, step=step)
    async with database.transaction() as connection:
        row = await lock_execution(connection, execution_id)
        if row is None:
            raise NotFoundError("execution", execution_id)
        request = await pinned(connection, row, _accepted(row, request))
        await insert_request(connection, execution_id, request, datetime.now(UTC))
        await write_request(connection, execution_id, request if kind in _STANDING else None)
        await write_audit(connection, actor, deed(row, request))
        await promise_to_tell(connection, [(execution_id, request.model_dump())], OWN_TELLING)
    _LOG.info("request_taken", execution_id=str(execution_id), kind=kind, by=actor.name, why=why, step=request.step, path=path)
    return Asked(row["version"] + 1, await _told(database, client, settings, row, request))


async def _told(database: Database, client: Client, settings: Settings, row: Any, request: Request) -> bool:
    """Raises RefusedError 409 where nobody is there to hear it."""
    try:
        is_there = await tell_execution(database, client, settings, row)
    except (RPCError, RuntimeError, *UNAVAILABLE) as error:
        _LOG.warning("request_postponed", execution_id=str(row["id"]), kind=request.kind, why=str(error))
        return False
    if not is_there:
        async with database.transaction() as connection:
            await _without_workflow(connection, row["id"], request)
        if request.kind != "cancel":
            raise RefusedError(409, "workflow_gone", _GONE)
    return True


def _accepted(row: Any, request: Request) -> Request:
    found = accepted(request, row)
    if not isinstance(found, Refused):
        return found
    if found.code in _STANDS:
        raise RefusedError(409, found.code, found.sentence)
    item = {"path": found.path, "code": state_of(row) if found.path == "state" else found.code, "sentence": found.sentence}
    raise RefusedError(422 if found.code in _UNFIT else 409, found.code, found.sentence, [item])


async def _without_workflow(connection: Connection, execution_id: UUID, request: Request) -> None:
    """Somebody terminated the workflow in Temporal: a cancel closes the row that it left, a pause is taken off it."""
    row = await lock_execution(connection, execution_id)
    if row is None or row["finished_at"] is not None:
        return
    if request.kind != "cancel":
        if row["request"] and row["request"]["id"] == request.id:
            await write_request(connection, execution_id, None)
        return
    reason = f"canceled by {request.by or 'a person'}: its workflow had been terminated in Temporal"
    ending = Ending(
        execution_id=execution_id, now=datetime.now(UTC), state="canceled", reason=reason, cancel_reason=request.cause
    )  # fmt: skip
    await end_execution(connection, ending)
