"""Kill switches and counted starts in Postgres."""

import asyncio
from datetime import timedelta
from uuid import UUID

from automations.document import AutomationDocument
from automations.kill_switches import KillSwitch
from store.automations import create_automation, read_automation
from store.database import Connection, Database
from store.kill_switches import lift_kill_switch, list_kill_switches, list_standing_switches, set_kill_switch, trip_kill_switch
from store.starts import count_start
from tests.builders import document
from tests.store.building import NOW

SWITCHES = "select jsonb_agg(to_jsonb(k) order by k.id) from kill_switches k where k.lifted_at is null"
"""As a step reads them."""


async def hold(connection: Connection, key: str = "demo", why: str = "why") -> tuple[UUID, bool]:
    row, is_new = await set_kill_switch(connection, "automation", key, mode="hold", by="ada", why=why, now=NOW)
    return row["id"], is_new


async def automation_id(connection: Connection) -> UUID:
    await create_automation(connection, AutomationDocument.model_validate(document()), None)
    row = await read_automation(connection, "demo")
    assert row
    return row["id"]


async def test_standing_switches_are_read_by_steps_as_by_others(database: Database) -> None:
    async with database.transaction() as connection:
        assert await connection.fetchval(SWITCHES) is None
        await hold(connection)
        tripped = await trip_kill_switch(connection, "other", limit="starts_per_minute", why="7 starts", now=NOW)
        lifted, _ = await hold(connection, "third")
        await lift_kill_switch(connection, lifted, by="bob", why="done", now=NOW)
        read = [KillSwitch.model_validate(switch) for switch in await connection.fetchval(SWITCHES)]
        assert read == await list_standing_switches(connection)
        assert read[1] == tripped
    assert (read[1].set_by, read[1].tripped_by, read[1].created_after) == ("everstep", "starts_per_minute", NOW)


async def test_one_switch_stands_for_a_key_however_many_set_it_at_once(database: Database) -> None:
    async def one(number: int) -> bool:
        async with database.transaction() as connection:
            _, is_new = await hold(connection, why=f"reason {number}")
            return is_new

    made = await asyncio.gather(*(one(number) for number in range(8)))
    assert made.count(True) == 1
    async with database.connection() as connection:
        assert len(await list_standing_switches(connection)) == 1
        assert len(await list_kill_switches(connection)) == 8


async def test_a_limit_trips_no_switch_over_one_that_stands(database: Database) -> None:
    async with database.transaction() as connection:
        await hold(connection)
        assert await trip_kill_switch(connection, "demo", limit="starts_per_minute", why="7 starts", now=NOW) is None
        assert [switch.set_by for switch in await list_standing_switches(connection)] == ["ada"]


async def test_a_switch_of_a_person_takes_the_place_of_a_tripped_one(database: Database) -> None:
    async with database.transaction() as connection:
        await trip_kill_switch(connection, "demo", limit="starts_per_minute", why="7 starts", now=NOW)
        await hold(connection)
        [standing] = await list_standing_switches(connection)
    assert (standing.set_by, standing.tripped_by, standing.created_after) == ("ada", None, None)


async def test_starts_are_counted_by_the_minute_and_forgotten_after_an_hour(database: Database) -> None:
    minute = NOW.replace(second=0)
    async with database.connection() as connection:
        automation = await automation_id(connection)
        for seconds, count in ((0, 1), (59, 2), (60, 1), (30, 3)):
            assert await count_start(connection, automation, minute + timedelta(seconds=seconds)) == count
        assert await count_start(connection, automation, minute + timedelta(minutes=62)) == 1
        assert await connection.fetchval("select count(*) from start_counts") == 1


async def test_starts_of_many_at_once_are_all_counted(database: Database) -> None:
    async with database.connection() as connection:
        automation = await automation_id(connection)

    async def one() -> int:
        async with database.transaction() as connection:
            return await count_start(connection, automation, NOW)

    assert sorted(await asyncio.gather(*(one() for _ in range(20)))) == list(range(1, 21))
