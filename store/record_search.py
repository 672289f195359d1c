"""Finding the records of an object by a filter, in any order, and page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from automations.errors import FilterError
from automations.fields import ObjectDefinition, RelationshipField
from automations.filters import Filter
from store.database import Connection
from store.filter_sql import Compiler
from store.objects import StoredObject, read_object, read_object_by_id
from store.record_sorting import Order, SortKey


@dataclass(frozen=True)
class Search:
    """With `archived`, those as well."""

    filter: Filter | None = None
    sort: Sequence[SortKey] = ()
    archived: bool = False


@dataclass(frozen=True)
class Found:
    """Rows as `store.records` reads them; their order knows the cursor of each."""

    rows: list[Any]
    order: Order


async def search_records(
    connection: Connection, stored: StoredObject, search: Search, after: Sequence[Any] | None = None, size: int = 50
) -> Found:
    """The records that fit, by their ids unless sorted otherwise; `after` is the cursor of the last one of the page before.

    Raises FilterError, InvalidSortError and InvalidPositionError.
    """
    compiler = await _compiler(connection, stored.definition)
    sql, order = statement(compiler, stored.id, search, after, size)
    return Found(await connection.fetch(sql, *compiler.parameters.values), order)


def statement(compiler: Compiler, object_id: UUID, search: Search, after: Sequence[Any] | None, size: int) -> tuple[str, Order]:
    """With the parameters of the compiler."""
    parameters = compiler.parameters
    order = Order(search.sort, compiler.definition, parameters)
    asked = [f"r.object_id = {parameters.add(object_id, 'uuid')}", "r.deleted_at is null"]
    asked += [] if search.archived else ["r.archived_at is null"]
    if search.filter is not None:
        asked += [compiler.narrowed(search.filter), f"({compiler.condition(search.filter)}) is true"]
    asked += [f"({order.after(after)})"] if after is not None else []
    sql = (
        f"select r.*, o.api_name as object, o.revision as object_revision{order.columns}"
        f" from records r join objects o on o.id = r.object_id where {' and '.join(asked)}"
        f" order by {order.order_by} limit {parameters.add(size, 'integer')}"
    )
    return sql, order


async def _compiler(connection: Connection, definition: ObjectDefinition) -> Compiler:
    return Compiler(definition, await related_objects(connection, definition))


async def related_objects(connection: Connection, definition: ObjectDefinition) -> dict[str, ObjectDefinition]:
    """Those that its relationships lead to, by api name."""
    names = {field.object for field in definition.fields if isinstance(field, RelationshipField)}
    found = [await read_object(connection, name) for name in sorted(names)]
    return {stored.definition.api_name: stored.definition for stored in found if stored}


@dataclass(frozen=True)
class Scanned:
    """Those that may fit, by id, of so many records that were looked at, up to the last one."""

    ids: list[UUID]
    looked_at: int
    last: UUID | None


async def scan_records(connection: Connection, object_id: UUID, filter: Filter | None, after: UUID, size: int) -> Scanned:
    """Looks at the next records that are not archived, in the order they were made.

    Leaves out only those that do not fit for certain: of those that are left, some may be such that there is no telling. That are
    all of them where the filter itself cannot be answered any more.
    """
    compiler, said = await _said(connection, object_id, filter)
    add = compiler.parameters.add
    sql = (
        "with page as materialized (select * from records"
        f" where object_id = {add(object_id, 'uuid')} and id > {add(after, 'uuid')} and archived_at is null"
        f" order by id limit {add(size, 'integer')})"
        f" select array(select r.id from page r where ({said}) is not false order by r.id) as ids,"
        " (select count(*) from page) as looked_at, (select id from page order by id desc limit 1) as last"
    )
    row = await connection.fetchrow(sql, *compiler.parameters.values)
    assert row
    return Scanned(row["ids"], row["looked_at"], row["last"])


async def _said(connection: Connection, object_id: UUID, filter: Filter | None) -> tuple[Compiler, str]:
    stored = await read_object_by_id(connection, object_id)
    assert stored, "objects are not deleted"
    compiler = await _compiler(connection, stored.definition)
    try:
        return compiler, compiler.condition(filter) if filter else "true"
    except FilterError:
        return Compiler(stored.definition, {}), "true"
