"""Reads from an execution's row where it goes on, for a workflow that has forgotten it, or that is gone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from activities.definitions import Definitions
from automations.cursors import Progress, rebuilt
from automations.executions import Request
from automations.messages import Carried, ExecutionStart, Reloaded, ReloadRequest
from automations.outcomes import End, StepRef
from automations.positions import Positions
from store import reloading as stored
from store.database import Connection
from store.executions import read_execution
from store.last_runs import last_runs
from store.standings import standings_of
from store.step_runs import read_last_sequence


async def reloaded(connection: Connection, definitions: Definitions, request: ReloadRequest) -> Reloaded:
    row = await stored.lock_open_execution(connection, request.execution_id)
    if row is not None:
        return Reloaded(carried=await _carried(connection, definitions, row, request.now))
    over = await read_execution(connection, request.execution_id)
    if over is None:
        return Reloaded(end=End(state="failed", reason="The execution is not in the store."))
    return Reloaded(end=End(state=over["state"], reason=over["reason"] or ""))


async def start_again(
    connection: Connection, definitions: Definitions, execution_id: UUID, now: datetime, launch_in: timedelta = timedelta(0)
) -> bool:
    """Leaves it to the workers to start a new workflow for it, after that time. False if it is over.

    Call it in a transaction. The workflow has the id of the old one, and goes on where the row stands.
    """
    row = await stored.lock_open_execution(connection, execution_id)
    if row is None:
        return False
    carried = await _carried(connection, definitions, row, now)
    start = ExecutionStart.model_validate(row["start_request"]["start"])
    start = start.model_copy(update={"carried": carried})
    await stored.write_new_start(connection, execution_id, start.as_json(), launch_in)
    return True


async def _carried(connection: Connection, definitions: Definitions, row: Any, now: datetime) -> Carried:
    standings = standings_of(row)
    documents = await _documents(connection, definitions, row)
    progress = await _progress(connection, row, list(standings.lanes))

    def step_of(step_id: str, revision: int) -> StepRef:
        return StepRef.to(documents[revision].step(step_id))

    return rebuilt(standings, progress, now, step_of)


async def _documents(connection: Connection, definitions: Definitions, row: Any) -> dict[int, Positions]:
    """By revision, all that its lanes stand in."""
    revisions = {standing.revision for standing in standings_of(row).lanes.values()}
    automation_id = row["automation_id"]
    return {revision: (await definitions.plan(connection, automation_id, revision)).positions for revision in revisions}


async def _progress(connection: Connection, row: Any, lanes: list[str]) -> Progress:
    visits = await stored.count_visits(connection, row["id"])
    asked = await stored.read_last_pause(connection, row["id"])
    return Progress(
        runs=await last_runs(connection, row["id"], lanes),
        sequence=await read_last_sequence(connection, row["id"]),
        visits=visits,
        pause=_pause(row, asked),
        standing_request=Request.model_validate(row["request"]) if row["request"] else None,
    )


def _pause(row: Any, asked: Any | None) -> Request:
    by_automation = any(standing.over for standing in standings_of(row).lanes.values())
    return Request(
        id=f"reload-{row['id']}",
        kind="pause",
        by=asked["asked_by"] if asked else "",
        why=asked["why"] if asked else "",
        cause="step" if by_automation else "person",
    )
