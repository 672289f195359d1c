"""Creating a record or changing the one that is there, in one call."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.access import needs
from api.deps import DatabaseDep
from api.records.objects import existing_object
from api.records.records import OfPriority, Owner, RecordView, Values, tagged
from automations.model import Name
from store.events import Origin
from store.record_upserts import OnArchived, upsert_record
from store.records import Attributes

router = APIRouter(tags=["records"])


class UpsertBody(BaseModel):
    """`match` is one field and the value that the record is known by, or its name: an email address, as a rule.

    What is left out stays as it is, and null clears a field; a new record is named by what it is known by unless it has a `name`.
    `on_archived` says what becomes of an archived one where there is no other.
    """

    model_config = ConfigDict(extra="forbid")

    match: Annotated[dict[str, JsonValue], Field(min_length=1, max_length=1)]
    name: str | None = None
    values: Values = {}
    stage: str | None = None
    owner: Owner = None
    on_archived: OnArchived = "unarchive"

    def attributes(self) -> Attributes:
        return Attributes(**self.model_dump(include={"name", "stage", "owner"}, exclude_unset=True))


_ANSWERS: dict[int | str, dict[str, Any]] = {201: {"description": "Created", "model": RecordView}}


@router.post(
    "/objects/{api_name}/records/upsert",
    summary="Create a record, or change the one that is there",
    responses=_ANSWERS,
    dependencies=[needs("records:edit")],
)
async def put_record(
    api_name: Name, body: UpsertBody, response: Response, database: DatabaseDep, priority: OfPriority = "regular"
) -> RecordView:
    """201 for a new record, 200 for one that was there. However many call it at once, there is one record."""
    async with database.transaction() as connection:
        stored = await existing_object(connection, api_name)
        found = await upsert_record(
            connection, stored, body.match, values=body.values, attributes=body.attributes(), on_archived=body.on_archived,
            now=datetime.now(UTC), origin=Origin(priority=priority),
        )  # fmt: skip
    response.status_code = 201 if found.created else 200
    return tagged(found.row, response)
