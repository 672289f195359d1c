"""Records as filters read them, many at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from activities.definitions import Definitions
from activities.record_values import record_values
from automations.errors import FilterError
from automations.filter_evaluation import evaluate
from automations.filters import Filter
from store.database import Connection, Database
from store.objects import put_object
from store.records import list_records
from store.sql import QUERIES
from store.team import put_employee
from tests.store.building import definition, record_of

FILTER: TypeAdapter[Filter] = TypeAdapter(Filter)
TIERS = [{"name": "tier", "type": "dropdown", "options": ["gold", "tin"]}, {"name": "size", "type": "integer"}]


async def three(connection: Connection) -> UUID:
    """Ada at a gold account, Bob at none, Cleo at one that is archived; the id of their object."""
    account = await put_object(connection, definition(TIERS, api_name="account", name="Account"))
    lead = await put_object(connection, definition())
    ada = (await put_employee(connection, "owner@example.com", name="Olga"))["id"]
    gold = await record_of(connection, account, "Gold Inc", values={"tier": "gold", "size": 70}, stage="Won")
    await record_of(connection, lead, "Ada", values={"seats": 5, "account": [gold["id"]]}, stage="Won", owner=ada)
    await record_of(connection, lead, "Bob", values={"seats": 50})
    await record_of(connection, lead, "Cleo", values={"account": [gold["id"]], "seller": [str(ada)]})
    return lead.id


async def matching(database: Database, raw: Any) -> str:
    """The first letters of those that the filter fits."""
    async with database.transaction() as connection:
        rows = await list_records(connection, await three(connection))
        filter = FILTER.validate_python(raw)
        values = await record_values(connection, Definitions(), rows, [filter])
        return "".join(row["name"][0] for row in rows if evaluate(filter, values[row["id"]]).matched)


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ({"field": "seats", "op": ">=", "value": 5}, "AB"),
        ({"field": "stage", "op": "=", "value": "Won"}, "A"),
        ({"field": "owner", "op": "is_blank"}, "BC"),
        ({"field": "name", "op": "starts_with", "value": "c"}, "C"),
        ({"field": "created_at", "op": "is_not_blank"}, "ABC"),
        ({"related": "account.tier", "op": "=", "value": "gold"}, "AC"),
        ({"related": "account.tier", "op": "is_none_of", "value": ["gold"]}, "B"),
        ({"related": "account.size", "op": ">", "value": 3}, "AC"),
        ({"related": "account.stage", "op": "=", "value": "Won"}, "AC"),
        ({"related": "account.name", "op": "contains", "value": "inc"}, "AC"),
        ({"related": "owner.name", "op": "=", "value": "olga"}, "A"),
        ({"related": "seller.name", "op": "=", "value": "olga"}, "C"),
        ({"any": [{"field": "seats", "op": "=", "value": 50}, {"related": "account.size", "op": "=", "value": 70}]}, "ABC"),
    ],
)
async def test_a_filter_reads_fields_own_attributes_and_one_relationship(database: Database, filter: Any, names: str) -> None:
    assert await matching(database, filter) == names


@pytest.mark.parametrize(
    ("filter", "code"),
    [
        ({"field": "gone", "op": "=", "value": 5}, "unknown_field"),
        ({"related": "gone.tier", "op": "is_blank"}, "unknown_field"),
        ({"related": "account.gone", "op": "is_blank"}, "unknown_field"),
        ({"variable": "seats", "op": "is_blank"}, "unknown_variable"),
    ],
)
async def test_what_a_record_does_not_have_is_said(database: Database, filter: Any, code: str) -> None:
    with pytest.raises(FilterError) as found:
        await matching(database, filter)
    assert found.value.code == code


async def test_many_records_take_as_many_queries_as_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[UUID]] = []
    list_by_ids = QUERIES.list_records_by_ids

    def counted(connection: Connection, *, ids: Sequence[UUID]) -> Any:
        asked.append(ids)
        return list_by_ids(connection, ids=ids)

    monkeypatch.setattr(QUERIES, "list_records_by_ids", counted)
    await matching(database, {"all": [{"related": "account.tier", "op": "=", "value": "gold"}]})
    assert [len(ids) for ids in asked] == [1]
