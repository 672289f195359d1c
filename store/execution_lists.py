"""Lists of executions, by any of a dozen criteria at once.

Each list is a statement of its own, made of the criteria that are asked for and no others: one for all lists, which asks of each
criterion whether it was said, would have one plan for all, and read the table where an index would do. Values are parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from automations.execution_filters import ExecutionFilter, Sort
from store.database import Connection
from store.ids import first_id_at
from store.sql import QUERIES

COUNTED = 10_000
"""Beyond that a count is not worth its while."""

_EVERYTHING = ExecutionFilter()

_EQUAL = {
    "record_id": "record_id",
    "pause_reason": "pause_reason",
    "cancel_reason": "cancel_reason",
    "step_id": "step_id",
    "trigger_type": "trigger ->> 'type'",
    "priority": "priority",
    "parent_id": "parent_id",
    "root_id": "root_id",
    "restarted_from": "restarted_from",
}
_MOMENTS = ("created", "updated", "finished")
_CLOCKS_DIFFER = timedelta(days=1)
"""By more than the clock that gave a row its id and the one that gave it its time ever do."""

_SHOWN = """
select e.*, a.api_name, a.deleted_at is not null as automation_deleted, r.name as record_name, o.api_name as object
from ({page}) page
join executions e on e.id = page.id
join automations a on a.id = e.automation_id
left join records r on r.id = e.record_id
left join objects o on o.id = r.object_id
order by {order}
"""


class After(NamedTuple):
    """The last of the page before."""

    id: UUID
    updated_at: datetime | None = None


async def automations_meant(
    connection: Connection, filter: ExecutionFilter, reached: Sequence[UUID] | None
) -> Sequence[UUID] | None:
    """Those that the filter names, among those that are reached. None: all of them."""
    if filter.automation is None and filter.object is None:
        return reached
    rows = QUERIES.list_automations_meant(connection, automation=filter.automation, object=filter.object, reached=reached)
    return [row["id"] async for row in rows]


async def list_executions(
    connection: Connection,
    filter: ExecutionFilter = _EVERYTHING,
    *,
    automations: Sequence[UUID] | None = None,
    sort: Sort = "-created_at",
    after: After | None = None,
    size: int = 50,
) -> list[Any]:
    """A page, in that order. What the filter says of automations has to be among `automations` already."""
    sql, values = listing(filter, automations=automations, sort=sort, after=after, size=size)
    return await connection.fetch(sql, *values)


async def choose_executions(
    connection: Connection,
    filter: ExecutionFilter,
    *,
    automations: Sequence[UUID] | None,
    after: After | None = None,
    size: int,
) -> list[UUID]:
    """Only the ids, newest first."""
    statement = _Statement()
    sql = _page(statement, filter, automations, "-created_at", after, size)
    return [row["id"] for row in await connection.fetch(sql, *statement.values)]


async def automations_of(connection: Connection, execution_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """Id and name of the automation, by execution, of those that are there."""
    rows = QUERIES.list_automations_of_executions(connection, ids=execution_ids)
    return {row["id"]: (row["automation_id"], row["api_name"]) async for row in rows}


async def count_executions(connection: Connection, filter: ExecutionFilter, *, automations: Sequence[UUID] | None) -> int:
    """Up to one more than COUNTED."""
    statement = _Statement()
    page = _page(statement, filter, automations, None, None, COUNTED + 1)
    return await connection.fetchval(f"select count(*) from ({page}) page", *statement.values)


def listing(
    filter: ExecutionFilter, *, automations: Sequence[UUID] | None, sort: Sort, after: After | None, size: int
) -> tuple[str, list[Any]]:
    """The statement of a page, and its parameters."""
    statement = _Statement()
    page = _page(statement, filter, automations, sort, after, size)
    return _SHOWN.format(page=page, order=_order("page", sort)), statement.values


@dataclass
class _Statement:
    values: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """The place of a parameter."""
        self.values.append(value)
        return f"${len(self.values)}"


def _page(
    statement: _Statement,
    filter: ExecutionFilter,
    automations: Sequence[UUID] | None,
    sort: Sort | None,
    after: After | None,
    size: int,
) -> str:
    """The first few of each automation and state that is meant, from an index that has them in order; of these the first few."""
    among, conditions = _among(statement, filter, automations)
    conditions += _conditions(statement, filter)
    conditions += [_beyond(statement, sort, after)] if sort and after else []
    end = f"order by {_order('e', sort)} limit {size:d}" if sort else f"limit {size:d}"
    first = f"select e.id, e.updated_at from executions e where {' and '.join(conditions) or 'true'} {end}"
    if not among:
        return first
    each = " cross join ".join(among)
    return f"select e.id, e.updated_at from {each} cross join lateral ({first}) e {end}"


def _among(statement: _Statement, filter: ExecutionFilter, automations: Sequence[UUID] | None) -> tuple[list[str], list[str]]:
    """The alternatives as tables of one column, and what holds of each of their rows."""
    among: list[str] = []
    conditions: list[str] = []
    for name, column, kind, values in (
        ("automation", "automation_id", "uuid", automations),
        ("state", "state", "text", filter.states),
    ):
        if values is not None:
            among.append(f"unnest({statement.bind(list(values))}::{kind}[]) as {name}s (meant)")
            conditions.append(f"e.{column} = {name}s.meant")
    return among, conditions


def _conditions(statement: _Statement, filter: ExecutionFilter) -> list[str]:
    said = {name: getattr(filter, name) for name in _EQUAL}
    found = [f"e.{_EQUAL[name]} = {statement.bind(value)}" for name, value in said.items() if value is not None]
    for moment in _MOMENTS:
        for name, comparison in ((f"{moment}_after", ">="), (f"{moment}_before", "<")):
            if (at := getattr(filter, name)) is not None:
                found.append(f"e.{moment}_at {comparison} {statement.bind(at)}")
    found += _by_id(statement, filter)
    if filter.bulk_start_id is not None:
        started = f"select execution_id from bulk_start_records where bulk_start_id = {statement.bind(filter.bulk_start_id)}"
        found.append(f"e.id in ({started})")
    if filter.open is not None:
        found.append(f"e.finished_at is {'' if filter.open else 'not '}null")
    if filter.failed_steps is not None:
        found.append(f"e.steps_failed {'>' if filter.failed_steps else '='} 0")
    return found


def _by_id(statement: _Statement, filter: ExecutionFilter) -> list[str]:
    """Ids are in the order of creation: a window of time needs no look at what is far from it."""
    found: list[str] = []
    if filter.created_after is not None:
        found.append(f"e.id >= {statement.bind(first_id_at(filter.created_after, -_CLOCKS_DIFFER))}")
    if filter.created_before is not None:
        found.append(f"e.id < {statement.bind(first_id_at(filter.created_before, _CLOCKS_DIFFER))}")
    return found


def _beyond(statement: _Statement, sort: Sort, after: After) -> str:
    comparison = "<" if sort.startswith("-") else ">"
    if sort.endswith("created_at"):
        return f"e.id {comparison} {statement.bind(after.id)}"
    return f"(e.updated_at, e.id) {comparison} ({statement.bind(after.updated_at)}, {statement.bind(after.id)})"


def _order(table: str, sort: Sort) -> str:
    direction = " desc" if sort.startswith("-") else ""
    columns = ("id",) if sort.endswith("created_at") else ("updated_at", "id")
    return ", ".join(f"{table}.{column}{direction}" for column in columns)
