"""Events that others tell of: found records are held, and each event is written once."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from automations.outside_events import RecordKey
from store.database import Connection, Database
from store.outside_events import KeptEvent, ToldEvent, hold_records, insert_events, list_events, show_event
from store.records import archive_record
from tests.engine import until
from tests.store.building import NOW, account_object, lead_object, record_of
from tests.store.test_crm_activities import someone_waits


def key(object: str = "lead", **way: str) -> RecordKey:
    return RecordKey.model_validate({"object": object, **way})


def visit(record_id: UUID, key: str | None = None, url: str = "x") -> ToldEvent:
    return ToldEvent("website_visited", record_id, NOW, {"url": url}, key)


async def found(connection: Connection, *keys: RecordKey) -> list[Any]:
    """Ids, or why there is none."""
    async with connection.transaction():
        return [each.id or each.why_not for each in await hold_records(connection, keys)]


async def test_records_are_found_by_id_by_any_email_field_and_by_name(database: Database) -> None:
    async with database.connection() as connection:
        lead, account = await lead_object(connection), await account_object(connection)
        ada = (await record_of(connection, lead, "Ada", values={"email": "ada@example.com"}))["id"]
        bob = (await record_of(connection, lead, "Bob", values={"second_email": "bob@example.com"}))["id"]
        firm = (await record_of(connection, account, "Ada"))["id"]
        keys = [
            key(id=str(bob)), key(email="ada@EXAMPLE.com"), key(email="bob@example.com"), key(name="aDA"),
            key("account", name="Ada"), key(id=str(firm)), key(email="eve@example.com"), key("account", email="ada@example.com"),
            key("deal", name="Ada"), key(id=str(bob)),
        ]  # fmt: skip
        unknown = "unknown_record"
        assert await found(connection, *keys) == [bob, ada, bob, ada, firm, unknown, unknown, unknown, "unknown_object", bob]
        assert await found(connection) == []


async def test_of_several_the_oldest_is_found_and_an_archived_one_only_where_there_is_no_other(database: Database) -> None:
    async with database.connection() as connection:
        lead = await lead_object(connection)
        first, second = [(await record_of(connection, lead, "Ada", values={"email": "a@example.com"}))["id"] for _ in range(2)]
        keys = key(name="Ada"), key(email="a@example.com"), key(id=str(first))
        assert await found(connection, *keys) == [first] * 3
        await archive_record(connection, first, now=NOW)
        assert await found(connection, *keys) == [second, second, "record_archived"]
        await archive_record(connection, second, now=NOW)
        assert await found(connection, *keys) == ["record_archived"] * 3


async def test_a_record_that_is_held_is_not_archived_before_its_events_are_written(database: Database) -> None:
    async with database.connection() as connection, database.connection() as other:
        lead = await record_of(connection, await lead_object(connection))
        async with connection.transaction():
            [held] = await hold_records(connection, [key(name="Ada")])
            archiving = asyncio.create_task(archive_record(other, lead["id"], now=NOW))
            await until(lambda: someone_waits(database))
            await insert_events(connection, [visit(held.id or uuid4())])
        await archiving
        rows = await connection.fetch("select kind from events order by number")
        assert [row["kind"] for row in rows] == ["record_created", "website_visited", "record_archived"]


async def test_a_record_that_is_being_archived_takes_no_more_events(database: Database) -> None:
    async with database.connection() as connection, database.connection() as other:
        lead = await record_of(connection, await lead_object(connection))
        async with other.transaction():
            await archive_record(other, lead["id"], now=NOW)
            finding = asyncio.create_task(found(connection, key(name="Ada")))
            await until(lambda: someone_waits(database))
        assert await finding == ["record_archived"]


async def test_events_are_numbered_in_the_order_in_which_they_are_told(database: Database) -> None:
    async with database.connection() as connection:
        lead = (await record_of(connection, await lead_object(connection)))["id"]
        urls = [str(n) for n in range(500)]
        kept = await insert_events(connection, [visit(lead, url, url) for url in reversed(urls)])
        rows = await connection.fetch(
            "select id, payload ->> 'url' as url from events where kind = 'website_visited' order by number"
        )
        assert [row["url"] for row in rows] == urls[::-1]
        assert kept == [KeptEvent(row["id"], False) for row in rows]


async def test_what_was_told_before_keeps_the_id_that_it_got(database: Database) -> None:
    async with database.connection() as connection:
        lead = (await record_of(connection, await lead_object(connection)))["id"]
        [first] = await insert_events(connection, [visit(lead, "a")])
        b, a, again, none, other = await insert_events(
            connection, [visit(lead, "b"), visit(lead, "a", "y"), visit(lead, "b"), visit(lead), visit(lead)]
        )
        assert (first.is_duplicate, a, again) == (False, KeptEvent(first.id, True), KeptEvent(b.id, True))
        assert not any(each.is_duplicate for each in (b, none, other))
        assert len({first.id, b.id, none.id, other.id}) == 4
        shown = await show_event(connection, first.id)
        assert shown
        assert shown[0]["payload"] == {"url": "x"}


async def test_what_many_tell_at_once_is_kept_once(database: Database) -> None:
    async with database.connection() as connection:
        lead = await lead_object(connection)
        ids = [(await record_of(connection, lead, name))["id"] for name in "abc"]

    async def tell(number: int) -> list[KeptEvent]:
        keys = [key(id=str(id)) for id in (ids if number % 2 else ids[::-1])]
        async with database.transaction() as connection:
            held = await hold_records(connection, keys)
            return await insert_events(connection, [visit(each.id, str(each.id)) for each in held if each.id])

    answers = await asyncio.gather(*(tell(number) for number in range(8)))
    assert sum(not kept.is_duplicate for answer in answers for kept in answer) == 3
    assert len({kept.id for answer in answers for kept in answer}) == 3


@pytest.mark.parametrize("by", [{"record_id": True}, {"kind": True}, {"record_id": True, "kind": True}, {}])
async def test_events_are_listed_newest_first_by_record_and_by_kind(by: dict[str, bool], database: Database) -> None:
    async with database.connection() as connection:
        lead = await lead_object(connection)
        ada, bob = [(await record_of(connection, lead, name))["id"] for name in ("Ada", "Bob")]
        kept = await insert_events(connection, [visit(record) for record in (ada, bob, ada)])
        created = [id for (id,) in await connection.fetch("select id from events where kind = 'record_created' order by id")]
        visits, of_ada = [each.id for each in kept], {created[0], kept[0].id, kept[2].id}
        expected = [
            id
            for id in reversed([*created, *visits])
            if ("record_id" not in by or id in of_ada) and ("kind" not in by or id in visits)
        ]
        asked: dict[str, Any] = {name: {"record_id": ada, "kind": "website_visited"}[name] for name in by}
        seen: list[UUID] = []
        while page := await list_events(connection, **asked, cursor=seen[-1] if seen else None, size=2):
            seen += [event["id"] for event, _ in page]
        assert seen == expected


async def test_a_large_payload_is_shown_by_itself_only(database: Database) -> None:
    async with database.connection() as connection:
        lead = (await record_of(connection, await lead_object(connection)))["id"]
        text = "".join(str(uuid4()) for _ in range(1_000))
        [kept] = await insert_events(connection, [visit(lead, url=text)])
        [(event, _)] = await list_events(connection, kind="website_visited")
        assert (event["id"], event["payload"]) == (kept.id, None)
        shown = await show_event(connection, kept.id)
        assert shown
        assert shown[0]["payload"] == {"url": text}
        assert await show_event(connection, uuid4()) is None


async def test_the_time_of_an_event_is_its_own(database: Database) -> None:
    async with database.connection() as connection:
        lead = (await record_of(connection, await lead_object(connection)))["id"]
        before = NOW - timedelta(days=6)
        [kept] = await insert_events(connection, [ToldEvent("form_submitted", lead, before, {"form": "x", "values": {}})])
        shown = await show_event(connection, kept.id)
        assert shown
        event, evaluations = shown
        assert (event["event_at"], event["evaluated_at"], event["depth"], evaluations) == (before, None, 0, [])
