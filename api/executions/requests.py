"""What can be asked of executions: pause, resume, cancel, skip and retry."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.access import ActorDep, needs
from api.deps import DatabaseDep, SettingsDep, TemporalDep, TemporalWatchDep
from api.executions.executions import read_view
from api.executions.requesting import ask
from api.executions.views import ExecutionView
from api.executions.waiting import WaitDep, has_taken, or_done
from automations.executions import RequestKind

router = APIRouter(tags=["executions"])


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


class Asking:
    """Hands over a request and answers what became of it, as far as its caller waits."""

    def __init__(
        self,
        database: DatabaseDep,
        client: TemporalDep,
        settings: SettingsDep,
        watch: TemporalWatchDep,
        actor: ActorDep,
        wait: WaitDep,
    ) -> None:
        self._database, self._client, self._settings, self._watch = database, client, settings, watch
        self._actor, self._wait = actor, wait

    async def ask(self, execution_id: UUID, kind: RequestKind, body: RequestBody | None) -> ExecutionView:
        body = body or RequestBody()
        await self._watch.require(self._client)
        asked = await ask(
            self._database, self._client, self._settings, execution_id, kind, actor=self._actor.speaking_for(body.by),
            why=body.why, path=body.path, step=body.step,
        )  # fmt: skip
        await self._wait.until(execution_id, has_taken(kind, asked.version))
        return await read_view(self._database, execution_id, self._settings)


AskingDep = Annotated[Asking, Depends()]


@router.post(
    "/executions/{execution_id}/pause",
    status_code=202,
    summary="Pause it",
    responses=or_done(ExecutionView),
    dependencies=[needs("executions:operate")],
)
async def pause_execution(execution_id: UUID, asking: AskingDep, body: RequestBody | None = None) -> ExecutionView:
    """Takes effect at the next step's border: the running step finishes. A delay's due time keeps counting.

    With `wait` the answer comes when it is paused.
    """
    return await asking.ask(execution_id, "pause", body)


@router.post(
    "/executions/{execution_id}/resume",
    status_code=202,
    summary="Resume it",
    responses=or_done(ExecutionView),
    dependencies=[needs("executions:operate")],
)
async def resume_execution(execution_id: UUID, asking: AskingDep, body: RequestBody | None = None) -> ExecutionView:
    """Ends a manual pause; on a failed step runs it again with the newest configuration.

    With `wait` the answer comes when it has gone on.
    """
    return await asking.ask(execution_id, "resume", body)


@router.post(
    "/executions/{execution_id}/cancel",
    status_code=202,
    summary="Cancel it",
    responses=or_done(ExecutionView),
    dependencies=[needs("executions:operate")],
)
async def cancel_execution(execution_id: UUID, asking: AskingDep, body: RequestBody | None = None) -> ExecutionView:
    """In every open state, also during a long-running step. Effects of steps before stay.

    With `wait` the answer comes when it is over.
    """
    return await asking.ask(execution_id, "cancel", body)


@router.post(
    "/executions/{execution_id}/skip",
    status_code=202,
    summary="Skip its step",
    responses=or_done(ExecutionView),
    dependencies=[needs("executions:operate")],
)
async def skip_execution_step(execution_id: UUID, asking: AskingDep, body: RequestBody | None = None) -> ExecutionView:
    """Passes over the failed or waiting step; over an undecided condition or a goal down `path`.

    With `wait` the answer comes when it has gone on.
    """
    return await asking.ask(execution_id, "skip", body)


@router.post(
    "/executions/{execution_id}/retry",
    status_code=202,
    summary="Retry now",
    responses=or_done(ExecutionView),
    dependencies=[needs("executions:operate")],
)
async def retry_execution(execution_id: UUID, asking: AskingDep, body: RequestBody | None = None) -> ExecutionView:
    """Makes a retrying step run now.

    With `wait` the answer comes when its next attempt has begun.
    """
    return await asking.ask(execution_id, "retry", body)
