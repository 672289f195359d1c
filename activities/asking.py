"""What a request means to an execution as its row stands."""

from typing import Any

from automations.asking import Refused, lanes_meant, meant
from automations.executions import TERMINAL_STATES, Request, RequestKind
from automations.lanes import MAIN, Standing, Standings
from automations.transitions import Stand
from store.audit import Deed
from store.database import Connection
from store.last_runs import last_runs

_ACTIONS: dict[RequestKind, str] = {
    "pause": "execution.paused",
    "resume": "execution.resumed",
    "cancel": "execution.canceled",
    "skip": "execution.skipped",
    "retry": "execution.retried",
}


def accepted(request: Request, row: Any) -> Request | Refused:
    """As `meant_by`, unless the same stands there already."""
    if is_being(row, "cancel"):
        return Refused("being_canceled", "The execution is being canceled.")
    if request.kind == "pause" and is_being(row, "pause"):
        return Refused("being_paused", "The execution is being paused: the step that runs is still to finish.")
    return meant_by(request, row)


def deed(row: Any, request: Request) -> Deed:
    """For the audit log."""
    asked = request.model_dump(include={"step", "path"}, exclude_none=True)
    found = {name: row[name] for name in ("state", "pause_reason") if row[name]}
    return Deed(_ACTIONS[request.kind], "execution", str(row["id"]), before=found, after=asked or None, why=request.why)


def meant_by(request: Request, row: Any) -> Request | Refused:
    """The request as it is to be handed on. The row is one of `lock_execution`."""
    return meant(request, _whole(row), list(_stands_by_lane(row).values()))


async def pinned(connection: Connection, row: Any, request: Request) -> Request:
    """To the step runs that stand there now: whatever comes after them is another matter."""
    lanes = lanes_meant(request, _stands_by_lane(row))
    standing = await last_runs(connection, row["id"], lanes) if lanes else {}
    return request.model_copy(update={"runs": [_run_name(run, request.kind) for run in standing.values()]})


def is_being(row: Any, kind: str) -> bool:
    """Whether that request stands on the row."""
    return bool(row["request"]) and row["request"]["kind"] == kind


def state_of(row: Any) -> str:
    """As people are told of it: a pause that stands counts as done, so that a resume right after it means something."""
    return _whole(row).state


def _run_name(run: Any, kind: str) -> str:
    return f"{run['sequence']}/{run['attempt'] + 1}" if kind == "retry" else f"{run['sequence']}"


def _whole(row: Any) -> Stand:
    if is_being(row, "pause"):
        return Stand("paused", "manual", row["step_id"])
    return Stand(row["state"], row["pause_reason"], row["step_id"])


def _stands_by_lane(row: Any) -> dict[str, Stand]:
    """One for each lane in which something runs or waits."""
    if row["state"] in TERMINAL_STATES or not row["lanes"] or is_being(row, "pause"):
        return {MAIN: _whole(row)}
    lanes = {lane: Standing.model_validate(standing) for lane, standing in row["lanes"].items()}
    return {lane: Stand(each.state, each.asked_as, each.step) for lane, each in Standings(lanes).walked.items()}
