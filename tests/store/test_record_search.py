"""Searches of records are answered from an index where there is one for them."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from automations.filters import Filter
from store.database import Connection, Database
from store.filter_sql import Compiler
from store.ids import NIL
from store.record_search import Search, scan_records, statement
from store.record_sorting import SortKey
from tests.store.building import account_object, lead_object

PARSED: TypeAdapter[Any] = TypeAdapter(Filter)
RECORDS = 5_000


async def fill(connection: Connection) -> Any:
    lead = await lead_object(connection)
    await connection.execute(
        "insert into records (id, object_id, name, field_values) select gen_random_uuid(), $1, 'Name ' || n, "
        """jsonb_build_object('seats', n, 'zone', 'zone ' || n, 'born', 'x', 'labels', array['l' || n])"""
        " from generate_series(1, $2::integer) n",
        lead.id, RECORDS,
    )  # fmt: skip
    await connection.execute("vacuum analyze records")
    return lead


async def planned(connection: Connection, lead: Any, filter: Any, *sort: SortKey) -> tuple[str, list[Any]]:
    compiler = Compiler(lead.definition, {})
    sql, _ = statement(compiler, lead.id, Search(PARSED.validate_python(filter) if filter else None, sort), None, 50)
    lines = await connection.fetch(f"explain {sql}", *compiler.parameters.values)
    rows = await connection.fetch(sql, *compiler.parameters.values)
    return "\n".join(line[0] for line in lines), rows


@pytest.mark.parametrize(
    "filter",
    [
        {"field": "seats", "op": "=", "value": 77},
        {"field": "labels", "op": "has_any", "value": ["l77"]},
        {"all": [{"field": "labels", "op": "has", "value": "l77"}, {"field": "email", "op": "is_blank"}]},
    ],
)
async def test_equality_is_found_by_the_index_on_values(filter: Any, database: Database) -> None:
    async with database.connection() as connection:
        plan, rows = await planned(connection, await fill(connection), filter)
    assert [row["name"] for row in rows] == ["Name 77"]
    assert "records_by_field_value" in plan
    assert "Seq Scan on records" not in plan


async def test_the_last_changed_come_by_their_index(database: Database) -> None:
    async with database.connection() as connection:
        plan, rows = await planned(connection, await fill(connection), None, SortKey("updated_at", descending=True))
    assert "records_by_update" in plan
    assert len(rows) == 50


async def test_a_scan_looks_at_so_many_records_and_casts_no_values_of_other_objects(database: Database) -> None:
    async with database.connection() as connection:
        lead, account = await fill(connection), await account_object(connection)
        await connection.execute(
            "insert into records (id, object_id, name, field_values) values (gen_random_uuid(), $1, 'A', $2)",
            account.id,
            {"seats": "many"},
        )
        filter = PARSED.validate_python({"field": "seats", "op": "<=", "value": 10})
        found: list[Any] = []
        after, pages = NIL, 0
        while True:
            scanned = await scan_records(connection, lead.id, filter, after, 2_000)
            found += scanned.ids
            pages += 1
            if scanned.looked_at < 2_000 or scanned.last is None:
                break
            after = scanned.last
    assert (len(found), pages) == (10, 3)
