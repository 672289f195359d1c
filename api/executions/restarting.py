"""Taking up an execution that is over, at a step it came to before: a new execution, linked to it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from activities.settings import Settings
from activities.starting import Cause, Restart, Started, Target, create_execution, restarted
from api.access import ActorDep, needs
from api.deps import DatabaseDep, MadeIdDep, SettingsDep, TemporalDep, TemporalWatchDep
from api.errors import RefusedError
from api.executions.executions import existing_execution, read_view
from api.executions.starting import launch_or_leave, overrides_of, require_not_killed
from api.executions.views import ExecutionView
from api.executions.waiting import WaitDep, or_done, rests
from automations.document import AutomationDocument
from automations.executions import TERMINAL_STATES
from automations.model import StepId
from automations.positions import Positions
from automations.steps.base import StepBase
from store.audit import Deed, write_audit
from store.automations import read_automation_by_id
from store.database import Connection
from store.executions import lock_execution, read_execution
from store.records import read_record
from store.requests import insert_restart
from store.step_runs import has_visited

router = APIRouter(tags=["executions"])


class RestartBody(BaseModel):
    """At which step; who asks, and why. `variables` take the place of the carried values, by name."""

    model_config = ConfigDict(extra="forbid")

    step: StepId
    by: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=500)
    variables: dict[str, Any] = {}


@router.post(
    "/executions/{execution_id}/restart",
    status_code=202,
    summary="Restart from an earlier step",
    responses=or_done(ExecutionView),
    dependencies=[needs("executions:operate")],
)
async def restart_execution(
    execution_id: UUID,
    body: RestartBody,
    database: DatabaseDep,
    client: TemporalDep,
    settings: SettingsDep,
    watch: TemporalWatchDep,
    actor: ActorDep,
    wait: WaitDep,
    made_id: MadeIdDep,
) -> ExecutionView:
    """A new execution runs on from that step, with the newest document and the variables as they were at the end.

    Also of an automation that is not active: it is a person who decides. A step of a lane goes on in the main lane.
    """
    row = await existing_execution(database, execution_id)
    if row["state"] not in TERMINAL_STATES:
        raise RefusedError(409, "still_open", f"The execution is {row['state']}: cancel it first, or skip the step it stands on.")
    await watch.require(client)
    actor = actor.speaking_for(body.by)
    body = body.model_copy(update={"by": actor.name})
    async with database.transaction() as connection:
        await lock_execution(connection, execution_id)
        begun = await read_execution(connection, made_id) if made_id else None
        if begun:
            started = restarted(begun)
        else:
            started = await _restarted(connection, row, body, datetime.now(UTC), settings, made_id)
            await write_audit(connection, actor, _deed(row, started, body))
    await launch_or_leave(database, client, settings, started)
    await wait.until(started.id, rests)
    return await read_view(database, started.id, settings)


def _deed(row: Any, started: Started, body: RestartBody) -> Deed:
    before, after = {"state": row["state"]}, {"execution_id": str(started.id), "step": body.step}
    return Deed("execution.restarted", "execution", str(row["id"]), before, after, body.why)


async def _restarted(
    connection: Connection, row: Any, body: RestartBody, now: datetime, settings: Settings, made_id: UUID | None
) -> Started:
    """Raises RefusedError: 422 for a step or a variable that does not fit, 409 for a record or an automation out of use."""
    automation = await read_automation_by_id(connection, row["automation_id"])
    if automation["deleted_at"] is not None:
        raise RefusedError(409, "automation_deleted", f"The execution's automation {row['api_name']} was deleted.")
    document = AutomationDocument.model_validate(automation["document"])
    step = await _step(connection, row, document, body.step)
    given = overrides_of(document, body.variables)
    record = await _record(connection, row["record_id"])
    await require_not_killed(connection, row["api_name"], now)
    cause = Cause(
        trigger=_trigger(row, body, now), overrides={**row["overrides"], **given}, priority=row["priority"],
        event_id=row["event_id"], parent_id=row["parent_id"], root_id=row["root_id"], depth=row["depth"],
        restart=Restart(row["id"], step, {**row["variables"], **given}),
    )  # fmt: skip
    started = await create_execution(connection, Target(automation, document, record), cause, now, settings, execution_id=made_id)
    await insert_restart(connection, row["id"], step=body.step, by=body.by, why=body.why, now=now)
    return started


async def _step(connection: Connection, row: Any, document: AutomationDocument, step_id: str) -> StepBase:
    positions = Positions(document)
    if step_id not in positions:
        raise _wrong("unknown_step", f"Automation {row['api_name']} has no step {step_id} (any more).")
    if not await has_visited(connection, row["id"], step_id):
        raise _wrong("step_not_run", f"The execution never came to step {step_id}: restart it from one of its history.")
    return positions.step(step_id)


def _wrong(code: str, sentence: str) -> RefusedError:
    return RefusedError(422, code, sentence, [{"path": "step", "code": code, "sentence": sentence}])


async def _record(connection: Connection, record_id: UUID | None) -> Any | None:
    record = await read_record(connection, record_id) if record_id else None
    if record is not None and record["archived_at"] is not None:
        raise RefusedError(409, "record_archived", f"Record {record_id} is archived: unarchive it first.")
    return record


def _trigger(row: Any, body: RestartBody, now: datetime) -> dict[str, Any]:
    """What started the first execution started this one; beside it stands who took it up."""
    again = {"restarted_from": str(row["id"]), "restarted_at": now.isoformat()}
    return {**row["trigger"], **again, "restarted_by": body.by, "restarted_why": body.why}
