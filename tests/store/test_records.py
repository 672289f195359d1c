import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from automations.errors import RecordValueErrors
from store.database import Connection, Database
from store.errors import RecordArchivedError, RecordChangedError
from store.events import Origin
from store.objects import put_object
from store.records import archive_record, change_record, find_record, list_records, read_record, unarchive_record
from store.team import put_employee
from tests.store.building import NOW, account_object, definition, events_of, lead_object, record_of

LATER = NOW + timedelta(hours=1)


async def problems(creating: Any) -> dict[str, str]:
    """Code by field of the refusal."""
    with pytest.raises(RecordValueErrors) as refused:
        await creating
    return {error.field: error.code for error in refused.value.errors}


async def test_a_new_record_holds_canonical_values_and_tells_of_itself(database: Database) -> None:
    async with database.connection() as connection:
        lead = await lead_object(connection)
        values = {"email": "Ada@EXAMPLE.com", "budget": 12.5, "note": "  ", "labels": ["a", "a"]}
        record = await record_of(connection, lead, " Ada ", values=values, stage="New")
        kept = {"email": "Ada@example.com", "budget": "12.50", "labels": ["a"]}
        assert (record["name"], record["field_values"], record["stage"]) == ("Ada", kept, "New")
        assert (record["object"], record["object_revision"], record["revision"]) == ("lead", 1, 1)
        assert record["created_at"] == record["updated_at"] == NOW
        told = {"new": {**kept, "name": "Ada", "stage": "New", "owner": None}}
        assert await events_of(connection, record["id"]) == [("record_created", told)]


async def test_a_change_leaves_what_is_not_given_and_tells_only_what_changed(database: Database) -> None:
    async with database.connection() as connection:
        lead = await lead_object(connection)
        record = await record_of(connection, lead, values={"seats": 1, "country": "DE", "note": "x"})
        values = {"seats": 2, "country": "DE", "note": None}
        changed = await change_record(connection, record["id"], values=values, now=LATER, name="Ada L.")
        assert changed is not None
        assert (changed["name"], changed["field_values"]) == ("Ada L.", {"seats": 2, "country": "DE"})
        assert (changed["revision"], changed["updated_at"], changed["created_at"]) == (2, LATER, NOW)
        old, new = {"seats": 1, "note": "x", "name": "Ada"}, {"seats": 2, "note": None, "name": "Ada L."}
        assert (await events_of(connection, record["id"]))[1:] == [("field_updated", {"old": old, "new": new})]


async def test_a_change_of_stage_is_an_event_of_its_own(database: Database) -> None:
    async with database.connection() as connection:
        record = await record_of(connection, await lead_object(connection), stage="New")
        await change_record(connection, record["id"], now=LATER, stage="Won")
        await change_record(connection, record["id"], now=LATER, stage=None)
        told = [("stage_updated", {"old": "New", "new": "Won"}), ("stage_updated", {"old": "Won", "new": None})]
        assert (await events_of(connection, record["id"]))[1:] == told


async def test_a_change_that_changes_nothing_writes_nothing(database: Database) -> None:
    async with database.connection() as connection:
        record = await record_of(connection, await lead_object(connection), values={"seats": 1}, stage="New")
        values = {"seats": "1", "note": ""}
        same = await change_record(connection, record["id"], values=values, now=LATER, stage="New", name="Ada")
        assert same == record
        assert len(await events_of(connection, record["id"])) == 1


async def test_an_owner_is_named_by_id_or_address_and_must_exist(database: Database) -> None:
    async with database.connection() as connection:
        lead = await lead_object(connection)
        grace = await put_employee(connection, "Grace@example.com", name="Grace")
        for owner in (grace["id"], str(grace["id"]), "grace@EXAMPLE.com "):
            assert (await record_of(connection, lead, owner=owner))["owner_id"] == grace["id"]
        for owner in (uuid4(), "nobody@example.com", "grace"):
            assert await problems(record_of(connection, lead, owner=owner)) == {"owner": "unknown_employee"}
        record = await record_of(connection, lead, owner=grace["id"])
        freed = await change_record(connection, record["id"], now=LATER, owner=None)
        assert freed is not None
        assert freed["owner_id"] is None
        (_, told), *_ = (await events_of(connection, record["id"]))[1:]
        assert told == {"old": {"owner": str(grace["id"])}, "new": {"owner": None}}


