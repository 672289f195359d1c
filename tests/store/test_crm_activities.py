"""Crm activities: what is done to one is kept and told together, once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from store.crm_activities import (
    cancel_activity,
    change_activity,
    complete_activity,
    list_activities,
    log_activity,
    read_activity,
    schedule_activity,
)
from store.database import Connection, Database
from store.errors import ActivityClosedError, RecordArchivedError
from store.events import Origin
from store.records import archive_record
from store.team import put_employee
from tests.engine import until
from tests.store.building import NOW, events_of, lead_object, record_of

LATER = NOW + timedelta(hours=1)
DUE = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


async def new_lead(connection: Connection) -> UUID:
    return (await record_of(connection, await lead_object(connection)))["id"]


async def scheduled(connection: Connection, record_id: UUID | None = None, **parts: Any) -> Any:
    record_id = record_id or await new_lead(connection)
    row = await schedule_activity(connection, record_id, **{"type": "call", "due_at": DUE, "now": NOW} | parts)
    assert row
    return row


async def told(connection: Connection, record_id: UUID) -> list[tuple[str, Any]]:
    """All but the record's own beginning."""
    return [(kind, payload["activity"]) for kind, payload in (await events_of(connection, record_id))[1:]]


async def kinds(connection: Connection, record_id: UUID) -> list[str]:
    return [kind for kind, _ in await told(connection, record_id)]


async def test_what_is_logged_is_completed_now_and_told(database: Database) -> None:
    async with database.connection() as connection:
        lead = await new_lead(connection)
        grace = (await put_employee(connection, "grace@example.com", name="Grace"))["id"]
        row = await log_activity(
            connection, lead, type="meeting", note="Went well", assigned_to=grace, by="ada", now=NOW, origin=Origin(uuid4(), 2)
        )
        assert row
        assert (row["status"], row["due_at"], row["completed_at"], row["created_at"]) == ("completed", None, NOW, NOW)
        activity = {
            "id": str(row["id"]), "type": "meeting", "note": "Went well", "due_at": None, "assigned_to": str(grace),
            "assigned_role": None, "by": "ada", "completed_at": "2026-03-01T09:00:00Z",
        }  # fmt: skip
        assert await told(connection, lead) == [("activity_logged", activity)]


async def test_a_scheduled_one_is_told_from_its_plan_to_its_end(database: Database) -> None:
    async with database.connection() as connection:
        row = await scheduled(connection, by="ada")
        lead, id = row["record_id"], row["id"]
        changed = await change_activity(connection, id, note="Ask for seats", due_at=LATER, by="bob", now=LATER)
        done = await complete_activity(connection, id, by="eve", now=LATER)
        assert changed
        assert done
        assert (changed["note"], changed["due_at"], changed["status"], changed["updated_at"]) == (
            "Ask for seats", LATER, "scheduled", LATER,
        )  # fmt: skip
        assert (done["status"], done["completed_at"], done["by"], done["created_at"]) == ("completed", LATER, "eve", NOW)
        events = await told(connection, lead)
        assert [(kind, event["by"], event["due_at"], event["note"], event["completed_at"]) for kind, event in events] == [
            ("activity_scheduled", "ada", "2026-03-02T08:30:00Z", "", None),
            ("activity_changed", "bob", "2026-03-01T10:00:00Z", "Ask for seats", None),
            ("activity_completed", "eve", "2026-03-01T10:00:00Z", "Ask for seats", "2026-03-01T10:00:00Z"),
        ]
        assert {event["id"] for _, event in events} == {str(id)}


async def test_each_event_carries_its_time_and_its_chain(database: Database) -> None:
    root = uuid4()
    async with database.connection() as connection:
        row = await scheduled(connection, origin=Origin(root, 1))
        await change_activity(connection, row["id"], note="x", now=LATER, origin=Origin(root, 2))
        await cancel_activity(connection, row["id"], now=LATER, origin=Origin(root, 3))
        rows = await connection.fetch("select kind, root_id, depth, event_at from events where root_id is not null order by id")
        assert [tuple(row) for row in rows] == [
            ("activity_scheduled", root, 1, NOW),
            ("activity_changed", root, 2, LATER),
            ("activity_canceled", root, 3, LATER),
        ]


@pytest.mark.parametrize("end", [complete_activity, cancel_activity])
async def test_what_is_done_twice_changes_nothing_and_tells_nobody(end: Any, database: Database) -> None:
    async with database.connection() as connection:
        row = await scheduled(connection)
        first = await end(connection, row["id"], by="ada", now=NOW)
        assert await end(connection, row["id"], by="bob", now=LATER) == first
        assert len(await told(connection, row["record_id"])) == 2


async def test_a_change_that_changes_nothing_tells_nobody(database: Database) -> None:
    async with database.connection() as connection:
        row = await scheduled(connection, note="x")
        same = await change_activity(connection, row["id"], note="x", due_at=DUE, assigned_to=None, by="bob", now=LATER)
        assert same == row
        assert await change_activity(connection, row["id"], now=LATER) == row
        assert await kinds(connection, row["record_id"]) == ["activity_scheduled"]


