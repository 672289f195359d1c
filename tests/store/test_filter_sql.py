"""A filter said in SQL finds the records that its evaluation finds, on a real Postgres."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from activities.definitions import Definitions
from activities.record_values import record_values
from automations.errors import FilterError
from automations.field_values import record_values as canonical
from automations.filter_evaluation import evaluate
from automations.filters import Filter
from store.database import Connection, Database
from store.filter_sql import LEAF_LIMIT, Compiler, Parameters
from store.ids import new_id
from store.objects import put_object
from store.records import list_records_by_ids
from tests.store import filters as some

PARSED: TypeAdapter[Any] = TypeAdapter(Filter)
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
RECORDS = 25
FILTERS = 30


async def filled(connection: Connection, records: list[dict[str, Any]]) -> list[UUID]:
    """Leads that hold these values, beside accounts and employees that they may name, of which one account is not there."""
    lead, account = await put_object(connection, some.LEAD), await put_object(connection, some.ACCOUNT)
    await connection.execute("truncate records, employees cascade")
    await connection.executemany(
        "insert into employees (id, name, email) values ($1, $2, $2)", [(UUID(id), f"{id}@example.com") for id in some.EMPLOYEES]
    )
    tiers: list[dict[str, Any]] = [{"tier": "Gold", "size": 5, "key": True, "since": "2026-03-01"}, {"topics": ["a", "ä"]}, {}]
    await connection.executemany(
        "insert into records (id, object_id, name, field_values, stage, created_at) values ($1, $2, $3, $4, $5, $6)",
        [
            (UUID(id), account.id, f"Account Ä{n}", values, "Hot" if n else None, NOW)
            for n, (id, values) in enumerate(zip(some.ACCOUNTS, tiers, strict=False))
        ],
    )
    rows = [
        (
            new_id(), lead.id, ["Ada", "ADA Ä", "Σας", "a%b"][n % 4], canonical(some.LEAD, values),
            [None, *some.STAGES][n % 4], UUID(some.EMPLOYEES[n % 3]) if n % 5 else None,
            NOW + timedelta(days=17 * n, microseconds=n),
        )
        for n, values in enumerate(records)
    ]  # fmt: skip
    insert = (
        "insert into records (id, object_id, name, field_values, stage, owner_id, created_at) values ($1, $2, $3, $4, $5, $6, $7)"
    )
    await connection.executemany(insert, rows)
    return [row[0] for row in rows]


async def by_sql(connection: Connection, ids: list[UUID], filter: Filter, how: str = "is true") -> set[UUID]:
    compiler = Compiler(some.LEAD, some.OBJECTS)
    said = compiler.condition(filter)
    narrowed = compiler.narrowed(filter) if how == "is true" else "true"
    sql = (
        f"select r.id from records r where r.id = any({compiler.parameters.add(ids, 'uuid[]')}) and {narrowed} and ({said}) {how}"
    )
    return {row["id"] for row in await connection.fetch(sql, *compiler.parameters.values)}


async def by_evaluation(connection: Connection, ids: list[UUID], filter: Filter) -> set[UUID]:
    rows = await list_records_by_ids(connection, ids)
    values = await record_values(connection, Definitions(), rows, [filter])
    return {id for id in ids if evaluate(filter, values[id]).matched}


@given(
    st.lists(some.values(), min_size=RECORDS, max_size=RECORDS),
    st.lists(some.filters(PARSED.validate_python), min_size=FILTERS, max_size=FILTERS),
)
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
async def test_sql_finds_what_the_evaluation_finds(
    database: Database, records: list[dict[str, Any]], filters: list[Filter]
) -> None:
    async with database.connection() as connection:
        ids = await filled(connection, records)
        for filter in filters:
            expected = await by_evaluation(connection, ids, filter)
            assert await by_sql(connection, ids, filter) == expected, filter
            assert await by_sql(connection, ids, filter, "is not false") == expected, filter


async def test_every_letter_is_compared_as_python_lowers_it(database: Database) -> None:
    letters = [chr(code) for code in range(0x20000) if chr(code).lower() != chr(code) or chr(code).upper() != chr(code)]
    words = ["".join(letters[start : start + 100]) for start in range(0, len(letters), 100)] + ["ΟΔΟΣ ΣΑΣ", "İstanbul", "Ada"]
    parameters = Parameters()
    sql = f"select {parameters.caseless('word')} as said from unnest({parameters.add(words, 'text[]')}) word"
    async with database.connection() as connection:
        said = [row["said"] for row in await connection.fetch(sql, *parameters.values)]
    assert said == [word.lower().replace("ς", "σ") for word in words]


async def test_a_value_that_is_not_of_its_fields_type_is_neither_found_nor_ruled_out(database: Database) -> None:
    async with database.connection() as connection:
        [id] = await filled(connection, [{"text": "a"}])
        wrong = {"integer": "many", "date": "2026-13-99x", "datetime": "soon", "tags": {"a": 1}, "files": "a", "yes_no": "?"}
        await connection.execute("update records set field_values = $2 where id = $1", id, wrong)
        for leaf in (
            {"field": "integer", "op": "!=", "value": 5},
            {"field": "date", "op": "<", "value": "2026-03-01"},
            {"field": "datetime", "op": ">", "value": "2026-03-01T00:00:00Z"},
            {"field": "tags", "op": "has", "value": "a"},
            {"field": "files", "op": "<", "value": 3},
            {"field": "yes_no", "op": "=", "value": True},
        ):
            filter = PARSED.validate_python(leaf)
            assert await by_sql(connection, [id], filter) == set(), leaf
            assert await by_sql(connection, [id], filter, "is not false") == {id}, leaf


@pytest.mark.parametrize(
    ("filter", "code"),
    [
        ({"field": "none", "op": "=", "value": 1}, "unknown_field"),
        ({"related": "company.none", "op": "=", "value": 1}, "unknown_field"),
        ({"related": "text.name", "op": "=", "value": "a"}, "unknown_field"),
        ({"variable": "seats", "op": "=", "value": 1}, "unknown_variable"),
        ({"field": "text", "op": ">", "value": "a"}, "unknown_operator"),
        ({"field": "integer", "op": "=", "value": "many"}, "invalid_filter_value"),
        ({"any": [{"field": "text", "op": "is_blank"}] * (LEAF_LIMIT + 1)}, "filter_too_large"),
    ],
)
def test_what_cannot_be_asked_is_refused_as_by_the_evaluation(filter: Any, code: str) -> None:
    with pytest.raises(FilterError) as refused:
        Compiler(some.LEAD, some.OBJECTS).condition(PARSED.validate_python(filter))
    assert refused.value.code == code


async def test_as_many_leaves_as_there_may_be_are_answered(database: Database) -> None:
    leaves = [{"field": "text", "op": "contains", "value": f"'; drop table records; -- {n}"} for n in range(LEAF_LIMIT)]
    async with database.connection() as connection:
        [id] = await filled(connection, [{"text": "a'; DROP TABLE records; -- 499"}])
        assert await by_sql(connection, [id], PARSED.validate_python({"any": leaves})) == {id}
        assert await by_sql(connection, [id], PARSED.validate_python({"all": leaves})) == set()
