"""Messages: written once for each place of a step run, handed over, and what became of them."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from store.database import Connection, Database
from store.messages import (
    NewMessage,
    hand_over,
    list_messages,
    mark_failed,
    mark_refused_for_now,
    mark_sent,
    queue_message,
    read_message,
)
from tests.store.building import NOW, lead_object, record_of
from tests.store.test_notifications import an_execution, executed

ERROR = {"code": "mail_refused", "sentence": "No."}


def message(execution: UUID, sequence: int = 1, **parts: Any) -> NewMessage:
    new = NewMessage(execution, sequence, "email", "us@example.com", ["ada@example.com"], subject="Hello", body="Hello, Ada")
    return replace(new, **parts)


async def state_of(connection: Connection, message_id: UUID) -> tuple[str, int]:
    row = await read_message(connection, message_id)
    assert row
    return row["state"], row["in_doubt"]


async def test_a_message_is_written_once_and_says_the_newest_until_somebody_may_have_it(database: Database) -> None:
    execution = await executed(database)
    async with database.connection() as connection:
        first = await queue_message(connection, message(execution, unsubscribe_token="t1"), NOW)
        second = await queue_message(connection, message(execution, body="Mended", unsubscribe_token="t2"), NOW)
        assert (second["id"], second["body"], second["unsubscribe_token"]) == (first["id"], "Mended", "t1")
        assert await hand_over(connection, first["id"], NOW) == 1
        third = await queue_message(connection, message(execution, body="Too late"), NOW)
        assert (third["id"], third["body"], third["in_doubt"]) == (first["id"], "Mended", 1)
        await mark_sent(connection, first["id"], NOW, provider_id="SM1", refused=["gone@example.com"])
        last = await queue_message(connection, message(execution, body="Too late"), NOW)
        assert (last["state"], last["body"], last["sent_at"], last["refused"]) == ("sent", "Mended", NOW, ["gone@example.com"])
        other = await queue_message(connection, message(execution, place=1), NOW)
        assert other["id"] != first["id"]


async def test_doubt_is_raised_by_each_hand_over_and_lowered_by_what_is_certain(database: Database) -> None:
    execution = await executed(database)
    async with database.connection() as connection:
        id = (await queue_message(connection, message(execution), NOW))["id"]
        assert await hand_over(connection, id, NOW) == 1
        await mark_refused_for_now(connection, id, ERROR, NOW)
        assert await state_of(connection, id) == ("queued", 0)
        await hand_over(connection, id, NOW)
        assert await hand_over(connection, id, NOW) == 2
        await mark_failed(connection, id, ERROR, NOW)
        assert await state_of(connection, id) == ("failed", 1)
        row = await read_message(connection, id)
        assert (row or {})["error"] == ERROR
        await mark_sent(connection, id, NOW)
        assert await state_of(connection, id) == ("sent", 0)


async def test_messages_are_found_by_record_execution_channel_and_state_newest_first(database: Database) -> None:
    async with database.connection() as connection:
        record = (await record_of(connection, await lead_object(connection)))["id"]
        execution, other = await an_execution(connection), await an_execution(connection)
        ids = [
            (await queue_message(connection, new, NOW))["id"]
            for new in (
                message(execution, record_id=record), message(execution, 2, channel="text"), message(other, record_id=record),
            )
        ]  # fmt: skip
        await mark_sent(connection, ids[2], NOW)

        async def found(**narrowed: Any) -> list[UUID]:
            return [row["id"] for row in await list_messages(connection, **narrowed)]

        assert await found() == ids[::-1]
        assert await found(record_id=record) == [ids[2], ids[0]]
        assert await found(execution_id=execution) == [ids[1], ids[0]]
        assert await found(execution_id=execution, record_id=record) == [ids[0]]
        assert await found(channel="text") == [ids[1]]
        assert await found(state="sent", record_id=record) == [ids[2]]
        assert await found(cursor=ids[2], size=1) == [ids[1]]