async def test_relationships_lead_to_records_of_the_right_object_and_to_employees(database: Database) -> None:
    async with database.connection() as connection:
        lead, account = await lead_object(connection), await account_object(connection)
        one, two = [(await record_of(connection, account, name))["id"] for name in ("One", "Two")]
        other_lead = (await record_of(connection, lead))["id"]
        seller = (await put_employee(connection, "s@example.com", name="S"))["id"]
        values: dict[str, object] = {"account": str(one), "partners": [str(one), str(two)], "seller": seller}
        record = await record_of(connection, lead, values=values)
        assert record["field_values"]["partners"] == [str(one), str(two)]
        values = {"account": other_lead, "partners": [one, uuid4()], "seller": uuid4()}
        unknown = {"account": "unknown_record", "partners": "unknown_record", "seller": "unknown_employee"}
        assert await problems(record_of(connection, lead, values=values)) == unknown


async def test_all_problems_of_a_record_are_told_at_once(database: Database) -> None:
    fields = [*definition().model_dump(mode="json")["fields"], {"name": "must", "type": "text", "required": True}]
    values: dict[str, object] = {
        "email": "x", "second_email": 1, "phone": "12", "country": "FR", "seats": "many", "score": "1/2", "budget": "lots",
        "born": "1.3.2026", "called_at": "2026-03-01", "is_key": "perhaps", "stars": 6, "zone": "Mars/Base",
        "labels": [{}], "interests": ["z"], "note": "\0", "account": str(uuid4()), "partners": "x", "seller": str(uuid4()),
        "nothing": 1,
    }  # fmt: skip
    async with database.connection() as connection:
        await account_object(connection)
        lead = await put_object(connection, definition(fields))
        found = await problems(record_of(connection, lead, "", values=values, stage="Lost", owner="nobody@example.com"))
        assert found.keys() == {*values, "must", "name", "stage", "owner"}
        assert len(found) == 23
        assert await list_records(connection, lead.id) == []


async def test_a_required_field_may_be_left_out_of_a_change_but_not_cleared(database: Database) -> None:
    async with database.connection() as connection:
        fields = [{"name": "must", "type": "text", "required": True}, {"name": "may", "type": "text"}]
        lead = await put_object(connection, definition(fields))
        record = await record_of(connection, lead, values={"must": "x"})
        assert await change_record(connection, record["id"], values={"may": "y"}, now=LATER)
        assert await problems(change_record(connection, record["id"], values={"must": " "}, now=LATER)) == {
            "must": "required_field"
        }


async def test_a_change_over_a_revision_that_is_gone_is_refused(database: Database) -> None:
    async with database.connection() as connection:
        record = await record_of(connection, await lead_object(connection))
        await change_record(connection, record["id"], values={"seats": 1}, now=LATER, revision=1)
        with pytest.raises(RecordChangedError) as refused:
            await change_record(connection, record["id"], values={"seats": 2}, now=LATER, revision=1)
        assert (refused.value.found, refused.value.code) == (2, "record_changed")


async def test_two_changes_at_once_both_stay(database: Database) -> None:
    async with database.connection() as connection:
        record = await record_of(connection, await lead_object(connection))

    async def change(values: dict[str, object]) -> None:
        async with database.connection() as connection:
            await change_record(connection, record["id"], values=values, now=LATER)

    await asyncio.gather(change({"seats": 1}), change({"country": "DE"}), change({"score": 3}))
    async with database.connection() as connection:
        found = await read_record(connection, record["id"])
        assert found is not None
        assert (found["field_values"], found["revision"]) == ({"seats": 1, "country": "DE", "score": "3"}, 4)


async def test_archiving_is_told_once_and_an_archived_record_is_not_changed(database: Database) -> None:
    async with database.connection() as connection:
        record = await record_of(connection, await lead_object(connection))
        for _ in range(2):
            archived = await archive_record(connection, record["id"], now=LATER)
            assert archived is not None
            assert (archived["archived_at"], archived["revision"]) == (LATER, 2)
        with pytest.raises(RecordArchivedError):
            await change_record(connection, record["id"], now=LATER, name="B")
        for _ in range(2):
            back = await unarchive_record(connection, record["id"], now=LATER)
            assert back is not None
            assert (back["archived_at"], back["revision"]) == (None, 3)
        kinds = [kind for kind, _ in await events_of(connection, record["id"])]
        assert kinds == ["record_created", "record_archived", "record_unarchived"]


