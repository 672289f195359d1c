"""Step runs: what a step reads, and the one statement that writes what it did."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from automations.executions import PauseReason, State
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES


async def load_step(connection: Connection, execution_id: UUID, sequence: int) -> Any:
    """The row of `load_step`, with this step run if it began before. None where there is no such execution."""
    return await QUERIES.load_step(connection, id=execution_id, sequence=sequence)


@dataclass(frozen=True)
class Position:
    """Where the execution stands once a step run is written."""

    state: State
    next_step: str | None
    pause_reason: PauseReason | None = None
    waiting_until: datetime | None = None
    reason: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class RecordChange:
    """Canonical values by field; None clears. `revision` is the one that was read."""

    record_id: UUID
    revision: int
    values: dict[str, Any]
    before: dict[str, Any]


@dataclass(frozen=True)
class StepRunWrite:
    """All that one step run leaves behind.

    `version` is the execution's when it was read, `revision` the document's that the step ran from, `stands_in` the one in which
    the execution's next step was found.
    """

    execution_id: UUID
    version: int
    sequence: int
    step_id: str
    step_type: str
    revision: int
    stands_in: int
    status: str
    attempt: int
    now: datetime
    duration: timedelta
    position: Position
    outcome: dict[str, Any]
    used: list[dict[str, Any]] = field(default_factory=list)
    output: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    variables: dict[str, Any] | None = None
    warning: str | None = None
    change: RecordChange | None = None
    root_id: UUID | None = None
    depth: int = 0


async def write_step_run(connection: Connection, write: StepRunWrite) -> bool:
    """False if the execution or the record changed since it was read: nothing was written then."""
    change, position = write.change, write.position
    written = await QUERIES.write_step_run(
        connection,
        id=write.execution_id, version=write.version, sequence=write.sequence, step_id=write.step_id, step_type=write.step_type,
        revision=write.revision, stands_in=write.stands_in, status=write.status,
        attempt=write.attempt, now=write.now, duration=write.duration,
        finished_at=None if write.status == "waiting" else write.now, used=write.used, output=write.output, error=write.error,
        outcome=write.outcome, variables=write.variables, warning=write.warning, failed=int(write.status == "failed"),
        state=position.state, next_step=position.next_step, pause_reason=position.pause_reason,
        waiting_until=position.waiting_until, reason=position.reason, ended_at=position.ended_at,
        changes=change.values if change else {}, changed_record=change.record_id if change else None,
        record_revision=change.revision if change else None, event_id=new_id() if change else None,
        event=_event(change), root_id=write.root_id, depth=write.depth,
    )  # fmt: skip
    return bool(written)


def _event(change: RecordChange | None) -> dict[str, Any]:
    return {"old": change.before, "new": change.values} if change else {}


async def begin_step_run(
    connection: Connection, row: Any, *, execution_id: UUID, sequence: int, step: tuple[str, str], attempt: int, now: datetime
) -> bool:
    """Shows that an ordinary activity runs; False if the execution changed since it was read."""
    step_id, step_type = step
    began = await QUERIES.begin_step_run(
        connection, id=execution_id, version=row["version"], sequence=sequence, step_id=step_id, step_type=step_type,
        revision=row["revision"], attempt=attempt, now=now,
    )  # fmt: skip
    return began is not None


async def drop_step_run(connection: Connection, execution_id: UUID, sequence: int, now: datetime) -> None:
    """Ends a step run whose step was deleted before its next attempt."""
    await QUERIES.drop_step_run(connection, id=execution_id, sequence=sequence, now=now)


async def list_step_runs(connection: Connection, execution_id: UUID, *, after: int = 0, size: int = 100) -> list[Any]:
    """In order, each with the document it ran from."""
    return [row async for row in QUERIES.list_step_runs(connection, id=execution_id, after=after, size=size)]
