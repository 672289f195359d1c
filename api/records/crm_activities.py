"""Crm activities: calls, meetings and tasks of a record; each thing done to one is told to the automations as an event."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, assert_never
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.access import CallerDep, needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import Page
from api.problems import NotFoundError
from automations.crm_activities import ActivityNote, ActivityStatus, ActivityType
from automations.inputs import Moment
from automations.steps.members import Role
from store import crm_activities as stored
from store.crm_activities import ActivityChange
from store.database import Connection
from store.records import read_record
from store.team import find_employee

router = APIRouter(tags=["crm activities"])

Doer = Annotated[str, Field(max_length=200, description="Who does it, or else the name of the API key; told with the event")]
Assignee = Annotated[str | None, Field(max_length=255, description="An employee's id or email address")]
ForRole = Annotated[Role | None, Field(description="For anybody of this role")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewActivity(_Body):
    """`completed` logs what is done already, `scheduled` what is to be done by `due_at`."""

    type: ActivityType
    status: Literal["completed", "scheduled"]
    note: ActivityNote = ""
    due_at: Moment | None = None
    assigned_to: Assignee = None
    assigned_role: ForRole = None
    by: Doer = ""


class ActivityPatch(_Body):
    """What is left out stays as it is; null takes the assignee or the role away."""

    note: ActivityNote | None = None
    due_at: Moment | None = None
    assigned_to: Assignee = None
    assigned_role: ForRole = None
    by: Doer = ""


class DoneBody(_Body):
    by: Doer = ""


class ActivityView(BaseModel):
    """`by` is who did the last thing to it; blank if nobody said. `execution_id` is the execution that scheduled it."""

    id: UUID
    record_id: UUID
    type: str
    status: ActivityStatus
    note: str
    due_at: datetime | None
    assigned_to: UUID | None
    assigned_role: str | None
    execution_id: UUID | None
    by: str
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


def _view(row: Any) -> ActivityView:
    return ActivityView.model_validate(dict(row))


def _existing(row: Any | None, activity_id: UUID) -> ActivityView:
    if row is None:
        raise NotFoundError("crm_activity", activity_id)
    return _view(row)


def _wrong(path: str, code: str, sentence: str) -> RefusedError:
    return RefusedError(422, code, sentence, [{"path": path, "code": code, "sentence": sentence}])


async def _assignee(connection: Connection, key: str | None) -> UUID | None:
    if key is None or not key.strip():
        return None
    employee = await find_employee(connection, key)
    if employee is None:
        raise _wrong("assigned_to", "unknown_employee", f"There is no employee with the id or address {key}.")
    return employee["id"]


@router.post(
    "/records/{record_id}/activities",
    status_code=201,
    summary="Log or schedule a crm activity",
    dependencies=[needs("records:edit")],
)
async def create_activity(record_id: UUID, new: NewActivity, database: DatabaseDep, caller: CallerDep) -> ActivityView:
    """A logged one is completed now; a scheduled one needs `due_at`."""
    async with database.transaction() as connection:
        row = await _create(connection, record_id, new, new.by or caller.name, datetime.now(UTC))
    if row is None:
        raise NotFoundError("record", record_id)
    return _view(row)


async def _create(connection: Connection, record_id: UUID, new: NewActivity, by: str, now: datetime) -> Any | None:
    assignee = await _assignee(connection, new.assigned_to)
    match new.status:
        case "completed":
            if new.due_at is not None:
                raise _wrong("due_at", "unknown_key", "What is done already is not due: leave out due_at.")
            return await stored.log_activity(
                connection, record_id, type=new.type, note=new.note, assigned_to=assignee, assigned_role=new.assigned_role, by=by,
                now=now,
            )  # fmt: skip
        case "scheduled":
            due_at = _due(new.due_at)
            return await stored.schedule_activity(
                connection, record_id, type=new.type, due_at=due_at, note=new.note, assigned_to=assignee,
                assigned_role=new.assigned_role, by=by, now=now,
            )  # fmt: skip
        case _:
            assert_never(new.status)


def _due(due_at: datetime | None) -> datetime:
    if due_at is None:
        raise _wrong("due_at", "missing_key", "A scheduled crm activity says by when it is due: due_at.")
    return due_at


@router.get(
    "/records/{record_id}/activities", summary="List the crm activities of a record", dependencies=[needs("records:view")]
)
async def get_activities(
    record_id: UUID,
    database: DatabaseDep,
    page: PageDep,
    open: Annotated[bool, Query(description="Only those that are still to be done")] = False,
) -> Page[ActivityView]:
    """Newest first."""
    list_name = f"activities:{record_id}"
    cursor = page.after(list_name, UUID)
    async with database.connection() as connection:
        if await read_record(connection, record_id) is None:
            raise NotFoundError("record", record_id)
        rows = await stored.list_activities(connection, record_id, open=open, cursor=cursor, size=page.size_and_one)
    return page.page(list_name, rows, _view, lambda row: str(row["id"]))


@router.get("/activities/{activity_id}", summary="Read a crm activity", dependencies=[needs("records:view")])
async def get_activity(activity_id: UUID, database: DatabaseDep) -> ActivityView:
    async with database.connection() as connection:
        return _existing(await stored.read_activity(connection, activity_id), activity_id)


@router.patch("/activities/{activity_id}", summary="Change a scheduled crm activity", dependencies=[needs("records:edit")])
async def change_activity(activity_id: UUID, patch: ActivityPatch, database: DatabaseDep, caller: CallerDep) -> ActivityView:
    async with database.transaction() as connection:
        change = await _change(connection, patch)
        row = await stored.change_activity(connection, activity_id, by=patch.by or caller.name, now=datetime.now(UTC), **change)
    return _existing(row, activity_id)


async def _change(connection: Connection, patch: ActivityPatch) -> ActivityChange:
    change = ActivityChange()
    if "note" in patch.model_fields_set:
        change["note"] = patch.note or ""
    if "due_at" in patch.model_fields_set:
        change["due_at"] = _due(patch.due_at)
    if "assigned_to" in patch.model_fields_set:
        change["assigned_to"] = await _assignee(connection, patch.assigned_to)
    if "assigned_role" in patch.model_fields_set:
        change["assigned_role"] = patch.assigned_role
    return change


@router.post("/activities/{activity_id}/complete", summary="Complete a crm activity", dependencies=[needs("records:edit")])
async def complete_activity(
    activity_id: UUID, database: DatabaseDep, caller: CallerDep, body: DoneBody | None = None
) -> ActivityView:
    """Done twice, the second time changes nothing and starts nothing."""
    by = (body.by if body else "") or caller.name
    async with database.transaction() as connection:
        row = await stored.complete_activity(connection, activity_id, by=by, now=datetime.now(UTC))
    return _existing(row, activity_id)


@router.post("/activities/{activity_id}/cancel", summary="Cancel a crm activity", dependencies=[needs("records:edit")])
async def cancel_activity(
    activity_id: UUID, database: DatabaseDep, caller: CallerDep, body: DoneBody | None = None
) -> ActivityView:
    """It stays in the list, as canceled. Done twice, the second time changes nothing."""
    by = (body.by if body else "") or caller.name
    async with database.transaction() as connection:
        row = await stored.cancel_activity(connection, activity_id, by=by, now=datetime.now(UTC))
    return _existing(row, activity_id)
