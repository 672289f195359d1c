"""What a save would mean to the executions that are under way."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from api.access import needs
from api.automations.affected import Affected, AffectedExecution
from api.automations.automations import DOCUMENT_BODY
from api.automations.saving import compare, read_draft
from api.deps import DatabaseDep
from automations.executions import PauseReason, State
from automations.problems import Problem
from store.automations import read_automation

router = APIRouter(tags=["automations"])


class AffectedView(BaseModel):
    """An open execution: the steps it stands on, and the changed and deleted steps that it may still come to, these included.

    `stands_on` says whether it stands on one of them already.
    """

    id: UUID
    state: State
    pause_reason: PauseReason | None
    steps: list[str]
    affected: list[str]
    stands_on: bool


class ImpactView(BaseModel):
    """What a document would change: steps by their ids, variables among them. `revision` is the one that it would replace.

    `executions` are the first of `total`, by id; the next ones come `after` the last of them.
    """

    revision: int | None
    changed: list[str] = []
    deleted: list[str] = []
    executions: list[AffectedView] = []
    total: int = 0
    warnings: list[Problem]


def _view(found: AffectedExecution) -> AffectedView:
    row, effect = found.row, found.effect
    return AffectedView(
        id=row["id"], state=row["state"], pause_reason=row["pause_reason"], steps=sorted(effect.steps),
        affected=sorted(effect.affected), stands_on=effect.stands_on,
    )  # fmt: skip


@router.post(
    "/automations/{api_name}/impact",
    summary="Ask what a save would affect",
    openapi_extra=DOCUMENT_BODY,
    dependencies=[needs("automations:view")],
)
async def get_impact(
    api_name: str,
    request: Request,
    database: DatabaseDep,
    after: Annotated[UUID | None, Query(description="The last execution that was answered before")] = None,
    size: Annotated[int, Query(ge=1, le=200)] = 100,
) -> ImpactView:
    """Takes the document that would be saved, and answers its mistakes as the save would. Nothing is saved."""
    async with database.connection() as connection:
        draft = await read_draft(connection, await request.body(), api_name)
        row = await read_automation(connection, api_name)
        if row is None:
            return ImpactView(revision=None, warnings=draft.warnings)
        affected = Affected(connection, row["id"], *await compare(connection, row, draft))
        found = [each async for each in affected.executions()]
    shown = [each for each in found if after is None or each.row["id"] > after][:size]
    return ImpactView(
        revision=row["revision"], changed=sorted(affected.changes.changed), deleted=sorted(affected.changes.deleted),
        executions=[_view(each) for each in shown], total=len(found), warnings=draft.warnings,
    )  # fmt: skip
