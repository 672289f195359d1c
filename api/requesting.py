"""Pause, resume, cancel, skip and retry: on the execution's row and to its workflow, or not at all."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from temporalio.client import Client

from activities.requesting import deliver
from activities.settings import Settings
from api.errors import RefusedError
from api.problems import NotFoundError
from automations.asking import Refused, lanes_meant, meant
from automations.executions import TERMINAL_STATES, Request, RequestKind
from automations.lanes import MAIN, Standing, Standings
from automations.messages import Ending
from automations.transitions import Stand
from store.database import Connection, Database
from store.executions import end_execution, lock_execution, write_request
from store.last_runs import last_runs
from store.requests import insert_request

_LOG = structlog.get_logger("everstep.requests")

_STANDING: frozenset[RequestKind] = frozenset({"pause", "cancel"})
"""What stands on the row until it is done: a busy chain of steps sees it there first."""

_UNFIT = frozenset({"path_needed", "no_such_path", "whole_execution"})
"""What is wrong with the request itself, whatever the state: 422. All else is 409."""


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
    step: str | None = None,
) -> None:
    """Hands a request to an execution. Raises RefusedError: 404, 422, or 409 with the state found where it does not apply.

    The row is locked until Temporal has the signal, so that either both have the request or none: a Temporal that is away answers
    503 and leaves nothing behind.
    """
    request = Request(id=str(uuid4()), kind=kind, by=by, why=why, path=path, step=step)
    async with database.transaction() as connection:
        row = await lock_execution(connection, execution_id)
        if row is None:
            raise NotFoundError("execution", execution_id)
        request = await pinned(connection, row, _accepted(row, request))
        await insert_request(connection, execution_id, request, datetime.now(UTC))
        await write_request(connection, execution_id, request if kind in _STANDING else None)
        if not await deliver(client, settings, row, request):
            await _without_workflow(connection, row, request)
    _LOG.info("request_taken", execution_id=str(execution_id), kind=kind, by=by, why=why, step=request.step, path=path)


def _accepted(row: Any, request: Request) -> Request:
    if row["request"] and row["request"]["kind"] == "cancel":
        raise RefusedError(409, "being_canceled", "The execution is being canceled.")
    whole, stands = _whole(row), _stands(row)
    found = meant(request, whole, stands)
    if isinstance(found, Refused):
        item = {"path": found.path, "code": whole.state if found.path == "state" else found.code, "sentence": found.sentence}
        raise RefusedError(422 if found.code in _UNFIT else 409, found.code, found.sentence, [item])
    return found


async def pinned(connection: Connection, row: Any, request: Request) -> Request:
    """To the step runs that stand there now: whatever comes after them is another matter."""
    lanes = lanes_meant(request, _stands_by_lane(row))
    standing = await last_runs(connection, row["id"], lanes) if lanes else {}
    return request.model_copy(update={"runs": [_run_name(run, request.kind) for run in standing.values()]})


def _run_name(run: Any, kind: RequestKind) -> str:
    return f"{run['sequence']}/{run['attempt'] + 1}" if kind == "retry" else f"{run['sequence']}"


def _is_being_paused(row: Any) -> bool:
    """The request that stands counts as done: a resume right after a pause means something."""
    return bool(row["request"]) and row["request"]["kind"] == "pause"


def _whole(row: Any) -> Stand:
    if _is_being_paused(row):
        return Stand("paused", "manual", row["step_id"])
    return Stand(row["state"], row["pause_reason"], row["step_id"])


def _stands(row: Any) -> list[Stand]:
    return list(_stands_by_lane(row).values())


def _stands_by_lane(row: Any) -> dict[str, Stand]:
    """One for each lane in which something runs or waits."""
    if row["state"] in TERMINAL_STATES or not row["lanes"] or _is_being_paused(row):
        return {MAIN: _whole(row)}
    lanes = {lane: Standing.model_validate(standing) for lane, standing in row["lanes"].items()}
    return {lane: Stand(each.state, each.pause_reason, each.step) for lane, each in Standings(lanes).walked.items()}


async def _without_workflow(connection: Connection, row: Any, request: Request) -> None:
    """Somebody terminated the workflow in Temporal: a cancel closes the row that it left."""
    if request.kind != "cancel":
        raise RefusedError(409, "workflow_gone", "The execution's workflow was terminated in Temporal: cancel it to close it.")
    reason = f"canceled by {request.by or 'a person'}: its workflow had been terminated in Temporal"
    ending = Ending(
        execution_id=row["id"], now=datetime.now(UTC), state="canceled", reason=reason, cancel_reason=request.cause
    )  # fmt: skip
    await end_execution(connection, ending)
