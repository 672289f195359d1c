"""Executions: start, read, and what can be asked of them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.access import needs
from api.deps import DatabaseDep, PageDep, SettingsDep, TemporalDep, TemporalWatchDep
from api.execution_views import ExecutionView, StepRunView, execution_view, positions_of, step_run_view
from api.explaining import event_of
from api.pages import Page
from api.problems import NotFoundError
from api.requesting import ask
from api.resuming import resume_by_hand
from api.starting import start_by_hand
from automations.executions import RequestKind, State
from automations.explain.starts import started_by
from store import executions as stored_executions
from store.automations import read_automation
from store.business import read_business
from store.database import Database
from store.executions import read_execution
from store.requests import list_requests
from store.step_runs import list_step_runs

router = APIRouter(tags=["executions"])


class StartBody(BaseModel):
    """`variables` take the place of their sources, by name.

    With `resume_paused` paused executions of the automation on the record go on as they are, if there are any that a resume gets
    going, in place of a new start.
    """

    model_config = ConfigDict(extra="forbid")

    record_id: UUID | None = None
    variables: dict[str, Any] = {}
    resume_paused: bool = False
    by: str = Field(default="", max_length=200)


class StartedView(ExecutionView):
    """The new execution; or the newest of those that were `resumed`, oldest first, in its place."""

    resumed: list[UUID] = []


class RequestBody(BaseModel):
    """Who asks, and why; both are kept in the history.

    `path` goes with the skip of a condition, yes or no, or of a goal, met or not_met. `step` says which one is meant where
    several lanes stand on steps of their own.
    """

    model_config = ConfigDict(extra="forbid")

    by: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=500)
    path: str | None = Field(default=None, max_length=20)
    step: str | None = Field(default=None, max_length=64)


class RequestView(BaseModel):
    """What was asked of the execution, by whom, why and when. Blank `asked_by`: nobody said."""

    kind: RequestKind | Literal["restart"]
    asked_by: str
    why: str
    step_id: str | None
    path: str | None
    asked_at: datetime


class HistoryView(BaseModel):
    """What started the execution, in a sentence and as it is kept, its step runs in order, and all that was asked of it."""

    started: str
    trigger: dict[str, Any]
    step_runs: list[StepRunView]
    requests: list[RequestView]
    next_after: int | None


class VariableView(BaseModel):
    name: str
    type: str
    list: bool
    value: Any


@router.post(
    "/automations/{api_name}/executions",
    status_code=202,
    summary="Start an execution",
    dependencies=[needs("executions:operate")],
)
async def start_execution(
    api_name: str,
    body: StartBody,
    database: DatabaseDep,
    client: TemporalDep,
    settings: SettingsDep,
    watch: TemporalWatchDep,
) -> StartedView:
    """On a record, or globally. It is only queued here: nothing of the automation runs inside this request."""
    await watch.require(client)
    if body.resume_paused:
        resumed = await resume_by_hand(database, client, settings, api_name, body.record_id, body.by)
        if resumed:
            newest = await read_view(database, resumed[-1], settings)
            return StartedView(**newest.model_dump(), resumed=resumed)
    started = await start_by_hand(database, client, settings, api_name, body.record_id, body.variables, body.by)
    return StartedView(**(await read_view(database, started.id, settings)).model_dump())


@router.get("/executions", summary="List executions", dependencies=[needs("automations:view", narrows=True)])
async def list_executions(
    database: DatabaseDep,
    settings: SettingsDep,
    page: PageDep,
    automation: Annotated[str | None, Query(max_length=63)] = None,
    record_id: UUID | None = None,
    state: State | None = None,
) -> Page[ExecutionView]:
    """Newest first, filtered by automation, record and state."""
    async with database.connection() as connection:
        found = await read_automation(connection, automation) if automation else None
        if automation and found is None:
            raise NotFoundError("automation", automation)
        rows = await stored_executions.list_executions(
            connection, automation_id=found["id"] if found else None, record_id=record_id, state=state,
            cursor=page.after("executions", UUID), size=page.size_and_one,
        )  # fmt: skip
    return page.page("executions", rows, lambda row: _view(row, settings), lambda row: str(row["id"]))


@router.get("/executions/{execution_id}", summary="Read an execution", dependencies=[needs("automations:view")])
async def get_execution(execution_id: UUID, database: DatabaseDep, settings: SettingsDep) -> ExecutionView:
    return await read_view(database, execution_id, settings)


async def read_view(database: Database, execution_id: UUID, settings: SettingsDep) -> ExecutionView:
    return _view(await existing_execution(database, execution_id), settings)


def _view(row: Any, settings: SettingsDep) -> ExecutionView:
    return execution_view(row, settings.web_ui_url, settings.temporal_namespace)


async def existing_execution(database: Database, execution_id: UUID) -> Any:
    """The row of `read_execution`. Raises NotFoundError."""
    async with database.connection() as connection:
        row = await read_execution(connection, execution_id)
    if row is None:
        raise NotFoundError("execution", execution_id)
    return row


@router.get("/executions/{execution_id}/history", summary="Read its history", dependencies=[needs("automations:view")])
async def get_execution_history(
    execution_id: UUID,
    database: DatabaseDep,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    size: Annotated[int, Query(ge=1, le=200)] = 100,
) -> HistoryView:
    """Each step run as it ran, with the values that it used."""
    row = await existing_execution(database, execution_id)
    async with database.connection() as connection:
        runs = await list_step_runs(connection, execution_id, after=after, size=size)
        asked = [RequestView.model_validate(dict(each)) for each in await list_requests(connection, execution_id)]
        automation = await read_automation(connection, row["api_name"])
        event = await event_of(connection, row)
        zone = ZoneInfo((await read_business(connection)).timezone)
    newest = positions_of(automation["document"]) if automation else positions_of({})
    documents = {run["revision"]: positions_of(run["document"]) for run in runs}
    views = [step_run_view(run, newest, documents[run["revision"]]) for run in runs]
    next_after = views[-1].sequence if len(views) == size else None
    started = started_by(row["trigger"], event, zone)
    return HistoryView(started=started, trigger=row["trigger"], step_runs=views, requests=asked, next_after=next_after)


@router.get("/executions/{execution_id}/variables", summary="Read its variables", dependencies=[needs("automations:view")])
async def get_execution_variables(execution_id: UUID, database: DatabaseDep) -> list[VariableView]:
    """In the order they are set; null where a variable is blank or not set yet."""
    row = await existing_execution(database, execution_id)
    async with database.connection() as connection:
        automation = await read_automation(connection, row["api_name"])
    defined = automation["document"].get("variables", []) if automation else []
    return [
        VariableView(name=name, type=each.get("type", "string"), list=each.get("list", False), value=row["variables"].get(name))
        for each in defined
        for name in [each["name"]]
    ]


@router.post("/executions/{execution_id}/pause", status_code=202, summary="Pause it", dependencies=[needs("executions:operate")])
async def pause_execution(
    execution_id: UUID, database: DatabaseDep, client: TemporalDep, settings: SettingsDep, body: RequestBody | None = None
) -> ExecutionView:
    """Takes effect at the next step's border: the running step finishes. A delay's due time keeps counting."""
    return await _ask(execution_id, "pause", body, database, client, settings)


@router.post(
    "/executions/{execution_id}/resume", status_code=202, summary="Resume it", dependencies=[needs("executions:operate")]
)
async def resume_execution(
    execution_id: UUID, database: DatabaseDep, client: TemporalDep, settings: SettingsDep, body: RequestBody | None = None
) -> ExecutionView:
    """Ends a manual pause; on a failed step runs it again with the newest configuration."""
    return await _ask(execution_id, "resume", body, database, client, settings)


@router.post(
    "/executions/{execution_id}/cancel", status_code=202, summary="Cancel it", dependencies=[needs("executions:operate")]
)
async def cancel_execution(
    execution_id: UUID, database: DatabaseDep, client: TemporalDep, settings: SettingsDep, body: RequestBody | None = None
) -> ExecutionView:
    """In every open state, also during a long-running step. Effects of steps before stay."""
    return await _ask(execution_id, "cancel", body, database, client, settings)


@router.post(
    "/executions/{execution_id}/skip", status_code=202, summary="Skip its step", dependencies=[needs("executions:operate")]
)
async def skip_execution_step(
    execution_id: UUID, database: DatabaseDep, client: TemporalDep, settings: SettingsDep, body: RequestBody | None = None
) -> ExecutionView:
    """Passes over the failed or waiting step; over an undecided condition or a goal down `path`."""
    return await _ask(execution_id, "skip", body, database, client, settings)


@router.post("/executions/{execution_id}/retry", status_code=202, summary="Retry now", dependencies=[needs("executions:operate")])
async def retry_execution(
    execution_id: UUID, database: DatabaseDep, client: TemporalDep, settings: SettingsDep, body: RequestBody | None = None
) -> ExecutionView:
    """Makes a retrying step run now."""
    return await _ask(execution_id, "retry", body, database, client, settings)


async def _ask(
    execution_id: UUID, kind: RequestKind, body: RequestBody | None, database: Database, client: Any, settings: SettingsDep
) -> ExecutionView:
    body = body or RequestBody()
    await ask(database, client, settings, execution_id, kind, by=body.by, why=body.why, path=body.path, step=body.step)
    return await read_view(database, execution_id, settings)
