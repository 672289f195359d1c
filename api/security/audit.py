"""The audit log: what people did, with whose key, and what it changed."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, JsonValue

from api.access import needs
from api.deps import DatabaseDep, PageDep
from api.pages import Page
from api.problems import NotFoundError
from automations.inputs import Moment
from store import audit as stored

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditView(BaseModel):
    """Something that a person did. `actor` is whom the caller spoke for, or else the name of its key.

    `action` such as automation.saved was done to the `kind` of thing that `target` names. In a list `before` and `after` are null
    where they are large, and `shortened` says so. Null `key_id`: it was done beside the gateway.
    """

    id: UUID
    at: datetime
    actor: str
    key_id: UUID | None
    key_name: str | None
    action: str
    kind: str
    target: str
    why: str
    before: JsonValue
    after: JsonValue
    shortened: bool
    request_id: str | None


def _view(row: Any) -> AuditView:
    return AuditView.model_validate(dict(row))


@router.get("", summary="List what was done", dependencies=[needs("admin")])
async def get_audit(
    database: DatabaseDep,
    page: PageDep,
    kind: Annotated[str | None, Query(max_length=60, description="Such as automation, execution, key")] = None,
    target: Annotated[str | None, Query(max_length=300, description="The name or id of one of its kind")] = None,
    action: Annotated[str | None, Query(max_length=60, description="Such as automation.saved")] = None,
    key_id: UUID | None = None,
    since: Annotated[Moment | None, Query(description="From then on")] = None,
    until: Annotated[Moment | None, Query(description="Before that")] = None,
) -> Page[AuditView]:
    """Newest first; all that is said must hold."""
    async with database.connection() as connection:
        rows = await stored.list_audit(
            connection, kind=kind, target=target, action=action, key_id=key_id, since=since, until=until,
            cursor=page.after("audit", UUID), size=page.size_and_one,
        )  # fmt: skip
    return page.page("audit", rows, _view, lambda row: str(row["id"]))


@router.get("/{audit_id}", summary="Read what was done, whole", dependencies=[needs("admin")])
async def get_audit_entry(audit_id: UUID, database: DatabaseDep) -> AuditView:
    """With all that was before and after."""
    async with database.connection() as connection:
        row = await stored.read_audit(connection, audit_id)
    if row is None:
        raise NotFoundError("audit_entry", audit_id)
    return _view(row)
