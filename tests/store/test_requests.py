"""What was asked of executions, and the end that stands on those of an archived record."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from automations.executions import Request, RequestKind
from store.database import Connection, Database
from store.events import Origin
from store.executions import NewExecution, insert_execution, lock_execution, read_execution, write_request
from store.ids import new_id
from store.records import archive_record, change_record, unarchive_record
from store.requests import insert_request, list_being_canceled, list_requests
from tests.store.building import NOW, lead_object, record_of

LATER = NOW + timedelta(hours=1)


async def automation(connection: Connection) -> UUID:
    automation_id = new_id()
    sql = "insert into automations (id, api_name, active, document) values ($1, $2, true, '{}')"
    await connection.execute(sql, automation_id, f"automation-{automation_id}")
    return automation_id


async def execution_on(connection: Connection, record_id: UUID | None) -> UUID:
    execution_id = new_id()
    new = NewExecution(
        id=execution_id, workflow_id=str(execution_id), automation_id=await automation(connection), record_id=record_id,
        priority="regular", step_id="a", revision=1, start_request={}, now=NOW,
    )  # fmt: skip
    await insert_execution(connection, new)
    return execution_id


async def standing(connection: Connection, execution_id: UUID) -> dict[str, Any] | None:
    row = await read_execution(connection, execution_id)
    assert row is not None
    return row["request"]


async def test_requests_are_kept_in_the_order_they_were_asked(database: Database) -> None:
    async with database.connection() as connection:
        execution = await execution_on(connection, None)
        asked: list[tuple[int, RequestKind]] = [(2, "skip"), (1, "pause")]
        for minutes, kind in asked:
            request = Request(id=str(uuid4()), kind=kind, by="ada@example.com", why="lunch", step="a", path="yes")
            await insert_request(connection, execution, request, NOW + timedelta(minutes=minutes))
        rows = await list_requests(connection, execution)
        assert [(row["kind"], row["step_id"], row["path"]) for row in rows] == [("pause", "a", "yes"), ("skip", "a", "yes")]
        assert await list_requests(connection, uuid4()) == []


async def test_archiving_puts_a_cancel_on_the_open_executions_of_the_record(database: Database) -> None:
    async with database.connection() as connection:
        record = (await record_of(connection, await lead_object(connection)))["id"]
        first, paused, over, other = [await execution_on(connection, on) for on in (record, record, record, None)]
        await write_request(connection, paused, Request(id="1", kind="pause"))
        await connection.execute("update executions set state = 'completed', finished_at = $2 where id = $1", over, NOW)
        await archive_record(connection, record, now=LATER, origin=Origin(first, 1))
        for execution in (first, paused):
            found = Request.model_validate(await standing(connection, execution))
            assert (found.kind, found.cause, found.by) == ("cancel", "record_archived", f"execution {first}")
            assert found.id.endswith(f":{execution}")
            assert [row["why"] for row in await list_requests(connection, execution)] == ["its record was archived"]
        assert [await standing(connection, execution) for execution in (over, other)] == [None, None]
        assert {row["id"] for row in await list_being_canceled(connection, record)} == {first, paused}


async def test_a_step_that_read_its_execution_before_the_archiving_does_not_write(database: Database) -> None:
    async with database.connection() as connection:
        record = (await record_of(connection, await lead_object(connection)))["id"]
        execution = await execution_on(connection, record)
        before = await read_execution(connection, execution)
        await archive_record(connection, record, now=LATER)
        after = await read_execution(connection, execution)
        assert before is not None
        assert after is not None
        assert after["version"] == before["version"] + 1


async def test_a_cancel_that_stands_is_left_as_it_is(database: Database) -> None:
    async with database.connection() as connection:
        record = (await record_of(connection, await lead_object(connection)))["id"]
        execution = await execution_on(connection, record)
        await write_request(connection, execution, Request(id="1", kind="cancel", by="ada@example.com"))
        await archive_record(connection, record, now=LATER)
        assert (await standing(connection, execution) or {})["id"] == "1"
        assert await list_requests(connection, execution) == []


async def test_archiving_that_fails_cancels_nothing(database: Database) -> None:
    async with database.connection() as connection:
        record = (await record_of(connection, await lead_object(connection)))["id"]
        execution = await execution_on(connection, record)
        transaction = connection.transaction()
        await transaction.start()
        await archive_record(connection, record, now=LATER)
        await transaction.rollback()
        assert await standing(connection, execution) is None


async def test_unarchiving_asks_nothing(database: Database) -> None:
    async with database.connection() as connection:
        record = (await record_of(connection, await lead_object(connection)))["id"]
        await archive_record(connection, record, now=NOW)
        execution = await execution_on(connection, record)
        await unarchive_record(connection, record, now=LATER)
        assert await standing(connection, execution) is None


async def test_archiving_and_steps_never_wait_for_each_other_in_a_circle(database: Database) -> None:
    """A step holds its execution and goes for the record."""
    async with database.connection() as connection:
        record = (await record_of(connection, await lead_object(connection)))["id"]
        executions = [await execution_on(connection, record) for _ in range(4)]

    async def step(execution: UUID, seats: int) -> None:
        async with database.transaction() as connection:
            await lock_execution(connection, execution)
            await asyncio.sleep(0)
            row = await connection.fetchrow("select archived_at from records where id = $1", record)
            assert row is not None
            if row["archived_at"] is None:
                await connection.execute("update records set stage = $2 where id = $1", record, str(seats))

    async def toggle() -> None:
        async with database.connection() as connection:
            await archive_record(connection, record, now=LATER)
        async with database.connection() as connection:
            await unarchive_record(connection, record, now=LATER)

    for round in range(10):
        await asyncio.gather(*(step(execution, round) for execution in executions), toggle(), toggle())
    async with database.connection() as connection:
        assert await change_record(connection, record, values={"seats": 1}, now=LATER) is not None
