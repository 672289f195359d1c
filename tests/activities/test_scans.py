"""What is planned anew for all records: where a trigger begins to listen, says something else, or the business's time changes."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from activities import planning
from activities.planning import fire_due_once, scan_once
from activities.relaying import evaluate_events
from store.due import TriggerKey, move_scan, take_turn_with_plans
from store.records import change_record
from tests.dated import WEEKDAYS, Leads, at, on_date, overdue
from tests.engine import until

NOON = "03-01 12:00"
MANY = 1_200


async def someone_waits(leads: Leads) -> bool:
    async with leads.database.connection() as connection:
        return await connection.fetchval("select exists (select from pg_locks where not granted)")


async def make_many(leads: Leads) -> None:
    """Leads with dates from 2 March 2096 on, a hundred a day, that no event tells of; and one whose date is past."""
    await leads.create(NOON, due="2020-01-01")
    async with leads.database.connection() as connection:
        await connection.execute(
            """
            insert into records (id, object_id, name, field_values)
            select gen_random_uuid(), (select id from objects), 'Lead ' || n,
                   jsonb_build_object('due', (date '2096-03-02' + n / 100)::text)
            from generate_series(0, $1 - 1) n
            """,
            MANY,
        )


async def test_activating_plans_all_records_that_are_there_page_by_page(leads: Leads) -> None:
    await leads.save(on_date(), overdue(), active=False)
    await make_many(leads)
    await leads.relay()
    await leads.activate()
    assert await leads.scans() == ["date", "late"]
    pages = [await scan_once(leads.services) for _ in range(7)]
    assert pages == [500, 500, 201, 500, 500, 201, 0]
    assert await leads.scans() == []
    planned = await leads.planned()
    assert len(planned) == MANY
    assert planned[::100] == [f"03-{day:02}" for day in range(2, 14)]


async def test_the_sweep_takes_all_that_is_due_in_batches(leads: Leads) -> None:
    await leads.save(on_date(), active=False)
    await make_many(leads)
    await leads.activate()
    await leads.relay()
    await leads.scan()
    batches = [await fire_due_once(leads.services, at("03-11")) for _ in range(3)]
    assert batches == [500, 500, 0]
    assert len(await leads.started("03-11")) == 1000
    assert len(await leads.planned()) == 200


async def test_deactivating_forgets_all_and_activating_again_starts_nothing_for_what_passed(leads: Leads) -> None:
    await leads.save(on_date(), overdue(), {**on_date(every_year=True), "id": "yearly"})
    lead = await leads.create(NOON, due="2096-03-05")
    await leads.schedule(NOON, lead, "03-06")
    await leads.create(NOON, due="2096-03-20")
    await leads.relay()
    assert len(await leads.planned()) == 5
    await leads.activate(False)
    assert (await leads.planned(), await leads.scans()) == ([], [])
    await leads.activate()
    await leads.since("03-10")
    await leads.scan()
    assert await leads.planned() == ["03-20", "03-20", "2097-03-05"]
    assert await leads.started("03-20") == ["03-20", "03-20"]


async def test_a_trigger_that_is_new_or_says_something_else_is_planned_for_all_records_and_the_others_stay(leads: Leads) -> None:
    kept = {**on_date(when="after", days=1), "id": "kept"}
    await leads.save(kept)
    await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    await leads.save(kept, on_date(), scan=False)
    assert await leads.scans() == ["date"]
    await leads.scan()
    assert await leads.planned() == ["03-09", "03-10"]
    await leads.save(kept, on_date(when="before", days=1), scan=False)
    assert (await leads.planned(), await leads.scans()) == (["03-10"], ["date"])
    await leads.scan()
    assert await leads.planned() == ["03-08", "03-10"]
    await leads.save(kept, on_date(when="before", days=1), description="Something else.", scan=False)
    assert await leads.scans() == []
    await leads.save(kept, scan=False)
    assert (await leads.planned(), await leads.scans()) == (["03-10"], [])
    await leads.save(kept | {"skip": True}, scan=False)
    assert (await leads.planned(), await leads.scans()) == ([], [])


async def test_the_automations_calendar_moves_what_goes_by_it(leads: Leads) -> None:
    await leads.business(calendar=WEEKDAYS)
    own = {**on_date(skip_non_working_days=False), "id": "own"}
    await leads.save(on_date(), own)
    await leads.create(NOON, due="2096-03-03")
    await leads.relay()
    assert await leads.planned() == ["03-03", "03-03"]
    await leads.save(on_date(), own, calendar={"skip_non_working_days": True}, scan=False)
    assert await leads.scans() == ["date"]
    await leads.scan()
    assert await leads.planned() == ["03-03", "03-06"]


async def test_the_timezone_and_the_calendar_of_the_business_move_what_is_planned(leads: Leads) -> None:
    await leads.save(on_date(at="09:00", skip_non_working_days=True))
    await leads.create(NOON, due="2096-03-03")
    await leads.relay()
    assert await leads.planned() == ["03-05 09:00"], "Monday"
    await leads.business(timezone="Europe/Berlin")
    await leads.scan()
    assert await leads.planned() == ["03-05 08:00"]
    await leads.business(timezone="Europe/Berlin", calendar=WEEKDAYS)
    await leads.scan()
    assert await leads.planned() == ["03-06 08:00"]
    await leads.business(timezone="Europe/Berlin", calendar=WEEKDAYS, name="We")
    assert await leads.scans() == []


async def test_what_was_due_before_the_timezone_changed_is_fired_and_what_came_after_waits_for_the_scan(leads: Leads) -> None:
    await leads.save(on_date(at="09:00"))
    for day in ("03-02", "03-03"):
        await leads.create(NOON, due=f"2096-{day}")
    await leads.relay()
    await leads.business("03-02 10:00", timezone="America/New_York")
    assert await leads.sweep("03-03 10:00") == 1
    await leads.scan()
    assert await leads.planned() == ["03-02 14:00", "03-03 14:00"]


async def test_a_scan_that_is_asked_for_again_begins_again_and_loses_no_time(leads: Leads) -> None:
    await leads.save(on_date(), active=False)
    await make_many(leads)
    await leads.relay()
    await leads.activate()
    await leads.since("03-03 12:00")
    assert await scan_once(leads.services) == 500
    await leads.business("03-09", timezone="Etc/GMT-1")
    assert await leads.scan() == MANY + 1
    planned = await leads.planned()
    assert (len(planned), planned[0]) == (MANY - 200, "03-03 23:00")


async def test_a_scan_that_breaks_off_loses_and_doubles_nothing(leads: Leads, monkeypatch: pytest.MonkeyPatch) -> None:
    await leads.save(on_date(), active=False)
    await make_many(leads)
    await leads.relay()
    await leads.activate()
    moves = 0

    async def breaking(connection: Any, scan: TriggerKey, cursor: UUID) -> None:
        nonlocal moves
        moves += 1
        await move_scan(connection, scan, cursor)
        if moves % 2:
            raise ConnectionResetError

    monkeypatch.setattr(planning, "move_scan", breaking)
    for _ in range(10):
        try:
            await scan_once(leads.services)
        except ConnectionResetError:
            continue
    planned = await leads.planned()
    assert (len(planned), await leads.scans()) == (MANY, [])


async def test_a_sweep_that_breaks_off_loses_and_doubles_nothing(leads: Leads, monkeypatch: pytest.MonkeyPatch) -> None:
    await leads.save(on_date(every_year=True))
    for _ in range(3):
        await leads.create(NOON, due="1990-03-05")
    await leads.relay()
    write = planning.DuePlans.write

    async def breaking(plans: planning.DuePlans, *rest: Any) -> None:
        await write(plans, *rest)
        raise ConnectionResetError

    with monkeypatch.context() as broken:
        broken.setattr(planning.DuePlans, "write", breaking)
        with pytest.raises(ConnectionResetError):
            await fire_due_once(leads.services, at("03-05"))
    assert await leads.planned() == ["03-05"] * 3
    assert await leads.started("03-05") == ["03-05"] * 3
    assert await leads.planned() == ["2097-03-05"] * 3


async def test_what_was_due_while_no_worker_was_there_is_fired_once_as_of_its_time(leads: Leads) -> None:
    await leads.save(on_date(at="09:00"), {**on_date(every_year=True), "id": "yearly"})
    await leads.create(NOON, due="2096-03-05")
    await leads.relay()
    assert await leads.started("2098-07-01") == ["03-05", "03-05 09:00"]
    assert await leads.planned() == ["2099-03-05"]


@pytest.mark.parametrize("run", range(3))
async def test_sweepers_at_the_same_time_fire_each_once(leads: Leads, run: int) -> None:
    await leads.save(on_date(), active=False)
    await make_many(leads)
    await leads.relay()
    await leads.activate()
    await leads.scan()
    swept = await asyncio.gather(*(leads.sweep("03-31") for _ in range(4)))
    assert sum(swept) == MANY
    async with leads.database.connection() as connection:
        told = await connection.fetch("select record_id, event_at from events where kind = 'date_reached'")
    assert len(told) == len({row["record_id"] for row in told}) == MANY
    assert await leads.planned() == []


class Held:
    """The first who has worked out what to write waits before he writes it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.released = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(planning.DuePlans, "write", self._held(planning.DuePlans.write))

    def _held(self, write: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def held(plans: planning.DuePlans, *rest: Any) -> None:
            if not self.reached.is_set():
                self.reached.set()
                await self.released.wait()
            await write(plans, *rest)

        return held

    async def until_waited_for(self, leads: Leads, *others: asyncio.Task[Any]) -> None:
        """Or until the others are done, who should have waited."""

        async def settled() -> bool:
            return await someone_waits(leads) or all(other.done() for other in others)

        await until(settled)
        self.released.set()
        await asyncio.gather(*others)


async def test_a_change_that_comes_while_a_page_is_worked_out_is_planned_after_it(
    leads: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leads.save(on_date(), active=False)
    lead = await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    await leads.activate()
    held = Held(monkeypatch)
    scan = asyncio.create_task(leads.scan())
    await held.reached.wait()
    await leads.change(NOON, lead, due="2096-03-20")
    await held.until_waited_for(leads, asyncio.create_task(leads.relay()))
    await scan
    assert await leads.planned() == ["03-20"]


async def test_a_save_that_comes_while_an_event_is_worked_out_is_planned_after_it(
    leads: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leads.save(on_date())
    await leads.create(NOON, due="2096-03-09")
    held = Held(monkeypatch)
    relay = asyncio.create_task(leads.relay())
    await held.reached.wait()
    await leads.save(on_date(when="after", days=1), scan=False)
    await held.until_waited_for(leads, asyncio.create_task(leads.scan()))
    await relay
    assert await leads.planned() == ["03-10"]


async def test_an_event_that_waits_for_its_turn_is_planned_by_what_was_saved_meanwhile(leads: Leads) -> None:
    """What it was found to concern may be of before the save, whose scan is over."""
    await leads.save(on_date())
    lead = await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    async with leads.database.transaction() as connection:
        await take_turn_with_plans(connection)
        await leads.change(NOON, lead, due="2096-03-20")
        relay = asyncio.create_task(leads.relay())
        await until(partial(someone_waits, leads))
        await leads.save(on_date(when="after", days=1), scan=False)
    await relay
    await leads.scan()
    assert await leads.planned() == ["03-21"]
    await leads.change(NOON, lead, due="2096-03-10")
    async with leads.database.transaction() as connection:
        await take_turn_with_plans(connection)
        relay = asyncio.create_task(leads.relay())
        await until(partial(someone_waits, leads))
        await leads.activate(False)
    await relay
    assert await leads.planned() == []


async def test_a_business_that_is_changed_while_a_page_is_worked_out_is_planned_by_after_it(
    leads: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the trigger was not there yet for whoever changed it."""
    await leads.save(on_date(), active=False)
    await leads.create(NOON, due="2096-03-09")
    await leads.relay()
    await leads.activate()
    held = Held(monkeypatch)
    scan = asyncio.create_task(leads.scan())
    await held.reached.wait()
    await held.until_waited_for(leads, asyncio.create_task(leads.business(timezone="Etc/GMT-1")))
    await scan
    await leads.scan()
    assert await leads.planned() == ["03-08 23:00"]


@pytest.mark.parametrize("run", range(3))
async def test_changes_beside_a_scan_are_not_overwritten_by_what_was_before_them(leads: Leads, run: int) -> None:
    await leads.save(on_date(), active=False)
    await make_many(leads)
    await leads.relay()
    async with leads.database.connection() as connection:
        ids = [row["id"] for row in await connection.fetch("select id from records order by id limit 40")]
    await leads.activate()

    async def change(lead: UUID, day: int) -> None:
        async with leads.database.connection() as connection:
            await change_record(connection, lead, values={"due": f"2097-01-{day:02}"}, now=at("03-01 13:00"))
        await evaluate_events(leads.services)

    async def change_all() -> None:
        for day in range(1, 4):
            await asyncio.gather(*(change(lead, day) for lead in ids))

    async def move_the_clock() -> None:
        for zone in ("Europe/Berlin", "Asia/Tokyo", "UTC"):
            await leads.business(timezone=zone)
            await leads.scan()

    await asyncio.gather(leads.scan(), leads.scan(), change_all(), move_the_clock())
    await leads.relay()
    await leads.scan()
    changed = [row for row in await leads.rows() if row["record_id"] in ids]
    assert [(row["told"]["value"], row["due_at"]) for row in changed] == [("2097-01-03", at("2097-01-03"))] * 40
    assert all(row["due_at"].hour == 0 for row in await leads.rows())


@pytest.mark.parametrize("run", range(3))
async def test_saves_relay_scans_and_sweeps_at_the_same_time_end_with_what_the_last_save_says(leads: Leads, run: int) -> None:
    await leads.save(on_date(), active=False)
    await make_many(leads)
    await leads.relay()
    await leads.activate()
    async with leads.database.connection() as connection:
        ids = [row["id"] for row in await connection.fetch("select id from records order by id limit 20")]

    async def save_often() -> None:
        for days in range(1, 9):
            await leads.save(on_date(when="after", days=days), scan=False)
            await asyncio.sleep(0)

    async def change_often() -> None:
        for n in range(30):
            await leads.change("03-01 13:00", ids[n % len(ids)], due=f"2097-01-{n % 20 + 1:02}")
            await leads.relay()

    async def sweep_often() -> None:
        for _ in range(20):
            await leads.sweep(NOON)

    await asyncio.gather(save_often(), change_often(), leads.scan(), leads.scan(), sweep_often())
    await leads.relay()
    await leads.scan()
    days = [(row["due_at"].date() - at(row["told"]["value"]).date()).days for row in await leads.rows()]
    assert days == [8] * MANY or days == [8] * (MANY + 1)
