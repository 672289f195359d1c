"""Executions: start and read."""

from datetime import datetime
from itertools import accumulate
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.access import ActorDep, needs
from api.deps import DatabaseDep, MadeIdDep, SettingsDep, TemporalDep, TemporalWatchDep
from api.executions.explaining import event_of
from api.executions.resuming import resume_by_hand
from api.executions.starting import start_by_hand
from api.executions.views import ExecutionView, StepRunView, execution_view, step_run_views
from api.executions.waiting import WaitDep, or_done, rests
from api.problems import NotFoundError
from automations.executions import RequestKind
from automations.explain.starts import started_by
from store.automations import read_automation_by_id
from store.business import read_business
from store.database import Database
from store.executions import read_execution
from store.requests import list_requests
from store.step_runs import list_step_runs

ACTING = "It acts as the system: what its steps do is not limited by the permissions of whoever saved or started the automation."

PAGE_BYTES = 1024 * 1024
"""Of the step runs in one page of a history."""

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


class RequestView(BaseModel):
    """What was asked of the execution, by whom, why and when. Blank `asked_by`: nobody said."""

    kind: RequestKind | Literal["restart"]
    asked_by: str
    why: str
    step_id: str | None
    path: str | None
    asked_at: datetime


class HistoryView(BaseModel):
    """What started the execution, in a sentence and as it is kept, its step runs in order, and all that was asked of it.

    `acts_as`: whoever started it, its steps are not limited by a person's permissions; `acting` says so in a sentence.
    """

    started: str
    acts_as: Literal["system"] = "system"
    acting: str = ACTING
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
    responses=or_done(StartedView),
    dependencies=[needs("executions:operate")],
)
async def start_execution(
    api_name: str,
    body: StartBody,
    database: DatabaseDep,
    client: TemporalDep,
    settings: SettingsDep,
    watch: TemporalWatchDep,
    actor: ActorDep,
    wait: WaitDep,
    made_id: MadeIdDep,
) -> StartedView:
    """On a record, or globally. It is only queued here: nothing of the automation runs inside this request.

    With `wait` the answer tells of it when it is over or rests: paused for whatever reason, or retrying.
    """
    await watch.require(client)
    actor = actor.speaking_for(body.by)
    if body.resume_paused:
        resumed = await resume_by_hand(database, client, settings, api_name, body.record_id, actor)
        if resumed:
            await wait.until(resumed[-1], rests)
            newest = await read_view(database, resumed[-1], settings)
            return StartedView(**newest.model_dump(), resumed=resumed)
    started = await start_by_hand(database, client, settings, api_name, body.record_id, body.variables, actor, made_id)
    await wait.until(started.id, rests)
    return StartedView(**(await read_view(database, started.id, settings)).model_dump())


@router.get("/executions/{execution_id}", summary="Read an execution", dependencies=[needs("automations:view")])
async def get_execution(execution_id: UUID, database: DatabaseDep, settings: SettingsDep) -> ExecutionView:
    return await read_view(database, execution_id, settings)


async def read_view(database: Database, execution_id: UUID, settings: SettingsDep) -> ExecutionView:
    return execution_view(await existing_execution(database, execution_id), settings.web_ui_url, settings.temporal_namespace)


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
    """Each step run as it ran, with the values that it used.

    A page ends before `size` where its step runs come to a megabyte; the next one begins at `next_after`.
    """
    row = await existing_execution(database, execution_id)
    async with database.connection() as connection:
        runs = await list_step_runs(connection, execution_id, after=after, size=size)
        asked = [RequestView.model_validate(dict(each)) for each in await list_requests(connection, execution_id)]
        automation = await read_automation_by_id(connection, row["automation_id"])
        event = await event_of(connection, row)
        zone = ZoneInfo((await read_business(connection)).timezone)
    found = step_run_views(runs, automation["document"])
    views = _page(found)
    next_after = views[-1].sequence if len(views) < len(found) or len(found) == size else None
    started = started_by(row["trigger"], event, zone)
    return HistoryView(started=started, trigger=row["trigger"], step_runs=views, requests=asked, next_after=next_after)


def _page(views: list[StepRunView]) -> list[StepRunView]:
    """As many as fit in a page, one at least."""
    sizes = accumulate(len(view.model_dump_json()) for view in views)
    return views[: max(1, sum(size <= PAGE_BYTES for size in sizes))]


@router.get("/executions/{execution_id}/variables", summary="Read its variables", dependencies=[needs("automations:view")])
async def get_execution_variables(execution_id: UUID, database: DatabaseDep) -> list[VariableView]:
    """In the order they are set; null where a variable is blank or not set yet."""
    row = await existing_execution(database, execution_id)
    async with database.connection() as connection:
        automation = await read_automation_by_id(connection, row["automation_id"])
    defined = automation["document"].get("variables", [])
    return [
        VariableView(name=name, type=each.get("type", "string"), list=each.get("list", False), value=row["variables"].get(name))
        for each in defined
        for name in [each["name"]]
    ]
