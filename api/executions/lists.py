"""Which executions there are: lists and counts."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, TypeAdapter

from api.access import CallerDep, needs
from api.deps import DatabaseDep, PageDep, SettingsDep
from api.executions.views import ExecutionView, execution_view
from api.middleware.authentication import Caller
from api.pages import Page, PageRequest
from api.problems import NotFoundError
from automations.execution_filters import ExecutionFilter, Moment, Sort
from store import execution_lists as stored
from store.database import Connection, Database
from store.places import find_place, reached_automations

_MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)

router = APIRouter(tags=["executions"])


class CountView(BaseModel):
    """`more`: there are more than were counted."""

    count: int
    more: bool


def _asked(filter: Annotated[ExecutionFilter, Query()]) -> ExecutionFilter:
    return filter


FilterDep = Annotated[ExecutionFilter, Depends(_asked)]
Sorted = Annotated[Sort, Query(description="Oldest first, or newest first with a minus")]


@router.get("/executions", summary="List executions", dependencies=[needs("automations:view", narrows=True)])
async def list_executions(
    database: DatabaseDep,
    settings: SettingsDep,
    caller: CallerDep,
    filter: FilterDep,
    page: PageDep,
    sort: Sorted = "-created_at",
) -> Page[ExecutionView]:
    """Those that fit all that is said; of `state` several may be said."""
    return await _page(database, settings, caller, filter, page, sort)


@router.get("/executions/count", summary="Count executions", dependencies=[needs("automations:view", narrows=True)])
async def count_executions(database: DatabaseDep, caller: CallerDep, filter: FilterDep) -> CountView:
    """Exactly, up to 10,000."""
    async with database.connection() as connection:
        automations = await meant(connection, filter, await _reached(connection, caller))
        found = await stored.count_executions(connection, filter, automations=automations)
    return CountView(count=min(found, stored.COUNTED), more=found > stored.COUNTED)


@router.get("/automations/{api_name}/executions", summary="List its executions", dependencies=[needs("automations:view")])
async def list_executions_of_automation(
    api_name: str,
    database: DatabaseDep,
    settings: SettingsDep,
    caller: CallerDep,
    filter: FilterDep,
    page: PageDep,
    sort: Sorted = "-created_at",
) -> Page[ExecutionView]:
    """As the list of all executions with that automation."""
    return await _page(database, settings, caller, filter.model_copy(update={"automation": api_name}), page, sort)


async def _page(
    database: Database, settings: SettingsDep, caller: Caller, filter: ExecutionFilter, page: PageRequest, sort: Sort
) -> Page[ExecutionView]:
    list_name = f"executions {sort} {filter.digest}"
    after = page.after(list_name, _after)
    async with database.connection() as connection:
        automations = await meant(connection, filter, await _reached(connection, caller))
        rows = await stored.list_executions(
            connection, filter, automations=automations, sort=sort, after=after, size=page.size_and_one
        )
    return page.page(
        list_name, rows, partial(execution_view, web_ui_url=settings.web_ui_url, namespace=settings.temporal_namespace), _place
    )


async def _reached(connection: Connection, caller: Caller) -> list[UUID] | None:
    return await reached_automations(connection, caller.access.reach("automations:view"))


async def meant(connection: Connection, filter: ExecutionFilter, reached: list[UUID] | None) -> Any:
    """The automations that the filter leaves of those that are reached. Raises NotFoundError for one that is not there."""
    if filter.automation is not None and await find_place(connection, "api_name", filter.automation) is None:
        raise NotFoundError("automation", filter.automation)
    return await stored.automations_meant(connection, filter, reached)


def _place(row: Any) -> str:
    return f"{row['updated_at'].isoformat()} {row['id']}"


def _after(text: str) -> stored.After:
    moment, _, execution_id = text.partition(" ")
    return stored.After(UUID(execution_id), _MOMENT.validate_python(moment))
