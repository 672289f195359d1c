import asyncio
from typing import Any

import pytest

from store.database import Database
from store.errors import FieldTypeInUseError
from store.objects import hold_object, list_objects, put_object, read_object, read_object_by_id
from store.records import change_record
from tests.store.building import NOW, definition, record_of


async def test_an_object_is_created_and_then_replaced_under_the_same_id(database: Database) -> None:
    async with database.connection() as connection:
        first = await put_object(connection, definition())
        second = await put_object(connection, definition(name="Prospect"))
        found = await read_object(connection, "lead")
        assert (first.revision, second.revision, first.id) == (1, 2, second.id)
        assert found == second == await read_object_by_id(connection, first.id)
        assert second.definition.name == "Prospect"
        assert await read_object(connection, "unknown") is None


async def test_objects_are_listed_by_name_a_page_at_a_time(database: Database) -> None:
    async with database.connection() as connection:
        for name in ("c", "a", "b"):
            await put_object(connection, definition([], api_name=name))
        first = await list_objects(connection, size=2)
        rest = await list_objects(connection, cursor=first[-1].definition.api_name, size=2)
        assert [stored.definition.api_name for stored in (*first, *rest)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        ({"type": "text"}, "12", {"type": "integer"}),
        ({"type": "money"}, "12", {"type": "money", "currency": "USD"}),
        ({"type": "yes_no"}, False, {"type": "text"}),
    ],
)
async def test_a_field_keeps_its_type_while_records_hold_values(
    old: dict[str, Any], value: object, new: dict[str, Any], database: Database
) -> None:
    async with database.connection() as connection:
        stored = await put_object(connection, definition([{"name": "worth", **old}]))
        record = await record_of(connection, stored, values={"worth": value})
        with pytest.raises(FieldTypeInUseError) as refused:
            await put_object(connection, definition([{"name": "worth", **new}]))
        assert refused.value.code == "field_type_in_use"
        assert refused.value.fields == ["worth"]
        assert (await read_object(connection, "lead")) == stored
        await change_record(connection, record["id"], values={"worth": None}, now=NOW)
        await put_object(connection, definition([{"name": "worth", **new}]))


async def test_a_deleted_field_may_come_back_only_as_one_that_can_read_what_is_held(database: Database) -> None:
    async with database.connection() as connection:
        stored = await put_object(connection, definition([{"name": "worth", "type": "text"}]))
        await record_of(connection, stored, values={"worth": "12 or so"})
        await put_object(connection, definition([]))
        with pytest.raises(FieldTypeInUseError, match="worth"):
            await put_object(connection, definition([{"name": "worth", "type": "date"}]))
        await put_object(connection, definition([{"name": "worth", "type": "longtext"}]))


async def test_labels_and_options_may_change_at_any_time(database: Database) -> None:
    async with database.connection() as connection:
        stored = await put_object(connection, definition([{"name": "country", "type": "dropdown", "options": ["DE"]}]))
        await record_of(connection, stored, values={"country": "DE"})
        field = {"name": "country", "type": "dropdown", "options": ["AT"], "label": "Land", "required": True}
        assert (await put_object(connection, definition([field]))).revision == 2


async def test_a_new_definition_waits_for_a_record_that_is_being_written(database: Database) -> None:
    async with database.connection() as connection:
        stored = await put_object(connection, definition([{"name": "worth", "type": "text"}]))

    async def change_type() -> None:
        async with database.connection() as connection:
            await put_object(connection, definition([{"name": "worth", "type": "date"}]))

    async with database.transaction() as connection:
        await hold_object(connection, stored.id)
        changing = asyncio.create_task(change_type())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(changing), 0.3)
        await record_of(connection, stored, values={"worth": "12"})
    with pytest.raises(FieldTypeInUseError):
        await changing


async def test_two_who_create_the_same_object_at_once_both_succeed(database: Database) -> None:
    async def put() -> int:
        async with database.connection() as connection:
            return (await put_object(connection, definition())).revision

    assert sorted(await asyncio.gather(put(), put())) == [1, 2]