async def test_what_is_over_is_neither_changed_nor_ended_otherwise(database: Database) -> None:
    async with database.connection() as connection:
        lead = await new_lead(connection)
        completed, canceled = [(await scheduled(connection, lead))["id"] for _ in range(2)]
        await complete_activity(connection, completed, now=NOW)
        await cancel_activity(connection, canceled, now=NOW)
        refused: list[Callable[[], Awaitable[Any]]] = [
            lambda: cancel_activity(connection, completed, now=LATER),
            lambda: complete_activity(connection, canceled, now=LATER),
            lambda: change_activity(connection, completed, note="x", now=LATER),
            lambda: change_activity(connection, canceled, note="x", now=LATER),
        ]
        for doing in refused:
            with pytest.raises(ActivityClosedError, match="it cannot be"):
                await doing()
        assert len(await told(connection, lead)) == 4


async def test_nothing_is_done_around_an_archived_record(database: Database) -> None:
    async with database.connection() as connection:
        row = await scheduled(connection)
        lead, id = row["record_id"], row["id"]
        await archive_record(connection, lead, now=NOW)
        refused: list[Callable[[], Awaitable[Any]]] = [
            lambda: log_activity(connection, lead, type="call", now=LATER),
            lambda: scheduled(connection, lead),
            lambda: change_activity(connection, id, note="x", now=LATER),
            lambda: complete_activity(connection, id, now=LATER),
            lambda: cancel_activity(connection, id, now=LATER),
        ]
        for doing in refused:
            with pytest.raises(RecordArchivedError):
                await doing()
        assert await read_activity(connection, id) == row
        assert [kind for kind, _ in await events_of(connection, lead)][1:] == ["activity_scheduled", "record_archived"]


async def test_what_does_not_exist_is_none(database: Database) -> None:
    async with database.connection() as connection:
        assert await log_activity(connection, uuid4(), type="call", now=NOW) is None
        assert await schedule_activity(connection, uuid4(), type="call", due_at=DUE, now=NOW) is None
        assert await change_activity(connection, uuid4(), note="x", now=NOW) is None
        assert await complete_activity(connection, uuid4(), now=NOW) is None
        assert await cancel_activity(connection, uuid4(), now=NOW) is None
        assert await read_activity(connection, uuid4()) is None


@pytest.mark.parametrize("kind", ["scheduled", "changed", "completed", "canceled", "logged"])
async def test_a_doing_and_its_event_are_written_together_or_not_at_all(kind: str, database: Database) -> None:
    async with database.connection() as connection:
        lead = await new_lead(connection)
        row = await scheduled(connection, lead)
        await connection.execute(f"alter table events add constraint broken check (kind <> 'activity_{kind}') not valid")
        doing: dict[str, Callable[[], Awaitable[Any]]] = {
            "scheduled": lambda: scheduled(connection, lead),
            "logged": lambda: log_activity(connection, lead, type="call", now=LATER),
            "changed": lambda: change_activity(connection, row["id"], note="x", now=LATER),
            "completed": lambda: complete_activity(connection, row["id"], now=LATER),
            "canceled": lambda: cancel_activity(connection, row["id"], now=LATER),
        }
        with pytest.raises(Exception, match="broken"):
            await doing[kind]()
        assert await list_activities(connection, lead) == [row]
        assert await kinds(connection, lead) == ["activity_scheduled"]


async def test_of_many_who_end_it_at_once_one_does(database: Database) -> None:
    async with database.connection() as connection:
        row = await scheduled(connection)

    async def end(number: int) -> bool:
        ended = complete_activity if number % 2 else cancel_activity
        async with database.connection() as connection:
            try:
                found = await ended(connection, row["id"], by=str(number), now=LATER)
                return found is not None and found["by"] == str(number)
            except ActivityClosedError:
                return False

    assert sum(await asyncio.gather(*(end(number) for number in range(8)))) == 1
    async with database.connection() as connection:
        assert len(await told(connection, row["record_id"])) == 2


async def test_its_event_waits_for_a_change_of_the_record_that_is_under_way(database: Database) -> None:
    """The numbers of a record's events are in the order in which they are committed."""
    async with database.connection() as connection, database.connection() as other:
        lead = await new_lead(connection)
        async with other.transaction():
            await other.execute("select id from records where id = $1 for no key update", lead)
            logging = asyncio.create_task(log_activity(connection, lead, type="call", now=NOW))
            await until(lambda: someone_waits(database))
            assert await other.fetchval("select count(*) from crm_activities") == 0
            assert await other.fetchval("select last_value from pg_sequences where sequencename = 'events_number_seq'") == 1
        assert await logging


async def someone_waits(database: Database) -> bool:
    async with database.connection() as connection:
        return await connection.fetchval("select exists (select from pg_locks where not granted)")


async def test_they_are_listed_newest_first_a_page_at_a_time(database: Database) -> None:
    async with database.connection() as connection:
        lead = await new_lead(connection)
        ids = [(await scheduled(connection, lead))["id"] for _ in range(5)]
        await scheduled(connection, await new_lead(connection))
        await complete_activity(connection, ids[1], now=NOW)
        first = await list_activities(connection, lead, size=2)
        rest = await list_activities(connection, lead, cursor=first[-1]["id"])
        assert [row["id"] for row in (*first, *rest)] == ids[::-1]
        assert [row["id"] for row in await list_activities(connection, lead, open=True)] == [*ids[:1:-1], ids[0]]
