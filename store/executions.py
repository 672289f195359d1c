"""Executions: their rows, the requests that stand on them, and the changes of state that no step makes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from automations.executions import Request, TerminalState
from automations.lanes import MAIN, Standing, Standings, parent_of
from automations.messages import Ending, StateChange, StepFailure
from automations.model import Priority
from store.database import Connection
from store.sql import QUERIES
from store.standings import Whole, lock_standings, over, revision_of, standings_of, whole, write_standings


@dataclass(frozen=True)
class NewExecution:
    """A row to be. `start_request` is what its workflow is started with, kept so that a start cut short can be done again.

    `variables` and `restarted_from` are those of an execution that takes another one up. `launch_in`: after which time workers
    start the workflow if nobody else has.
    """

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
    variables: dict[str, Any] = field(default_factory=dict)
    restarted_from: UUID | None = None
    launch_in: timedelta = timedelta(0)


async def insert_execution(connection: Connection, new: NewExecution) -> None:
    await QUERIES.insert_execution(
        connection, id=new.id, workflow_id=new.workflow_id, automation_id=new.automation_id, record_id=new.record_id,
        priority=new.priority, step_id=new.step_id, revision=new.revision, overrides=new.overrides, trigger=new.trigger,
        event_id=new.event_id, parent_id=new.parent_id, root_id=new.root_id or new.id, depth=new.depth,
        variables=new.variables, restarted_from=new.restarted_from, start_request=new.start_request, now=new.now,
        launch_in=new.launch_in,
    )  # fmt: skip


async def read_execution(connection: Connection, execution_id: UUID) -> Any | None:
    return await QUERIES.read_execution(connection, id=execution_id)


async def look_at_execution(connection: Connection, execution_id: UUID) -> Any | None:
    return await QUERIES.look_at_execution(connection, id=execution_id)


async def lock_execution(connection: Connection, execution_id: UUID) -> Any | None:
    return await QUERIES.lock_execution(connection, id=execution_id)


async def lock_paused(connection: Connection, automation_id: UUID, record_ids: Iterable[UUID] | None) -> list[Any]:
    """The paused executions of an automation on these records (None: globally), as of `lock_execution`, and whose they are."""
    if record_ids is None:
        rows = QUERIES.lock_paused_globally(connection, automation_id=automation_id)
    else:
        rows = QUERIES.lock_paused_of_records(connection, automation_id=automation_id, record_ids=list(record_ids))
    return [row async for row in rows]


async def lock_open_of_records(
    connection: Connection, record_ids: Iterable[UUID], automation_ids: Iterable[UUID] | None, size: int
) -> list[Any]:
    """The open executions of these automations (None: of all) on these records; rows as of `lock_paused`."""
    of = None if automation_ids is None else list(automation_ids)
    rows = QUERIES.lock_open_of_records(connection, record_ids=list(record_ids), automation_ids=of, size=size)
    return [row async for row in rows]


async def write_request(connection: Connection, execution_id: UUID, request: Request | None) -> None:
    await QUERIES.write_request(connection, id=execution_id, request=request.model_dump() if request else None)


async def record_state(connection: Connection, change: StateChange) -> None:
    async with connection.transaction():
        row = await lock_standings(connection, change.execution_id)
        if row is not None:
            stands = whole(_after_change(standings_of(row), change))
            await write_standings(connection, change.execution_id, stands, change.now, request_id=change.request_id)


def _after_change(standings: Standings, change: StateChange) -> Standings:
    """A lane that has ended in the store already is on its way there again: what it says is of the lane that goes on."""
    lane = change.lane
    while lane not in standings.lanes and lane != MAIN:
        lane = parent_of(lane)
    standing = standings.lanes[lane]
    if standing.forked and lane != change.lane:
        return standings
    return standings.moved(lane, standing.model_copy(update=_changed(standing, change)))


def _changed(before: Standing, change: StateChange) -> dict[str, Any]:
    # A pause that was asked for stands over what the step waits for; one that a step makes is what it waits for.
    is_over = change.state == "paused" and change.request_id is not None
    beneath = (before.pause_reason, before.reason) if is_over else (None, None)
    if is_over and before.is_over:
        beneath = before.beneath, before.beneath_reason
    return {
        "state": change.state, "pause_reason": change.pause_reason, "waiting_until": change.waiting_until,
        "retry_at": change.retry_at, "reason": change.reason, "beneath": beneath[0], "beneath_reason": beneath[1],
        "over": is_over and change.pause_reason != "manual",
    }  # fmt: skip


async def end_execution(connection: Connection, ending: Ending, *, warning: str | None = None) -> tuple[TerminalState, str]:
    """How the execution ended, which is not as asked if its last step was faster."""
    async with connection.transaction():
        row = await lock_standings(connection, ending.execution_id)
        if row is not None:
            stands = over(row, ending.state, ending.reason, ending.now, ending.cancel_reason)
            await write_standings(connection, ending.execution_id, stands, ending.now, warning=warning)
            return ending.state, ending.reason
    found = await QUERIES.read_end(connection, id=ending.execution_id)
    return (found["state"], found["reason"] or "") if found else (ending.state, ending.reason)


async def record_failure(connection: Connection, failure: StepFailure) -> dict[str, Any] | None:
    """Writes the attempt into the history and the state that follows from it.

    Answers the outcome, and writes nothing, where the attempt did its work and only its answer was lost.
    """
    async with connection.transaction():
        row = await lock_standings(connection, failure.execution_id)
        outcome = await QUERIES.find_outcome(
            connection, id=failure.execution_id, sequence=failure.sequence, lane=failure.lane, phase=failure.phase
        )
        if outcome is not None:
            return outcome
        if row is not None and not await _is_written(connection, failure):
            await _write_failure(connection, failure, row)
    return None


_STATUS = {"retry": "retrying", "hold": "failed", "fail": "failed"}


async def _is_written(connection: Connection, failure: StepFailure) -> bool:
    known = await QUERIES.read_attempt(connection, id=failure.execution_id, sequence=failure.sequence)
    if not known:
        return False
    latest = max(known["running"] or 0, known["attempt"] or 0)
    return latest > failure.attempt or (known["attempt"] == failure.attempt and known["status"] == _STATUS[failure.follows])


async def _write_failure(connection: Connection, failure: StepFailure, row: Any) -> None:
    standings = standings_of(row)
    stands = _after_failure(standings, failure, row)
    failed = failure.follows != "retry"
    error = {"code": failure.code, "sentence": failure.sentence}
    await QUERIES.write_failure(
        connection, id=failure.execution_id, sequence=failure.sequence, lane=failure.lane, step_id=failure.step,
        step_type=failure.step_type, revision=revision_of(row, failure.lane), attempt=failure.attempt,
        now=failure.now, status=_STATUS[failure.follows], finished_at=failure.now if failed else None, error=error,
        outcome=failure.hold.as_json() if failure.hold else None,
        failure={"attempt": failure.attempt, "at": failure.now, **error},
    )  # fmt: skip
    await write_standings(connection, failure.execution_id, stands, failure.now, sequence=failure.sequence, failed=int(failed))


def _after_failure(standings: Standings, failure: StepFailure, row: Any) -> Whole:
    if failure.follows == "fail":
        return over(row, "failed", failure.sentence, failure.now)
    holds = failure.follows == "hold"
    standing = Standing(
        state="paused" if holds else "retrying", step=failure.step, revision=revision_of(row, failure.lane),
        pause_reason="condition_error" if holds else None, retry_at=failure.retry_at,
        attempt=failure.attempt + (not holds), reason=failure.sentence,
    )  # fmt: skip
    return whole(standings.moved(failure.lane, standing))


async def take_to_launch(connection: Connection, lease: timedelta, size: int) -> list[Any]:
    """Rows whose workflows are to be started now; nobody else gets them before the lease is over."""
    return [row async for row in QUERIES.take_to_launch(connection, lease=lease, size=size)]


async def mark_launched(connection: Connection, execution_ids: Iterable[UUID]) -> None:
    await QUERIES.mark_launched(connection, ids=list(execution_ids))


async def give_back_launches(connection: Connection, execution_ids: Iterable[UUID]) -> None:
    """Of rows that were taken and could not be started, through no fault of theirs."""
    await QUERIES.give_back_launches(connection, ids=list(execution_ids))


async def warn(connection: Connection, execution_id: UUID, warning: str) -> None:
    await QUERIES.warn_execution(connection, id=execution_id, warning=warning)


async def mark_started(connection: Connection, execution_id: UUID) -> None:
    await QUERIES.mark_started(connection, id=execution_id)


async def lock_executions(connection: Connection, ids: Iterable[UUID]) -> list[Any]:
    """As `lock_execution`, by id."""
    return [row async for row in QUERIES.lock_executions(connection, ids=list(ids))]
