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


async def begun(connection: Connection, execution: UUID, attempt: int = 1) -> None:
    """The attempt that is under way."""
    await connection.execute(
        "insert into step_runs (execution_id, sequence, step_id, step_type, revision, status, attempt, started_at)"
        " values ($1, 1, 'mail', 'send_email', 1, 'running', $2, $3)"
        " on conflict (execution_id, sequence) do update set attempt = excluded.attempt",
        execution, attempt, NOW,
    )  # fmt: skip


async def state_of(connection: Connection, message_id: UUID) -> tuple[str, int]:
    row = await read_message(connection, message_id)
    assert row
    return row["state"], row["in_doubt"]


async def test_a_message_is_written_once_and_says_the_newest_until_somebody_may_have_it(database: Database) -> None:
    execution = await executed(database)
    async with database.connection() as connection:
        await begun(connection, execution)
        first = await queue_message(connection, message(execution, unsubscribe_token="t1"), NOW)
        second = await queue_message(connection, message(execution, body="Mended", unsubscribe_token="t2"), NOW)
        assert (second["id"], second["body"], second["unsubscribe_token"]) == (first["id"], "Mended", "t1")
        assert await hand_over(connection, first["id"], 1, NOW) == 1
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
        await begun(connection, execution)
        id = (await queue_message(connection, message(execution), NOW))["id"]
        assert await hand_over(connection, id, 1, NOW) == 1
        await mark_refused_for_now(connection, id, ERROR, NOW)
        assert await state_of(connection, id) == ("queued", 0)
        await hand_over(connection, id, 1, NOW)
        assert await hand_over(connection, id, 1, NOW) == 2
        await mark_failed(connection, id, ERROR, NOW)
        assert await state_of(connection, id) == ("failed", 1)
        row = await read_message(connection, id)
        assert (row or {})["error"] == ERROR
        await mark_sent(connection, id, NOW)
        assert await state_of(connection, id) == ("sent", 0)


async def test_a_message_is_not_handed_over_by_an_attempt_after_which_another_began(database: Database) -> None:
    execution = await executed(database)
    async with database.connection() as connection:
        await begun(connection, execution, attempt=2)
        id = (await queue_message(connection, message(execution), NOW))["id"]
        assert await hand_over(connection, id, 1, NOW) is None
        assert await hand_over(connection, id, 2, NOW) == 1


async def test_a_message_that_is_sent_stays_sent_when_a_late_attempt_failed_to_send_it(database: Database) -> None:
    execution = await executed(database)
    async with database.connection() as connection:
        id = (await queue_message(connection, message(execution), NOW))["id"]
        await mark_sent(connection, id, NOW)
        await mark_failed(connection, id, ERROR, NOW)
        await mark_refused_for_now(connection, id, ERROR, NOW)
        row = await read_message(connection, id)
        assert row
        assert (row["state"], row["error"]) == ("sent", None)


async def test_texts_that_postgres_refuses_are_cleaned_on_their_way_into_a_query(database: Database) -> None:
    execution = await executed(database)
    async with database.connection() as connection:
        id = (await queue_message(connection, message(execution, subject="half \ud800"), NOW))["id"]
        await mark_sent(connection, id, NOW, provider_id="SM\0", refused=["a\0b"])
        row = await read_message(connection, id)
    assert row
    assert (row["subject"], row["provider_id"], row["refused"]) == ("half \ufffd", "SM\ufffd", ["a\ufffdb"])


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
