"""Lists of records: by a few criteria in the address, or by any filter in a body."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import from_json, to_json

from api.access import needs
from api.deps import DatabaseDep, PageDep
from api.errors import RefusedError
from api.pages import MAX_SIZE, Page, PageRequest
from api.records.objects import existing_object
from api.records.records import RecordView, record_view
from automations.fields import ObjectDefinition
from automations.filter_problems import filter_problems
from automations.filters import All, FieldFilter, Filter
from automations.model import Name
from store.database import Connection
from store.objects import StoredObject
from store.record_search import Search, related_objects, search_records
from store.record_sorting import KEY_LIMIT, SortKey
from store.team import find_employee

router = APIRouter(tags=["records"])

Part = Annotated[str | None, Query(max_length=255)]


class SortBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    field: str = Field(min_length=1, max_length=63)
    direction: Literal["asc", "desc"] = "asc"


class SearchBody(BaseModel):
    """Records that fit a filter as conditions have it, on fields, name, owner, stage, created_at, updated_at and one relationship
    further; without one all. Blanks are sorted last; without a `sort` the oldest come first."""

    model_config = ConfigDict(extra="forbid")

    filter: Filter | None = None
    sort: list[SortBody] = Field(default=[], max_length=KEY_LIMIT)
    archived: bool = False
    size: int = Field(default=50, ge=1, le=MAX_SIZE)
    cursor: str | None = Field(default=None, max_length=20_000)


class Criteria:
    """What a list of records is narrowed to."""

    def __init__(
        self,
        name: Annotated[str | None, Query(max_length=255, description="A part of the name, whatever its case")] = None,
        owner: Annotated[str | None, Query(max_length=255, description="An employee's id or email address")] = None,
        stage: Part = None,
        created_after: AwareDatetime | None = None,
        created_before: AwareDatetime | None = None,
        updated_after: AwareDatetime | None = None,
        updated_before: AwareDatetime | None = None,
    ) -> None:
        self.owner = owner
        self._asked: list[tuple[str, str, str | datetime | None]] = [
            ("name", "contains", name),
            ("stage", "=", stage),
            ("created_at", ">", created_after),
            ("created_at", "<", created_before),
            ("updated_at", ">", updated_after),
            ("updated_at", "<", updated_before),
        ]

    async def filter(self, connection: Connection) -> Filter | None:
        """Raises RefusedError 422 for an owner who is nobody."""
        leaves: list[Filter] = [_leaf(field, op, value) for field, op, value in self._asked if value is not None]
        if self.owner is not None:
            leaves.append(FieldFilter(field="owner", op="=", value=await _employee_id(connection, self.owner)))
        return All(all=leaves) if leaves else None


def _leaf(field: str, op: str, value: str | datetime) -> FieldFilter:
    return FieldFilter(field=field, op=op, value=value.isoformat() if isinstance(value, datetime) else value)


async def _employee_id(connection: Connection, key: str) -> str:
    found = await find_employee(connection, key)
    if found is None:
        sentence = f"There is no employee with the id or address {key}."
        items = [{"path": "owner", "code": "unknown_employee", "sentence": sentence}]
        raise RefusedError(422, "unknown_employee", sentence, items)
    return str(found["id"])


def _sort_keys(text: str | None) -> list[SortKey]:
    """As -updated_at,name."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    return [SortKey(name.removeprefix("-"), name.startswith("-")) for name in names]


@router.get("/objects/{api_name}/records", summary="List the records of an object", dependencies=[needs("records:view")])
async def get_records(
    api_name: Name,
    database: DatabaseDep,
    page: PageDep,
    criteria: Annotated[Criteria, Depends()],
    archived: Annotated[bool, Query(description="Archived records too")] = False,
    sort: Annotated[str | None, Query(max_length=255, description="Fields, as in -updated_at,name; blanks come last")] = None,
) -> Page[RecordView]:
    """The oldest first, unless sorted otherwise."""
    async with database.connection() as connection:
        stored = await existing_object(connection, api_name)
        search = Search(await criteria.filter(connection), _sort_keys(sort), archived)
        return await _page(connection, stored, search, page)


@router.post("/objects/{api_name}/records/search", summary="Search records by a filter", dependencies=[needs("records:view")])
async def search_for_records(api_name: Name, body: SearchBody, database: DatabaseDep) -> Page[RecordView]:
    """By any filter and in any order, a page at a time."""
    sort = [SortKey(key.field, key.direction == "desc") for key in body.sort]
    async with database.connection() as connection:
        stored = await existing_object(connection, api_name)
        search = Search(body.filter, sort, body.archived)
        return await _page(connection, stored, search, PageRequest(body.cursor, body.size))


async def _page(connection: Connection, stored: StoredObject, search: Search, page: PageRequest) -> Page[RecordView]:
    definition = stored.definition
    if search.filter is not None:
        _require_fit(search.filter, definition, await related_objects(connection, definition))
    list_name = f"records of {definition.api_name} by {','.join(_written(search.sort))}"
    after = page.after(list_name, _cursor)
    found = await search_records(connection, stored, search, after, page.size_and_one)
    return page.page(list_name, found.rows, record_view, lambda row: to_json(found.order.cursor(row)).decode())


def _require_fit(filter: Filter, definition: ObjectDefinition, objects: dict[str, ObjectDefinition]) -> None:
    found = filter_problems(filter, definition, {}, "filter", objects=objects)
    if found:
        items = [{"path": each.path, "code": each.code, "sentence": each.sentence} for each in found]
        raise RefusedError(422, "invalid_filter", "The filter cannot be evaluated.", items)


def _written(keys: Sequence[SortKey]) -> Iterator[str]:
    return (f"{'-' if key.descending else ''}{key.field}" for key in keys)


def _cursor(text: str) -> list[Any]:
    *keys, id = from_json(text)
    return [*keys, UUID(id)]
