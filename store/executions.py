"""Executions: their rows, the requests that stand on them, and the changes of state that no step makes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.executions import PauseReason, Request, State
from automations.messages import Ending, StateChange, StepFailure, StepSkip
from automations.model import Priority
from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class NewExecution:
    """A row to be. `start_request` is what its workflow is started with, kept so that a start cut short can be done again."""

    id: UUID
    workflow_id: str
    automation_id: UUID
    record_id: UUID | None
    priority: Priority
    step_id: str | None
    revision: int
    start_request: dict[str, Any]
    now: datetime
    overrides: dict[str, Any] = field(default_factory=dict)
    trigger: dict[str, Any] = field(default_factory=dict)
    event_id: UUID | None = None
    parent_id: UUID | None = None
    root_id: UUID | None = None
    depth: int = 0


async def insert_execution(connection: Connection, new: NewExecution) -> None:
    await QUERIES.insert_execution(
        connection, id=new.id, workflow_id=new.workflow_id, automation_id=new.automation_id, record_id=new.record_id,
        priority=new.priority, step_id=new.step_id, revision=new.revision, overrides=new.overrides, trigger=new.trigger,
        event_id=new.event_id, parent_id=new.parent_id, root_id=new.root_id or new.id, depth=new.depth,
        start_request=new.start_request, now=new.now,
    )  # fmt: skip


async def read_execution(connection: Connection, execution_id: UUID) -> Any | None:
    return await QUERIES.read_execution(connection, id=execution_id)


async def list_executions(
    connection: Connection,
    *,
    automation_id: UUID | None = None,
    record_id: UUID | None = None,
    state: State | None = None,
    cursor: UUID | None = None,
    size: int = 50,
) -> list[Any]:
    """Newest first."""
    rows = QUERIES.list_executions(
        connection, automation_id=automation_id, record_id=record_id, state=state, cursor=cursor, size=size
    )
    return [row async for row in rows]


async def lock_execution(connection: Connection, execution_id: UUID) -> Any | None:
    return await QUERIES.lock_execution(connection, id=execution_id)


async def write_request(connection: Connection, execution_id: UUID, request: Request | None) -> None:
    await QUERIES.write_request(connection, id=execution_id, request=request.model_dump() if request else None)


async def record_state(connection: Connection, change: StateChange) -> None:
    await QUERIES.set_state(
        connection, id=change.execution_id, state=change.state, pause_reason=change.pause_reason,
        waiting_until=change.waiting_until, retry_at=change.retry_at, reason=change.reason, request_id=change.request_id,
        now=change.now,
    )  # fmt: skip


async def end_execution(connection: Connection, ending: Ending, *, warning: str | None = None) -> tuple[State, str]:
    """How the execution ended, which is not as asked if its last step was faster."""
    row = await QUERIES.end_execution(
        connection, id=ending.execution_id, state=ending.state, reason=ending.reason, warning=warning, now=ending.now
    )
    return (row["state"], row["reason"] or "") if row else (ending.state, ending.reason)


async def record_failure(connection: Connection, failure: StepFailure) -> dict[str, Any] | None:
    """Writes the attempt into the history and the state that follows from it.

    Answers the outcome, and writes nothing, where the attempt did its work and only its answer was lost.
    """
    outcome = await QUERIES.find_outcome(connection, id=failure.execution_id, sequence=failure.sequence, phase=failure.phase)
    if outcome is not None:
        return outcome
    state: State = {"retry": "retrying", "hold": "paused", "fail": "failed"}[failure.follows]  # pyright: ignore[reportAssignmentType]
    over = failure.follows != "retry"
    reason: PauseReason | None = "condition_error" if failure.follows == "hold" else None
    error = {"code": failure.code, "sentence": failure.sentence}
    await QUERIES.write_failure(
        connection, id=failure.execution_id, sequence=failure.sequence, step_id=failure.step, step_type=failure.step_type,
        attempt=failure.attempt, next_attempt=failure.attempt + (failure.follows == "retry"), now=failure.now, state=state,
        pause_reason=reason, retry_at=failure.retry_at, reason=failure.sentence, failed=int(over),
        status="failed" if over else "retrying", finished_at=failure.now if over else None, error=error,
        failure={"attempt": failure.attempt, "at": failure.now, **error},
        ended_at=failure.now if failure.follows == "fail" else None,
    )  # fmt: skip
    return None


async def move_execution(
    connection: Connection, skip: StepSkip, *, next_step: str | None, revision: int, state: State, warning: str | None = None
) -> None:
    """Past the step that it stands on, to one of the document of that revision."""
    await QUERIES.pass_step_run(connection, id=skip.execution_id, sequence=skip.sequence, now=skip.now)
    await QUERIES.move_execution(
        connection, id=skip.execution_id, state=state, next_step=next_step, revision=revision, request_id=skip.request_id,
        warning=warning, now=skip.now, ended_at=None if state == "active" else skip.now,
    )  # fmt: skip


async def list_not_started(connection: Connection, before: datetime, size: int = 100) -> list[Any]:
    return [row async for row in QUERIES.list_not_started(connection, before=before, size=size)]


async def mark_started(connection: Connection, execution_id: UUID) -> None:
    await QUERIES.mark_started(connection, id=execution_id)
