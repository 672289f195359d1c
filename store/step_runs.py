"""Step runs: what a step reads, and the one statement that writes what it did."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from automations.fields import NAME
from automations.messages import StepRequest, StepSkip
from automations.model import Priority
from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES
from store.standings import Whole

_LAST = 2**31 - 1


async def load_step(connection: Connection, execution_id: UUID, sequence: int) -> Any:
    """The row of `load_step`, with this step run if it began before. None where there is no such execution."""
    return await QUERIES.load_step(connection, id=execution_id, sequence=sequence, lane=None, after=sequence - 1, up_to=sequence)


async def load_asked_step(connection: Connection, request: StepRequest) -> Any:
    """The same of the step run that a request means, whatever its number."""
    if request.after is None:
        return await load_step(connection, request.execution_id, request.sequence)
    return await QUERIES.load_step(
        connection, id=request.execution_id, sequence=request.sequence, lane=request.lane,
        after=request.after, up_to=_LAST,
    )  # fmt: skip


async def read_last_sequence(connection: Connection, execution_id: UUID) -> int:
    return await QUERIES.read_last_sequence(connection, id=execution_id) or 0


@dataclass(frozen=True)
class RecordChange:
    """Canonical values by field, the record's `name` among them; None clears. `revision` is the one that was read."""

    record_id: UUID
    revision: int
    values: dict[str, Any]
    before: dict[str, Any]

    def columns(self) -> dict[str, Any]:
        """As the query names them."""
        fields = {name: value for name, value in self.values.items() if name != NAME.name}
        return {
            "changed_record": self.record_id, "record_revision": self.revision, "changes": fields,
            "record_name": self.values.get(NAME.name), "event_id": new_id(),
            "event": {"old": self.before, "new": self.values},
        }  # fmt: skip


_NO_CHANGE: dict[str, Any] = {
    "changed_record": None, "record_revision": None, "changes": {}, "record_name": None, "event_id": None, "event": {},
}  # fmt: skip


@dataclass(frozen=True)
class StepRunWrite:
    """All that one step run leaves behind.

    `version` is the execution's when it was read, `revision` the document's that the step ran from; `stands` is the execution
    once this is written.
    """

    execution_id: UUID
    version: int
    sequence: int
    lane: str
    step_id: str
    step_type: str
    revision: int
    status: str
    attempt: int
    now: datetime
    duration: timedelta
    stands: Whole
    outcome: dict[str, Any]
    used: list[dict[str, Any]] = field(default_factory=list)
    output: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    variables: dict[str, Any] | None = None
    warning: str | None = None
    change: RecordChange | None = None
    root_id: UUID | None = None
    depth: int = 0
    priority: Priority = "regular"


async def write_step_run(connection: Connection, write: StepRunWrite) -> bool:
    """False if the execution or the record changed since it was read: nothing was written then."""
    change = write.change.columns() if write.change else _NO_CHANGE
    written = await QUERIES.write_step_run(
        connection,
        id=write.execution_id, version=write.version, sequence=write.sequence, lane=write.lane, run_step=write.step_id,
        step_type=write.step_type, run_revision=write.revision, status=write.status, run_attempt=write.attempt, now=write.now,
        duration=write.duration, used=write.used,
        run_finished_at=None if write.status in ("waiting", "held") else write.now + write.duration,
        output=write.output, error=write.error, outcome=write.outcome, variables=write.variables, warning=write.warning,
        failed=int(write.status == "failed"),
        root_id=write.root_id, depth=write.depth, priority=write.priority, **change, **write.stands.columns(),
    )  # fmt: skip
    return bool(written)


async def begin_step_run(
    connection: Connection,
    row: Any,
    stands: Whole,
    *,
    execution_id: UUID,
    sequence: int,
    lane: str,
    step: tuple[str, str],
    attempt: int,
    now: datetime,
) -> bool:
    """Shows that an ordinary activity runs; False if the execution changed since it was read."""
    step_id, step_type = step
    columns = {name: value for name, value in stands.columns().items() if name not in _NOT_AT_A_BEGINNING}
    began = await QUERIES.begin_step_run(
        connection, id=execution_id, version=row["version"], sequence=sequence, lane=lane, run_step=step_id,
        step_type=step_type, run_revision=row["revision"], run_attempt=attempt, now=now, **columns,
    )  # fmt: skip
    return began is not None


_NOT_AT_A_BEGINNING = {"finished_at", "cancel_reason"}


async def lock_progress(connection: Connection, execution_id: UUID, sequence: int, attempt: int) -> dict[str, Any] | None:
    """How far a step that works in pages has come; empty before its first one. Others wait until the transaction's end.

    None for an attempt after which another began.
    """
    return await QUERIES.lock_progress(connection, execution_id=execution_id, sequence=sequence, attempt=attempt)


async def write_progress(connection: Connection, execution_id: UUID, sequence: int, progress: dict[str, Any]) -> None:
    """To be written in the transaction of what was done: a second attempt after a lost worker goes on from there."""
    await QUERIES.write_progress(connection, execution_id=execution_id, sequence=sequence, progress=progress)


async def drop_step_run(connection: Connection, execution_id: UUID, sequence: int, now: datetime) -> None:
    """Ends a step run whose step was deleted before its next attempt."""
    await QUERIES.drop_step_run(connection, id=execution_id, sequence=sequence, now=now)


async def count_attempts_anew(connection: Connection, execution_id: UUID, sequence: int) -> None:
    """Of a step run whose step was changed into another one before its next attempt."""
    await QUERIES.count_attempts_anew(connection, id=execution_id, sequence=sequence)


async def pass_step_run(connection: Connection, skip: StepSkip, outcome: dict[str, Any]) -> None:
    """A step that a person passed over, the path that was chosen, and where that leads."""
    await QUERIES.pass_step_run(
        connection, id=skip.execution_id, sequence=skip.sequence, path=skip.path, outcome=outcome, now=skip.now
    )


async def list_step_runs(connection: Connection, execution_id: UUID, *, after: int = 0, size: int = 100) -> list[Any]:
    """In order, each with the document it ran from."""
    return [row async for row in QUERIES.list_step_runs(connection, id=execution_id, after=after, size=size)]


async def list_step_runs_since(
    connection: Connection, execution_id: UUID, *, after: int, again: Sequence[int], size: int
) -> list[Any]:
    """As `list_step_runs`: up to `size` new ones, and those that are to be looked at again."""
    rows = QUERIES.list_step_runs_since(connection, id=execution_id, after=after, again=again, size=size + len(again))
    return [row async for row in rows]


async def has_visited(connection: Connection, execution_id: UUID, step_id: str) -> bool:
    return await QUERIES.has_visited(connection, id=execution_id, step_id=step_id)
