"""The outbox of mails about failures: written once, taken by one worker at a time, tried again ever later."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from store.database import Connection, Database
from store.ids import new_id
from store.notifications import NewNotification, insert_notification, list_notifications, mark_failed, mark_sent, take_due
from tests.store.building import NOW

MINUTE = timedelta(minutes=1)


async def an_execution(connection: Connection) -> UUID:
    automation, execution = new_id(), new_id()
    await connection.execute(
        "insert into automations (id, api_name, active, document) values ($1::uuid, $1::uuid::text, true, '{}')", automation
    )
    await connection.execute(
        """
        insert into executions (id, workflow_id, automation_id, priority, state, revision, root_id, start_request, created_at,
                                updated_at)
        values ($1::uuid, $1::uuid::text, $2, 'regular', 'active', 1, $1, '{}', $3, $3)
        """,
        execution, automation, NOW,
    )  # fmt: skip
    return execution


async def told(database: Database, execution: UUID, sequence: int = 1, subject: str = "failed", now: datetime = NOW) -> None:
    async with database.connection() as connection:
        new = NewNotification(execution, sequence, "warning", "ada@example.com", subject, "It failed.", now)
        await insert_notification(connection, new)


async def executed(database: Database) -> UUID:
    async with database.connection() as connection:
        return await an_execution(connection)


async def taken(database: Database, now: datetime, size: int = 10) -> list[Any]:
    async with database.connection() as connection:
        return await take_due(connection, now, size)


async def test_a_step_run_is_told_of_once(database: Database) -> None:
    execution = await executed(database)
    await told(database, execution, 2, "later")
    await told(database, execution, 1)
    await told(database, execution, 1, "again")
    async with database.connection() as connection:
        rows = await list_notifications(connection, execution)
    assert [(row["sequence"], row["subject"]) for row in rows] == [(1, "failed"), (2, "later")]


async def test_what_was_taken_is_due_again_a_minute_later_and_ever_later_up_to_an_hour(database: Database) -> None:
    await told(database, await executed(database))
    now, waits = NOW, []
    for attempt in range(1, 10):
        [row] = await taken(database, now)
        assert row["attempts"] == attempt
        async with database.connection() as connection:
            again = await mark_failed(connection, row["id"], "away", now)
        assert again is not None
        waits.append((again - now) / MINUTE)
        assert await taken(database, again - timedelta(seconds=1)) == []
        now = again
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_what_a_worker_took_and_never_sent_is_due_again(database: Database) -> None:
    await told(database, await executed(database))
    [lost] = await taken(database, NOW)
    assert await taken(database, NOW) == []
    [found] = await taken(database, NOW + MINUTE)
    assert (found["id"], found["attempts"]) == (lost["id"], 2)


async def test_nothing_is_due_before_its_time_and_what_was_sent_never_again(database: Database) -> None:
    execution = await executed(database)
    await told(database, execution, now=NOW + MINUTE)
    assert await taken(database, NOW) == []
    [row] = await taken(database, NOW + MINUTE)
    assert row["workflow_id"] == str(execution)
    async with database.connection() as connection:
        await mark_sent(connection, row["id"], NOW + MINUTE)
        assert await taken(database, NOW + timedelta(days=9)) == []
        [row] = await list_notifications(connection, execution)
    assert (row["sent_at"], row["given_up_at"], row["error"]) == (NOW + MINUTE, None, None)


async def test_a_refused_mail_is_given_up_at_once_and_any_after_a_day(database: Database) -> None:
    execution = await executed(database)
    await told(database, execution, 1)
    await told(database, execution, 2)
    refused, away = sorted(await taken(database, NOW), key=lambda row: row["id"])
    async with database.connection() as connection:
        assert await mark_failed(connection, refused["id"], "no such mailbox", NOW, for_good=True) is None
        day = NOW + timedelta(hours=24)
        assert await mark_failed(connection, away["id"], "away", day - MINUTE) is not None
        assert await mark_failed(connection, away["id"], "still away", day) is None
        assert await taken(database, day + timedelta(days=1)) == []
        rows = await list_notifications(connection, execution)
    assert [(row["error"], row["given_up_at"]) for row in rows] == [("no such mailbox", NOW), ("still away", day)]


async def test_two_workers_never_take_the_same(database: Database) -> None:
    execution = await executed(database)
    for sequence in range(40):
        await told(database, execution, sequence)

    async def all_there_is() -> list[UUID]:
        mine: list[UUID] = []
        while rows := await taken(database, NOW, 3):
            mine += [row["id"] for row in rows]
        return mine

    found = [id for ids in await asyncio.gather(*(all_there_is() for _ in range(4))) for id in ids]
    assert len(found) == len(set(found)) == 40


async def test_what_another_worker_is_taking_is_passed_over(database: Database) -> None:
    execution = await executed(database)
    for sequence in range(3):
        await told(database, execution, sequence)
    async with database.transaction() as connection:
        assert len(await take_due(connection, NOW, 2)) == 2
        assert len(await taken(database, NOW)) == 1
