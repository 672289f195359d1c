"""Bulk starts: one automation on many records, paced by the workers; its progress can be asked for, or listened to."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.access import ActorDep, needs
from api.automations.saving import all_objects
from api.deps import DatabaseDep, MadeIdDep, PageDep
from api.errors import RefusedError
from api.executions.bulk_start_views import BulkStartRecordView, BulkStartView, bulk_start_view
from api.executions.listeners import takes_a_place
from api.executions.starting import overrides_of, require_active, require_not_killed
from api.key_watch import KeyWatch, watches_key
from api.pages import Page
from api.problems import NotFoundError
from automations.bulk_starts import Outcome, Selection
from automations.document import AutomationDocument
from automations.filter_problems import filter_problems
from automations.filters import Filter
from automations.model import Priority
from store import bulk_starts as stored
from store.audit import Deed, write_audit
from store.automations import read_automation
from store.database import UNAVAILABLE, Connection, Database
from store.ids import new_id

MAX_RECORDS = 10_000
_LOOK_EVERY_SECONDS = 0.25

router = APIRouter(tags=["bulk starts"])


class BulkStartBody(BaseModel):
    """Which records, by one of `record_ids`, `filter` and `all`; archived ones are left out.

    `variables` take the place of their sources, by name, in each execution. Without a `priority` the automation's holds. With
    `resume_paused` paused executions of the automation on a record go on, in place of a new start on it.
    """

    model_config = ConfigDict(extra="forbid")

    record_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MAX_RECORDS)
    filter: Filter | None = None
    all: Literal[True] | None = None
    variables: dict[str, Any] = {}
    priority: Priority | None = None
    resume_paused: bool = False
    by: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _one_selection(self) -> Self:
        if sum(each is not None for each in (self.record_ids, self.filter, self.all)) != 1:
            raise ValueError("Say one of record_ids, filter and all.")
        return self


class CancelBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=500)


@router.post(
    "/automations/{api_name}/bulk-starts",
    status_code=202,
    summary="Start it on many records",
    dependencies=[needs("executions:operate")],
)
async def start_in_bulk(
    api_name: str, body: BulkStartBody, database: DatabaseDep, actor: ActorDep, made_id: MadeIdDep
) -> BulkStartView:
    """Only written down here. The records of a filter are those that fit it while it is `collecting`.

    Paced, in place of the limit on starts in a minute. A record that cannot be started stands in no other's way.
    """
    now, bulk_start_id, actor = datetime.now(UTC), made_id or new_id(), actor.speaking_for(body.by)
    async with database.transaction() as connection:
        if made_id and (begun := await stored.read_bulk_start(connection, made_id)):
            return bulk_start_view(begun)
        automation = await _automation(connection, api_name)
        require_active(automation)
        await require_not_killed(connection, api_name, now)
        overrides = await _checked(connection, automation, body)
        await stored.insert_bulk_start(connection, _new(bulk_start_id, automation, body, overrides, actor.name, now))
        if body.record_ids:
            await stored.add_bulk_start_records(connection, bulk_start_id, dict.fromkeys(body.record_ids))
        await write_audit(connection, actor, _deed(bulk_start_id, api_name, body))
        return bulk_start_view(await stored.read_bulk_start(connection, bulk_start_id))


def _deed(bulk_start_id: UUID, api_name: str, body: BulkStartBody) -> Deed:
    """Of records that are named: how many."""
    asked = body.model_dump(mode="json", exclude_unset=True, exclude={"record_ids", "variables", "by"})
    named = {"record_ids": len(body.record_ids)} if body.record_ids else {}
    return Deed("bulk_start.begun", "bulk_start", str(bulk_start_id), after={"automation": api_name, **asked, **named})


async def _automation(connection: Connection, api_name: str) -> Any:
    automation = await read_automation(connection, api_name)
    if automation is None:
        raise NotFoundError("automation", api_name)
    return automation


async def _checked(connection: Connection, automation: Any, body: BulkStartBody) -> dict[str, Any]:
    """The start values in canonical form. Raises RefusedError 422: for a global automation, a filter or a variable."""
    if automation["object_id"] is None:
        raise RefusedError(
            422, "global_automation", f"Automation {automation['api_name']} is global: there are no records for it."
        )
    document = AutomationDocument.model_validate(automation["document"])
    if body.filter is not None:
        await _require_fit(connection, document, body.filter)
    return overrides_of(document, body.variables)


async def _require_fit(connection: Connection, document: AutomationDocument, filter: Filter) -> None:
    objects = await all_objects(connection)
    definition = objects.get(document.object or "")
    found = filter_problems(filter, definition, {}, "filter", objects=objects)
    if found:
        items = [{"path": each.path, "code": each.code, "sentence": each.sentence} for each in found]
        raise RefusedError(422, "invalid_filter", "The filter cannot be evaluated.", items)


def _new(
    bulk_start_id: UUID, automation: Any, body: BulkStartBody, overrides: dict[str, Any], by: str, now: datetime
) -> stored.NewBulkStart:
    return stored.NewBulkStart(
        id=bulk_start_id, automation_id=automation["id"], state="running" if body.record_ids else "collecting",
        selection=Selection(filter=body.filter, all=bool(body.all)), variables=overrides, priority=body.priority,
        resume_paused=body.resume_paused, by=by, now=now,
    )  # fmt: skip


@router.get("/automations/{api_name}/bulk-starts", summary="List its bulk starts", dependencies=[needs("automations:view")])
async def get_bulk_starts(api_name: str, database: DatabaseDep, page: PageDep) -> Page[BulkStartView]:
    """Newest first."""
    list_name = f"bulk-starts of {api_name}"
    async with database.connection() as connection:
        automation = await _automation(connection, api_name)
        rows = await stored.list_bulk_starts(
            connection, automation["id"], cursor=page.after(list_name, UUID), size=page.size_and_one
        )
    return page.page(list_name, rows, bulk_start_view, lambda row: str(row["id"]))


async def _existing(bulk_start_id: UUID, database: DatabaseDep) -> BulkStartView:
    found = await _read(database, bulk_start_id)
    if found is None:
        raise NotFoundError("bulk_start", bulk_start_id)
    return found


async def _read(database: Database, bulk_start_id: UUID) -> BulkStartView | None:
    async with database.connection() as connection:
        row = await stored.read_bulk_start(connection, bulk_start_id)
    return bulk_start_view(row) if row else None


ExistingDep = Annotated[BulkStartView, Depends(_existing)]


@router.get("/bulk-starts/{bulk_start_id}", summary="Read how far it is", dependencies=[needs("automations:view")])
async def get_bulk_start(found: ExistingDep) -> BulkStartView:
    return found


@router.get(
    "/bulk-starts/{bulk_start_id}/records", summary="Read what became of its records", dependencies=[needs("automations:view")]
)
async def get_bulk_start_records(
    found: ExistingDep, database: DatabaseDep, page: PageDep, outcome: Outcome | None = None
) -> Page[BulkStartRecordView]:
    """In the order of their turns; `outcome` is null until then."""
    list_name = f"records of bulk start {found.id}"
    async with database.connection() as connection:
        rows = await stored.list_bulk_start_records(
            connection, found.id, outcome=outcome, cursor=page.after(list_name, UUID), size=page.size_and_one
        )
    view = BulkStartRecordView.model_validate
    return page.page(list_name, rows, lambda row: view(dict(row)), lambda row: str(row["record_id"]))


@router.get(
    "/bulk-starts/{bulk_start_id}/stream",
    summary="Listen to how far it is",
    response_class=EventSourceResponse,
    dependencies=[needs("automations:view"), takes_a_place],
)
async def stream_bulk_start(
    found: ExistingDep, database: DatabaseDep, watch: Annotated[KeyWatch, watches_key("automations:view")]
) -> AsyncIterator[BulkStartView]:
    """A server-sent event now and on each change; ends after the last one. A comment every few seconds shows that it lives.

    The stream breaks off once the API key is not let in any more.
    """
    shown: BulkStartView | None = None
    newest: BulkStartView | None = found
    while newest is not None and await watch.is_let_in():
        if newest != shown:
            yield (shown := newest)
        if newest.finished_at:
            return
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        newest = await _newer(database, newest)


async def _newer(database: Database, shown: BulkStartView) -> BulkStartView | None:
    """None when it was deleted. While the database is away nothing changes."""
    try:
        return await _read(database, shown.id)
    except UNAVAILABLE:
        return shown


@router.post(
    "/bulk-starts/{bulk_start_id}/cancel", status_code=202, summary="Cancel it", dependencies=[needs("executions:operate")]
)
async def cancel_bulk_start(
    found: ExistingDep, database: DatabaseDep, actor: ActorDep, body: CancelBody | None = None
) -> BulkStartView:
    """The records that are left are not started; what was started or resumed goes on."""
    body = body or CancelBody()
    actor = actor.speaking_for(body.by)
    reason = f"canceled by {actor.name}{': ' if body.why else ''}{body.why}"
    async with database.transaction() as connection:
        canceled = await stored.end_bulk_start(connection, found.id, "canceled", reason=reason, now=datetime.now(UTC))
        if canceled:
            before = {"state": found.state, "left": found.left}
            deed = Deed("bulk_start.canceled", "bulk_start", str(found.id), before=before, why=body.why)
            await write_audit(connection, actor, deed)
        newest = bulk_start_view(await stored.read_bulk_start(connection, found.id))
    if not canceled:
        raise RefusedError(409, "bulk_start_over", f"The bulk start is {newest.state}: there is nothing to cancel.")
    return newest
