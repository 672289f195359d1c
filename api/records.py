"""Records: each change is checked as a whole, and told to the automations as an event."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.access import needs
from api.deps import ConnectionsDep, DatabaseDep, PageDep, SettingsDep
from api.objects import existing_object
from api.pages import Page
from api.problems import NotFoundError
from api.telling import tell
from automations.model import Name
from store import records
from store.records import Attributes
from store.requests import list_being_canceled

router = APIRouter(tags=["records"])
Values = Annotated[dict[str, JsonValue], Field(description="By field name; null clears a field")]
Owner = Annotated[str | None, Field(description="An employee's id or email address")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRecord(_Body):
    name: str | None = None
    values: Values = {}
    stage: str | None = None
    owner: Owner = None


class RecordChange(_Body):
    """What is left out stays as it is. With `revision`, the change is refused if the record is at another one."""

    name: str | None = None
    values: Values = {}
    stage: str | None = None
    owner: Owner = None
    revision: int | None = None

    def attributes(self) -> Attributes:
        return Attributes(**self.model_dump(include={"name", "stage", "owner"}, exclude_unset=True))


class RecordView(BaseModel):
    id: UUID
    object: str
    name: str
    values: dict[str, JsonValue]
    stage: str | None
    owner_id: UUID | None
    revision: int
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


def record_view(row: Any) -> RecordView:
    return RecordView.model_validate({**row, "values": row["field_values"]})


def _existing(row: Any | None, record_id: UUID) -> RecordView:
    if row is None:
        raise NotFoundError("record", record_id)
    return record_view(row)


@router.post("/objects/{api_name}/records", status_code=201, summary="Create a record", dependencies=[needs("records:edit")])
async def create_record(api_name: Name, new: NewRecord, database: DatabaseDep) -> RecordView:
    async with database.connection() as connection:
        stored = await existing_object(connection, api_name)
        row = await records.create_record(
            connection, stored, name=new.name, values=new.values, stage=new.stage, owner=new.owner, now=datetime.now(UTC)
        )
    return record_view(row)


@router.get("/objects/{api_name}/records", summary="List the records of an object", dependencies=[needs("records:view")])
async def get_records(
    api_name: Name,
    database: DatabaseDep,
    page: PageDep,
    archived: Annotated[bool, Query(description="Archived records too")] = False,
) -> Page[RecordView]:
    list_name = f"records:{api_name}"
    cursor = page.after(list_name, UUID)
    async with database.connection() as connection:
        stored = await existing_object(connection, api_name)
        rows = await records.list_records(connection, stored.id, archived=archived, cursor=cursor, size=page.size_and_one)
    return page.page(list_name, rows, record_view, lambda row: str(row["id"]))


@router.get("/records/{record_id}", summary="Read a record", dependencies=[needs("records:view")])
async def get_record(record_id: UUID, database: DatabaseDep) -> RecordView:
    async with database.connection() as connection:
        return _existing(await records.read_record(connection, record_id), record_id)


@router.patch("/records/{record_id}", summary="Change a record", dependencies=[needs("records:edit")])
async def change_record(record_id: UUID, change: RecordChange, database: DatabaseDep) -> RecordView:
    async with database.connection() as connection:
        row = await records.change_record(
            connection, record_id, values=change.values, now=datetime.now(UTC), revision=change.revision, **change.attributes()
        )
    return _existing(row, record_id)


@router.post("/records/{record_id}/archive", summary="Archive a record", dependencies=[needs("records:edit")])
async def archive_record(
    record_id: UUID, database: DatabaseDep, connections: ConnectionsDep, settings: SettingsDep
) -> RecordView:
    """Its open executions are canceled, and stay so if it is unarchived."""
    async with database.connection() as connection:
        row = await records.archive_record(connection, record_id, now=datetime.now(UTC))
        canceled = await list_being_canceled(connection, record_id)
    record = _existing(row, record_id)
    await tell(connections, settings, canceled)
    return record


@router.post("/records/{record_id}/unarchive", summary="Unarchive a record", dependencies=[needs("records:edit")])
async def unarchive_record(record_id: UUID, database: DatabaseDep) -> RecordView:
    async with database.connection() as connection:
        row = await records.unarchive_record(connection, record_id, now=datetime.now(UTC))
    return _existing(row, record_id)
