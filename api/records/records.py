"""Records: each change is checked as a whole, and told to the automations as an event."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.access import ActorDep, needs
from api.deps import ConnectionsDep, DatabaseDep, SettingsDep
from api.etags import IfMatch, expected_revision, tag
from api.executions.telling import tell
from api.problems import NotFoundError
from api.records.objects import existing_object
from automations.model import Name, Priority
from store import records
from store.audit import Deed, write_audit
from store.events import Origin
from store.record_removal import delete_record
from store.records import Attributes
from store.requests import list_being_canceled

router = APIRouter(tags=["records"])
Values = Annotated[dict[str, JsonValue], Field(description="By field name; null clears a field")]
OfPriority = Annotated[
    Priority,
    Query(description="low for an import: what this write starts gives way to all else, and no limit holds it back"),
]
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


def tagged(row: Any, response: Response) -> RecordView:
    """Its revision is its ETag."""
    tag(response, row["revision"])
    return record_view(row)


def _existing(row: Any | None, record_id: UUID, response: Response) -> RecordView:
    if row is None:
        raise NotFoundError("record", record_id)
    return tagged(row, response)


@router.post("/objects/{api_name}/records", status_code=201, summary="Create a record", dependencies=[needs("records:edit")])
async def create_record(
    api_name: Name, new: NewRecord, response: Response, database: DatabaseDep, priority: OfPriority = "regular"
) -> RecordView:
    async with database.transaction() as connection:
        stored = await existing_object(connection, api_name)
        row = await records.create_record(
            connection, stored, name=new.name, values=new.values, stage=new.stage, owner=new.owner, now=datetime.now(UTC),
            origin=Origin(priority=priority),
        )  # fmt: skip
    return tagged(row, response)


@router.get("/records/{record_id}", summary="Read a record", dependencies=[needs("records:view")])
async def get_record(record_id: UUID, response: Response, database: DatabaseDep) -> RecordView:
    async with database.connection() as connection:
        return _existing(await records.read_record(connection, record_id), record_id, response)


@router.patch("/records/{record_id}", summary="Change a record", dependencies=[needs("records:edit")])
async def change_record(
    record_id: UUID,
    change: RecordChange,
    response: Response,
    database: DatabaseDep,
    priority: OfPriority = "regular",
    if_match: IfMatch = None,
) -> RecordView:
    expected = expected_revision(if_match, change.revision)
    async with database.transaction() as connection:
        row = await records.change_record(
            connection, record_id, values=change.values, now=datetime.now(UTC), revision=expected,
            origin=Origin(priority=priority), **change.attributes(),
        )  # fmt: skip
    return _existing(row, record_id, response)


@router.post("/records/{record_id}/archive", summary="Archive a record", dependencies=[needs("records:edit")])
async def archive_record(
    record_id: UUID,
    response: Response,
    database: DatabaseDep,
    connections: ConnectionsDep,
    settings: SettingsDep,
    if_match: IfMatch = None,
) -> RecordView:
    """Its open executions are canceled, and stay so if it is unarchived."""
    expected = expected_revision(if_match)
    async with database.transaction() as connection:
        row = await records.archive_record(connection, record_id, now=datetime.now(UTC), revision=expected)
        canceled = await list_being_canceled(connection, record_id)
    record = _existing(row, record_id, response)
    await tell(connections, settings, canceled)
    return record


@router.post("/records/{record_id}/unarchive", summary="Unarchive a record", dependencies=[needs("records:edit")])
async def unarchive_record(record_id: UUID, response: Response, database: DatabaseDep, if_match: IfMatch = None) -> RecordView:
    expected = expected_revision(if_match)
    async with database.transaction() as connection:
        row = await records.unarchive_record(connection, record_id, now=datetime.now(UTC), revision=expected)
    return _existing(row, record_id, response)


class DeletedRecordView(BaseModel):
    """`canceled`: how many open executions were asked to end."""

    id: UUID
    deleted_at: datetime
    canceled: int


@router.delete("/records/{record_id}", summary="Delete a record for good", dependencies=[needs("records:remove")])
async def remove_record(
    record_id: UUID,
    database: DatabaseDep,
    connections: ConnectionsDep,
    settings: SettingsDep,
    actor: ActorDep,
    why: Annotated[str, Query(max_length=500, description="Kept in the audit log")] = "",
    if_match: IfMatch = None,
) -> DeletedRecordView:
    """Its values, its events' and its crm activities' texts are wiped, and its open executions canceled.

    What the steps of its executions have used stays in their histories.
    """
    expected, now = expected_revision(if_match), datetime.now(UTC)
    async with database.transaction() as connection:
        row = await delete_record(connection, record_id, now=now, revision=expected, by=actor.name)
        if row is None:
            raise NotFoundError("record", record_id)
        await write_audit(connection, actor, Deed("record.deleted", "record", str(record_id), why=why))
        canceled = await list_being_canceled(connection, record_id)
    await tell(connections, settings, canceled)
    return DeletedRecordView(id=record_id, deleted_at=now, canceled=len(canceled))
