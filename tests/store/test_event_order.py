"""Which events the relay takes first."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from store.database import Connection, Database
from store.events import insert_event, list_new_events
from tests.store.building import lead_object, record_of

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
async def leads(database: Database) -> Sequence[UUID]:
    async with database.connection() as connection:
        stored = await lead_object(connection)
        made = [(await record_of(connection, stored))["id"] for _ in range(3)]
        await connection.execute("update events set evaluated_at = now()")
    return made


async def write(connection: Connection, priority: str, *records: UUID | None) -> list[UUID]:
    events = [await insert_event(connection, "field_updated", record, NOW, {}, priority=priority) for record in records]  # pyright: ignore[reportArgumentType]
    return [event for event in events if event]


async def taken(connection: Connection, size: int) -> list[UUID]:
    """And marked as evaluated."""
    ids = [row["id"] for row in await list_new_events(connection, size)]
    await connection.execute("update events set evaluated_at = now() where id = any($1::uuid[])", ids)
    return ids


async def test_a_flood_of_low_priority_does_not_delay_regular_events(database: Database, leads: Sequence[UUID]) -> None:
    async with database.connection() as connection:
        await write(connection, "low", *[leads[0]] * 1_000)
        [regular] = await write(connection, "regular", leads[1])
        assert regular in await taken(connection, 500)


async def test_events_of_low_priority_are_not_starved_by_regular_ones(database: Database, leads: Sequence[UUID]) -> None:
    async with database.connection() as connection:
        [low] = await write(connection, "low", leads[0])
        await write(connection, "regular", *[leads[1]] * 20)
        assert low in await taken(connection, 10)


async def test_an_earlier_event_of_low_priority_goes_before_a_regular_one_of_its_record(
    database: Database, leads: Sequence[UUID]
) -> None:
    async with database.connection() as connection:
        await write(connection, "low", *[leads[0]] * 300)
        low = await write(connection, "low", leads[1], leads[1])
        [regular] = await write(connection, "regular", leads[1])
        found = await taken(connection, 500)
    assert [event for event in found if event in {*low, regular}] == [*low, regular]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
async def test_the_events_of_a_record_keep_their_order_whatever_their_priorities(
    database: Database, leads: Sequence[UUID], size: int
) -> None:
    async with database.connection() as connection:
        written: dict[UUID, list[UUID]] = {lead: [] for lead in leads}
        for number in range(60):
            lead = leads[(number * 7) % 3]
            written[lead] += await write(connection, "low" if (number * 5) % 4 else "regular", lead)
        found: list[UUID] = []
        while batch := await taken(connection, size):
            found += batch
    assert len(found) == 60
    for events in written.values():
        assert [event for event in found if event in events] == events


async def test_events_that_were_set_aside_are_not_taken(database: Database, leads: Sequence[UUID]) -> None:
    async with database.connection() as connection:
        [event] = await write(connection, "regular", leads[0])
        await connection.execute("update events set retry_at = now() where id = $1", event)
        assert await taken(connection, 500) == []
