"""Executions whose workflow Temporal has forgotten, and what an operator decides for them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.access import ActorDep, needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations.executions import OpenState
from store import missing_workflows as stored
from store.audit import Deed, write_audit
from store.ids import new_id

router = APIRouter(tags=["recoveries"])


class MissingWorkflowView(BaseModel):
    """An open execution without a workflow."""

    execution_id: UUID
    automation: str
    state: OpenState
    workflow_id: str
    found_at: datetime


class RecoveryBody(BaseModel):
    """`start_again`: each open execution goes on from its row, in a new workflow where the old one is gone.

    `end`: those without a workflow are canceled.
    """

    model_config = ConfigDict(extra="forbid")

    decision: stored.Decision
    by: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=500)


class RecoveryView(BaseModel):
    """How far it is. `looked_at` counts executions, `closed` workflows of executions that were over."""

    id: UUID
    decision: stored.Decision
    by: str
    why: str
    looked_at: int
    started: int
    reloaded: int
    ended: int
    closed: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


def _view(row: Any) -> RecoveryView:
    return RecoveryView.model_validate(dict(row))


@router.get("/missing-workflows", summary="List executions without a workflow", dependencies=[needs("admin")])
async def get_missing_workflows(database: DatabaseDep, page: PageDep) -> Page[MissingWorkflowView]:
    """A few are ended within minutes; more of them wait for a recovery."""
    list_name = "missing workflows"
    async with database.connection() as connection:
        cursor = page.after(list_name, UUID)
        rows = await stored.list_missing(connection, cursor=cursor, size=page.size_and_one)
    return page.page(
        list_name,
        rows,
        lambda row: MissingWorkflowView.model_validate(dict(row)),
        lambda row: str(row["execution_id"]),
    )


@router.post("/recoveries", status_code=202, summary="Recover from a Temporal that forgot", dependencies=[needs("admin")])
async def begin_recovery(body: RecoveryBody, database: DatabaseDep, actor: ActorDep) -> RecoveryView:
    """After Temporal was restored from a backup or set up anew. The workers do it, a page at a time."""
    now, id, actor = datetime.now(UTC), new_id(), actor.speaking_for(body.by)
    async with database.transaction() as connection:
        if not await stored.insert_recovery(connection, id, body.decision, by=actor.name, why=body.why, now=now):
            raise RefusedError(409, "recovery_under_way", "A recovery is under way: wait until it is done, see GET /recoveries.")
        after = {"decision": body.decision}
        await write_audit(connection, actor, Deed("recovery.begun", "recovery", str(id), after=after, why=body.why))
        return _view(await stored.read_recovery(connection, id))


@router.get("/recoveries", summary="List recoveries", dependencies=[needs("admin")])
async def get_recoveries(database: DatabaseDep, page: PageDep) -> Page[RecoveryView]:
    """Newest first."""
    async with database.connection() as connection:
        cursor = page.after("recoveries", UUID)
        rows = await stored.list_recoveries(connection, cursor=cursor, size=page.size_and_one)
    return page.page("recoveries", rows, _view, lambda row: str(row["id"]))


@router.get("/recoveries/{recovery_id}", summary="Read how far it is", dependencies=[needs("admin")])
async def get_recovery(recovery_id: UUID, database: DatabaseDep) -> RecoveryView:
    async with database.connection() as connection:
        row = await stored.read_recovery(connection, recovery_id)
    if row is None:
        raise NotFoundError("recovery", recovery_id)
    return _view(row)
