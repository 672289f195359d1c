"""Pause, resume, cancel, skip and retry many executions at once, each for itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Literal, Self
from uuid import UUID

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from temporalio.service import RPCError

from activities.requesting import AWAY
from api.access import ActorDep, CallerDep, missing, needs
from api.connections import UnavailableError
from api.deps import DatabaseDep, SettingsDep, TemporalDep, TemporalWatchDep
from api.errors import RefusedError
from api.executions.lists import meant
from api.executions.requesting import Asked, ask
from api.middleware.authentication import Caller
from api.pages import Page, PageRequest
from api.problems import NotFoundError
from automations.access import Place
from automations.errors import EverstepError
from automations.execution_filters import ExecutionFilter
from automations.executions import RequestKind
from store.database import UNAVAILABLE, Connection
from store.execution_lists import After, automations_of, choose_executions
from store.places import reached_automations

MAX_REQUESTS = 1_000
_AT_ONCE = 5
"""The other connections are for other callers."""

_LOG = structlog.get_logger("everstep.requests")

router = APIRouter(tags=["executions"])


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


class BulkRequestItem(BaseModel):
    """What came of it for one execution. `code` and `sentence` are those that a request of its own would be refused with."""

    id: UUID
    outcome: Literal["asked", "refused", "not_found"]
    code: str | None = None
    sentence: str | None = None


class BulkRequestView(BaseModel):
    """`more`: the filter finds more, behind `next_cursor`."""

    items: list[BulkRequestItem]
    more: bool = False
    next_cursor: str | None = None


@router.post("/executions/bulk/{kind}", summary="Ask the same of many", dependencies=[needs("executions:operate", narrows=True)])
async def request_in_bulk(
    kind: RequestKind,
    body: BulkRequestBody,
    database: DatabaseDep,
    client: TemporalDep,
    settings: SettingsDep,
    watch: TemporalWatchDep,
    caller: CallerDep,
    actor: ActorDep,
) -> BulkRequestView:
    """The answer tells of each execution whether it was asked, or why not. One that cannot be asked stands in no other's way."""
    await watch.require(client)
    speaker = actor.speaking_for(body.by)

    async def asked(execution_id: UUID) -> Asked:
        return await ask(database, client, settings, execution_id, kind, actor=speaker, why=body.why, path=body.path)

    async with database.connection() as connection:
        refused, chosen = await _chosen(connection, body, caller)
    asking = _Asking(asked)
    items = await asyncio.gather(*(asking.item(each, refused.get(each)) for each in chosen.items))
    return BulkRequestView(items=list(items), more=chosen.next_cursor is not None, next_cursor=chosen.next_cursor)


Refusals = dict[UUID, EverstepError]


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


class _Asking:
    """A few at once. Once a service is found to be away, the others are not tried."""

    def __init__(self, asked: Callable[[UUID], Awaitable[Asked]]) -> None:
        self._asked = asked
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._away: UnavailableError | None = None

    async def item(self, execution_id: UUID, refusal: EverstepError | None) -> BulkRequestItem:
        found = refusal or await self._tried(execution_id)
        if found is None:
            return BulkRequestItem(id=execution_id, outcome="asked")
        outcome = "not_found" if isinstance(found, NotFoundError) else "refused"
        return BulkRequestItem(id=execution_id, outcome=outcome, code=found.code, sentence=found.sentence)

    async def _tried(self, execution_id: UUID) -> EverstepError | None:
        async with self._places:
            if self._away is not None:
                return self._away
            try:
                if not (await self._asked(execution_id)).told:
                    self._away = UnavailableError("temporal")
            except Exception as error:  # what goes wrong with one is told of that one
                return self._told(execution_id, error)
        return None

    def _told(self, execution_id: UUID, error: Exception) -> EverstepError:
        if isinstance(error, EverstepError):
            return error
        if isinstance(error, UNAVAILABLE):
            self._away = UnavailableError("database")
        elif isinstance(error, RPCError) and error.status in AWAY:
            self._away = UnavailableError("temporal")
        else:
            _LOG.error("request_failed", execution_id=str(execution_id), exc_info=error)
            return RefusedError(500, "internal_error", "Something went wrong here; it has been logged.")
        return self._away
