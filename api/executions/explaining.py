"""Why an execution is where it is."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import needs
from api.deps import DatabaseDep
from api.problems import NotFoundError
from automations.event_triggers import Event
from automations.executions import TERMINAL_STATES, Request
from automations.explain import Facts, explain
from automations.explain.facts import Asked, FailingTask, LaneFacts, Run, Switch
from automations.kill_switches import KillSwitch
from automations.lanes import Standing
from automations.positions import Positions
from automations.steps.base import StepBase
from store.automations import read_automation_by_id, read_document
from store.business import read_business
from store.database import Connection
from store.events import read_event
from store.executions import read_execution
from store.failing_workflows import read_failing_workflow
from store.kill_switches import read_kill_switch
from store.last_runs import failed_runs, last_run, last_runs
from store.requests import list_requests
from store.standings import standings_of

router = APIRouter(tags=["executions"])

_AT_IT = frozenset({"running", "waiting", "retrying", "held"})
"""A step run that a lane is still at; a lane that is paused by its step is at the run that paused it."""


class ExplanationView(BaseModel):
    """A sentence for people, and what it is made of. Moments are in UTC; `until_local` is in the timezone of the business.

    Where several lanes are open the sentence tells of the most urgent one, and `facts.lanes` explains each.
    """

    sentence: str
    facts: dict[str, Any]


@router.get(
    "/executions/{execution_id}/explain", summary="Explain where it is, and why", dependencies=[needs("automations:view")]
)
async def explain_execution(execution_id: UUID, database: DatabaseDep) -> ExplanationView:
    """What it waits for and until when, what failed, who paused it or ended it and why, and what can be done."""
    async with database.snapshot() as connection:
        row = await read_execution(connection, execution_id)
        if row is None:
            raise NotFoundError("execution", execution_id)
        found = explain(await _facts(connection, row))
    return ExplanationView(sentence=found.sentence, facts=found.facts)


async def _facts(connection: Connection, row: Any) -> Facts:
    is_over = row["state"] in TERMINAL_STATES
    newest = await last_run(connection, row["id"])
    names = Facts.__dataclass_fields__.keys() & row.keys()
    return Facts(
        **{name: row[name] for name in names - {"lanes", "request"}},
        zone=ZoneInfo((await read_business(connection)).timezone),
        request=Request.model_validate(row["request"]) if row["request"] else None,
        lanes=[] if is_over else await _lanes(connection, row),
        failed=[_run(run) for run in await failed_runs(connection, row["id"])],
        last=_run(newest) if newest else None,
        asked=[_asked(each) for each in await list_requests(connection, row["id"])],
        event=await event_of(connection, row),
        failing=None if is_over else await _failing(connection, row["id"]),
    )


async def _failing(connection: Connection, execution_id: UUID) -> FailingTask | None:
    row = await read_failing_workflow(connection, execution_id)
    return FailingTask(**row) if row else None


async def event_of(connection: Connection, execution: Any) -> Event | None:
    """What had happened; of the call of a webhook, which can be large, the execution keeps enough itself."""
    is_told = execution["event_id"] is not None and execution["trigger"].get("type") != "webhook"
    row = await read_event(connection, execution["event_id"]) if is_told else None
    return Event(row["kind"], row["payload"]) if row else None


def _asked(row: Any) -> Asked:
    return Asked(row["kind"], row["asked_by"], row["why"], row["asked_at"])


def _run(row: Any) -> Run:
    names = ("status", "attempt", "started_at", "finished_at", "used", "output", "error")
    return Run(row["step_id"], row["step_type"], **{name: row[name] for name in names})


async def _lanes(connection: Connection, row: Any) -> list[LaneFacts]:
    standings = standings_of({**row, "ran_from": row["revision"]}).walked
    runs = await last_runs(connection, row["id"], standings)
    found: list[LaneFacts] = []
    for lane, standing in standings.items():
        run = _run_at(standing, runs.get(lane))
        step = await _step(connection, row, standing)
        found.append(LaneFacts(lane, standing, step, run, await _switch(connection, run)))
    return found


async def _step(connection: Connection, row: Any, standing: Standing) -> StepBase | None:
    """What is next is read from the newest document, what has begun from its own. None where a save has deleted it."""
    newest = await read_automation_by_id(connection, row["automation_id"]) if standing.state == "active" else None
    revision = newest["revision"] if newest else standing.revision
    positions = Positions(await read_document(connection, row["automation_id"], revision))
    return positions.step(standing.step) if standing.step is not None and standing.step in positions else None


def _run_at(standing: Standing, row: Any | None) -> Run | None:
    """The step run that a lane is at: not that of the step before, nor that of an earlier visit of this one."""
    if row is None or row["step_id"] != standing.step:
        return None
    stopped = standing.state == "paused" and not standing.is_over
    return _run(row) if stopped or row["status"] in _AT_IT else None


async def _switch(connection: Connection, run: Run | None) -> Switch | None:
    """The one that holds a step run."""
    key = run.output.get("kill_switch") if run else None
    row = await read_kill_switch(connection, UUID(key)) if key else None
    if row is None:
        return None
    name = KillSwitch.model_validate(dict(row)).name
    return Switch(name, row["set_by"], row["why"], row["set_at"], row["lifted_by"], row["lifted_at"])