async def test_a_record_that_does_not_exist_is_none(database: Database) -> None:
    async with database.connection() as connection:
        assert await read_record(connection, uuid4()) is None
        assert await change_record(connection, uuid4(), values={}, now=NOW) is None
        assert await archive_record(connection, uuid4(), now=NOW) is None


async def test_events_carry_the_chain_that_they_came_out_of(database: Database) -> None:
    root = uuid4()
    async with database.connection() as connection:
        record = await record_of(connection, await lead_object(connection), origin=Origin(root, 2))
        await change_record(connection, record["id"], values={"seats": 1}, now=NOW, stage="Won", origin=Origin(root, 3))
        await archive_record(connection, record["id"], now=NOW, origin=Origin(root, 4))
        rows = await connection.fetch("select root_id, depth, event_at from events order by id")
        assert [tuple(row) for row in rows] == [(root, depth, NOW) for depth in (2, 3, 3, 4)]


async def test_a_change_and_its_event_are_written_together_or_not_at_all(database: Database) -> None:
    async with database.connection() as connection:
        record = await record_of(connection, await lead_object(connection))
        await connection.execute("alter table events add constraint broken check (kind <> 'stage_updated')")
        with pytest.raises(Exception, match="broken"):
            await change_record(connection, record["id"], values={"seats": 1}, now=LATER, stage="Won")
        assert await read_record(connection, record["id"]) == record
        assert len(await events_of(connection, record["id"])) == 1


async def test_records_are_listed_by_object_a_page_at_a_time(database: Database) -> None:
    async with database.connection() as connection:
        lead, account = await lead_object(connection), await account_object(connection)
        ids = [(await record_of(connection, lead, name))["id"] for name in "abcde"]
        await record_of(connection, account)
        await archive_record(connection, ids[1], now=NOW)
        seen: list[UUID] = []
        while page := await list_records(connection, lead.id, cursor=seen[-1] if seen else None, size=2):
            seen += [row["id"] for row in page]
        assert seen == [ids[0], *ids[2:]]
        assert [row["id"] for row in await list_records(connection, lead.id, archived=True)] == ids


async def found_name(connection: Connection, object_id: UUID, **by: Any) -> str | None:
    row = await find_record(connection, object_id, **by)
    return row["name"] if row else None


async def test_a_record_is_found_by_id_by_any_email_field_and_by_name(database: Database) -> None:
    async with database.connection() as connection:
        lead, account = await lead_object(connection), await account_object(connection)
        ada = await record_of(connection, lead, "Ada", values={"email": "ada@example.com"})
        await record_of(connection, lead, "Bob", values={"second_email": "bob@example.com", "note": "ada@example.com"})
        assert await found_name(connection, lead.id, id=ada["id"]) == "Ada"
        assert await found_name(connection, lead.id, email=" ada@EXAMPLE.com") == "Ada"
        assert await found_name(connection, lead.id, email="bob@example.com") == "Bob"
        assert await found_name(connection, lead.id, name=" bOB") == "Bob"
        assert await found_name(connection, account.id, id=ada["id"]) is None
        assert await found_name(connection, account.id, email="ada@example.com") is None
        assert await found_name(connection, account.id, name="Ada") is None
        assert await found_name(connection, lead.id, email="not an address") is None


async def test_of_several_the_oldest_is_found_and_never_an_archived_one(database: Database) -> None:
    async with database.connection() as connection:
        lead = await lead_object(connection)
        first, second = [(await record_of(connection, lead, "Ada", values={"email": "a@example.com"}))["id"] for _ in range(2)]
        for expected in (first, second, None):
            for row in (
                await find_record(connection, lead.id, email="a@example.com"),
                await find_record(connection, lead.id, name="Ada"),
                await find_record(connection, lead.id, id=expected or first),
            ):
                assert (row["id"] if row else None) == expected
            if expected:
                await archive_record(connection, expected, now=NOW)
