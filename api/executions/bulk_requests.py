"""Pause, resume, cancel, skip and retry many executions, each for itself: paced by the workers, with a progress to look at."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.access import ActorDep, CallerDep, missing, needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.executions.bulk_request_views import (
    BulkRequestItem,
    BulkRequestProgress,
    BulkRequestView,
    bulk_request_item,
    bulk_request_progress,
    bulk_request_view,
)
from api.executions.bulk_starts import CancelBody
from api.executions.listeners import takes_a_place
from api.executions.lists import meant
from api.executions.waiting import AT_MOST_SECONDS, or_done
from api.middleware.authentication import Caller
from api.pages import Page, PageRequest
from api.problems import NotFoundError
from automations.access import Place
from automations.bulk_requests import Item, ItemOutcome
from automations.errors import EverstepError
from automations.execution_filters import ExecutionFilter
from automations.executions import RequestKind
from store import bulk_requests as stored
from store.audit import Actor, Deed, write_audit
from store.database import UNAVAILABLE, Connection, Database
from store.execution_lists import After, automations_of, choose_executions
from store.ids import new_id
from store.places import reached_automations

MAX_REQUESTS = 10_000
_SHOWN = 1_000
"""Items in the answer of who waited for them; the others are read by the page."""
_LOOK_EVERY_SECONDS = 0.25

router = APIRouter(tags=["executions"])

Wait = Annotated[
    float, Query(ge=0, le=AT_MOST_SECONDS, description="Seconds to wait until all were asked; 202 if they were not by then")
]


class BulkFilter(ExecutionFilter):
    """Those that are not over, of the criteria of the list; `all` says on purpose that there are none."""

    model_config = ConfigDict(extra="forbid")

    all: Literal[True] | None = None


class BulkRequestBody(BaseModel):
    """Which executions, by `ids` or by a `filter` with a `limit`; who asks, and why. `path` goes with skips.

    `cursor` goes on behind what an answer with the same filter came to.
    """

    model_config = ConfigDict(extra="forbid")

    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MAX_REQUESTS)
    filter: BulkFilter | None = None
    limit: int = Field(default=MAX_REQUESTS, ge=1, le=MAX_REQUESTS)
    cursor: str | None = Field(default=None, max_length=1000)
    by: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=500)
    path: str | None = Field(default=None, max_length=20)

    @model_validator(mode="after")
    def _one_selection(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("Say either ids or filter.")
        return self


@router.post(
    "/executions/bulk/{kind}",
    status_code=202,
    summary="Ask the same of many",
    responses=or_done(BulkRequestView),
    dependencies=[needs("executions:operate", narrows=True)],
)
async def request_in_bulk(
    kind: RequestKind,
    body: BulkRequestBody,
    response: Response,
    database: DatabaseDep,
    caller: CallerDep,
    actor: ActorDep,
    wait: Wait = 0,
) -> BulkRequestView:
    """Only written down here. Which executions is settled now; each has its turn soon, and what came of it stays to be read.

    Who waits is answered 200 with the first thousand `items`. One that cannot be asked stands in no other's way.
    """
    id, actor = new_id(), actor.speaking_for(body.by)
    async with database.transaction() as connection:
        items, chosen = await _items(connection, body, caller)
        new = stored.NewBulkRequest(id, kind, actor, body.why, body.path, datetime.now(UTC))
        await stored.insert_bulk_request(connection, new, items)
        await write_audit(connection, actor, _deed(id, kind, body))
        row = await stored.read_bulk_request(connection, id)
    response.headers["Location"] = f"/bulk-requests/{id}"
    more = {"more": chosen.next_cursor is not None, "next_cursor": chosen.next_cursor}
    if wait and (row := await _waited(database, id, wait))["finished_at"]:
        response.status_code = 200
        return bulk_request_view(row, **more, items=await _shown(database, id))
    return bulk_request_view(row, **more)


def _deed(id: UUID, kind: RequestKind, body: BulkRequestBody) -> Deed:
    """Of executions that are named: how many."""
    asked = body.model_dump(mode="json", exclude_unset=True, exclude={"ids", "by", "why", "cursor"})
    named = {"ids": len(body.ids)} if body.ids else {}
    return Deed("bulk_request.begun", "bulk_request", str(id), after={"kind": kind, **asked, **named}, why=body.why)


async def _waited(database: Database, id: UUID, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while True:
        row = await _read(database, id)
        assert row is not None
        if row["finished_at"] or time.monotonic() > end:
            return row
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _shown(database: Database, id: UUID) -> list[BulkRequestItem]:
    async with database.connection() as connection:
        rows = await stored.list_bulk_request_items(connection, id, size=_SHOWN)
    return [bulk_request_item(row) for row in rows]


Refusals = dict[UUID, EverstepError]


async def _items(connection: Connection, body: BulkRequestBody, caller: Caller) -> tuple[list[Item], Page[UUID]]:
    """All that are meant, in order: some have their outcome already, as the caller may not ask them."""
    refused, chosen = await _chosen(connection, body, caller)
    return [_item(place, id, refused.get(id)) for place, id in enumerate(chosen.items)], chosen


def _item(place: int, id: UUID, refusal: EverstepError | None) -> Item:
    if refusal is None:
        return Item(place, id)
    outcome: ItemOutcome = "not_found" if isinstance(refusal, NotFoundError) else "refused"
    return Item(place, id, outcome, refusal.code, refusal.sentence)


async def _chosen(connection: Connection, body: BulkRequestBody, caller: Caller) -> tuple[Refusals, Page[UUID]]:
    """Why some are not to be asked, and the page of all that are meant."""
    reached = await reached_automations(connection, caller.access.reach("executions:operate"))
    if body.filter is not None:
        return {}, await _fitting(connection, body.filter, PageRequest(body.cursor, body.limit), reached)
    ids = list(dict.fromkeys(body.ids or []))
    there = await automations_of(connection, ids)
    return dict(_refused(ids, there, reached)), Page(items=ids)


async def _fitting(connection: Connection, filter: BulkFilter, page: PageRequest, reached: list[UUID] | None) -> Page[UUID]:
    if filter.is_empty:
        raise RefusedError(422, "filter_needed", 'Say which executions are meant, or "all": true for all of them.')
    list_name = f"executions in bulk {filter.digest}"
    last = page.after(list_name, UUID)
    rows = await choose_executions(
        connection, filter if filter.open is not None else filter.model_copy(update={"open": True}),
        automations=await meant(connection, filter, reached), after=After(last) if last else None, size=page.size_and_one,
    )  # fmt: skip
    return page.page(list_name, rows, lambda row: row, str)


def _refused(
    ids: Sequence[UUID], there: Mapping[UUID, tuple[UUID, str]], reached: Sequence[UUID] | None
) -> Iterator[tuple[UUID, EverstepError]]:
    for each in ids:
        if each not in there:
            yield each, NotFoundError("execution", each)
        elif reached is not None and there[each][0] not in reached:
            yield each, missing("executions:operate", Place(automation=there[each][1]))


async def _existing(bulk_request_id: UUID, database: DatabaseDep, caller: CallerDep) -> Any:
    """To a key that does not reach everything only what it asked itself is there."""
    row = await _read(database, bulk_request_id)
    if row is None or not (caller.access.reach("automations:view").everywhere or row["key_id"] == caller.key_id):
        raise NotFoundError("bulk_request", bulk_request_id)
    return row


async def _read(database: Database, bulk_request_id: UUID) -> Any | None:
    async with database.connection() as connection:
        return await stored.read_bulk_request(connection, bulk_request_id)


ExistingDep = Annotated[Any, Depends(_existing)]


@router.get("/bulk-requests", summary="List bulk requests", dependencies=[needs("automations:view", narrows=True)])
async def get_bulk_requests(database: DatabaseDep, caller: CallerDep, page: PageDep) -> Page[BulkRequestProgress]:
    """Newest first; to a key that does not reach everything, its own."""
    own = None if caller.access.reach("automations:view").everywhere else caller.key_id
    async with database.connection() as connection:
        cursor = page.after("bulk requests", UUID)
        rows = await stored.list_bulk_requests(connection, key_id=own, cursor=cursor, size=page.size_and_one)
    return page.page("bulk requests", rows, bulk_request_progress, lambda row: str(row["id"]))


@router.get(
    "/bulk-requests/{bulk_request_id}",
    summary="Read how far it is",
    dependencies=[needs("automations:view", narrows=True)],
)
async def get_bulk_request(found: ExistingDep) -> BulkRequestProgress:
    return bulk_request_progress(found)


@router.get(
    "/bulk-requests/{bulk_request_id}/items",
    summary="Read what became of each",
    dependencies=[needs("automations:view", narrows=True)],
)
async def get_bulk_request_items(
    found: ExistingDep, database: DatabaseDep, page: PageDep, outcome: ItemOutcome | None = None
) -> Page[BulkRequestItem]:
    """In the order in which they were named or found; `outcome` is null until its turn."""
    list_name = f"items of bulk request {found['id']}"
    after = page.after(list_name, int)
    async with database.connection() as connection:
        rows = await stored.list_bulk_request_items(
            connection, found["id"], outcome=outcome, after=-1 if after is None else after, size=page.size_and_one
        )
    return page.page(list_name, rows, bulk_request_item, lambda row: str(row["place"]))


@router.get(
    "/bulk-requests/{bulk_request_id}/stream",
    summary="Listen to how far it is",
    response_class=EventSourceResponse,
    dependencies=[needs("automations:view", narrows=True), takes_a_place],
)
async def stream_bulk_request(found: ExistingDep, database: DatabaseDep) -> AsyncIterator[BulkRequestProgress]:
    """A server-sent event now and on each change; ends after the last one. A comment every few seconds shows that it lives."""
    shown: BulkRequestProgress | None = None
    row: Any | None = found
    while row is not None:
        if (newest := bulk_request_progress(row)) != shown:
            yield (shown := newest)
        if newest.finished_at:
            return
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        row = await _newer(database, row)


async def _newer(database: Database, row: Any) -> Any | None:
    """While the database is away nothing changes."""
    try:
        return await _read(database, row["id"])
    except UNAVAILABLE:
        return row


@router.post(
    "/bulk-requests/{bulk_request_id}/cancel",
    status_code=202,
    summary="Cancel it",
    dependencies=[needs("executions:operate", narrows=True)],
)
async def cancel_bulk_request(
    found: ExistingDep, database: DatabaseDep, actor: ActorDep, body: CancelBody | None = None
) -> BulkRequestProgress:
    """The executions that are left are not asked; what was asked stays asked."""
    body = body or CancelBody()
    actor = actor.speaking_for(body.by)
    reason = f"canceled by {actor.name}{': ' if body.why else ''}{body.why}"
    async with database.transaction() as connection:
        canceled = await stored.end_bulk_request(connection, found["id"], "canceled", reason=reason, now=datetime.now(UTC))
        row: Any = await stored.read_bulk_request(connection, found["id"])
        if canceled:
            await _write_canceled(connection, actor, row, body.why)
    if not canceled:
        raise RefusedError(409, "bulk_request_over", f"The bulk request is {row['state']}: there is nothing to cancel.")
    return bulk_request_progress(row)


async def _write_canceled(connection: Connection, actor: Actor, row: Any, why: str) -> None:
    before = {"state": "running", "left": bulk_request_progress(row).left}
    await write_audit(connection, actor, Deed("bulk_request.canceled", "bulk_request", str(row["id"]), before=before, why=why))
