"""When date triggers are due next."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access import needs
from api.deps import DatabaseDep, PageDep
from api.pages import Page
from api.problems import NotFoundError
from store.automations import read_automation
from store.database import Connection
from store.due import DueCursor, TriggerKey, list_due

router = APIRouter(tags=["triggers"])


class MovedView(BaseModel):
    """What put it off, day by day; the first one is the day it was meant for."""

    planned: datetime = Field(validation_alias="from")
    passed: list[dict[str, str]]


class DueView(BaseModel):
    """When a trigger is due for a record, by the value of a field or by a crm activity.

    `moved` where it fell on a day that is not worked.
    """

    record_id: UUID
    record_name: str
    due_at: datetime
    field: str | None = None
    value: Any = None
    activity: dict[str, Any] | None = None
    moved: MovedView | None = None


def _view(row: Any) -> DueView:
    return DueView(record_id=row["record_id"], record_name=row["name"], due_at=row["due_at"], **row["told"])


def _cursor(key: str) -> DueCursor:
    due_at, record_id, subject = key.split(" ", 2)
    return DueCursor(datetime.fromisoformat(due_at), UUID(record_id), subject)


def _key(row: Any) -> str:
    return f"{row['due_at'].isoformat()} {row['record_id']} {row['subject']}"


@router.get(
    "/automations/{api_name}/triggers/{trigger_id}/due",
    summary="List what a date trigger waits for",
    dependencies=[needs("automations:view")],
)
async def get_due(
    api_name: str,
    trigger_id: str,
    database: DatabaseDep,
    page: PageDep,
    record_id: Annotated[UUID | None, Query(description="Only for this record")] = None,
) -> Page[DueView]:
    """What is due next first. Nothing while the automation is not active."""
    list_name = f"due:{api_name}/{trigger_id}:{record_id or ''}"
    cursor = page.after(list_name, _cursor)
    async with database.connection() as connection:
        trigger = await _trigger(connection, api_name, trigger_id)
        rows = await list_due(connection, trigger, record_id=record_id, cursor=cursor, size=page.size_and_one)
    return page.page(list_name, rows, _view, _key)


async def _trigger(connection: Connection, api_name: str, trigger_id: str) -> TriggerKey:
    row = await read_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    if not any(trigger["id"] == trigger_id for trigger in row["document"].get("triggers", ())):
        raise NotFoundError("trigger", trigger_id)
    return TriggerKey(row["id"], trigger_id)
