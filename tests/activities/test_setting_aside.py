"""Events that cannot be evaluated are set aside, stand in the way of no other, and are taken up once the cause is gone."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities import relaying
from activities.plain_words import BROKEN
from activities.planning import scan_once
from activities.relaying import evaluate_events, retry_events
from activities.services import Services
from activities.settings import Settings
from store.database import Database
from tests.builders import delay
from tests.engine import Engine

CAUSES = {
    "lock table": "raise exception 'out of shared memory' using errcode = '53200'",
    "time-out": "raise exception 'canceled' using errcode = '57014'",
    "deadlock": "raise exception 'deadlock' using errcode = '40P01'",
    "constraint": "raise exception 'violated' using errcode = '23503'",
    "connection": "perform pg_terminate_backend(pg_backend_pid())",
}
"""What Postgres does about one record, as statements of PL/pgSQL."""


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what relays here is the test."""
    return Engine(database, temporal_client, settings)


async def poison(engine: Engine, record: UUID, cause: str, *, deferred: bool = False) -> None:
    """From now on the evaluation of this record's events meets with it, at once or at the commit."""
    timing = "constraint trigger poison after insert" if deferred else "trigger poison before insert"
    when = "deferrable initially deferred" if deferred else ""
    async with engine.database.connection() as connection:
        await connection.execute(f"""
            create function poison() returns trigger language plpgsql as $$
            begin
                if new.record_id = '{record}' then {cause}; end if;
                return new;
            end $$;
            create {timing} on evaluations {when} for each row execute function poison();
        """)


async def mend(engine: Engine) -> None:
    async with engine.database.connection() as connection:
        await connection.execute("drop trigger poison on evaluations; update events set retry_at = now() where retry_at > now()")


async def leads_that_change(engine: Engine, *names: str) -> list[UUID]:
    leads = [await engine.lead(name) for name in names]
    trigger = {"id": "t", "type": "field_updated", "field": "status"}
    await engine.save(object="lead", triggers=[trigger], steps=[delay("rest")])
    async with engine.database.connection() as connection:
        await connection.execute("update events set evaluated_at = now()")
    for lead in leads:
        await engine.edit(lead, status="Open")
    return leads


async def relay(services: Services) -> None:
    """As often as there is something to do, and as a worker does when there is nothing for a moment."""
    for _ in range(5):
        while await evaluate_events(services):
            pass


async def started(engine: Engine) -> list[UUID]:
    async with engine.database.connection() as connection:
        return [row["record_id"] for row in await connection.fetch("select record_id from executions order by id")]


async def set_aside(engine: Engine) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from events where retry_at is not null and evaluated_at is null")


@pytest.mark.parametrize("cause", CAUSES)
async def test_an_event_that_cannot_be_evaluated_is_set_aside_and_all_others_go_on(
    services: Services, engine: Engine, cause: str
) -> None:
    first, bad, last = await leads_that_change(engine, "first", "bad", "last")
    await poison(engine, bad, CAUSES[cause])
    await relay(services)
    assert await started(engine) == [first, last]
    [event] = await set_aside(engine)
    assert event["record_id"] == bad
    assert event["problem"]


async def test_an_event_that_fails_at_the_commit_is_set_aside_as_well(services: Services, engine: Engine) -> None:
    first, bad, last = await leads_that_change(engine, "first", "bad", "last")
    await poison(engine, bad, CAUSES["constraint"], deferred=True)
    await relay(services)
    assert await started(engine) == [first, last]
    assert [event["record_id"] for event in await set_aside(engine)] == [bad]


async def test_an_event_that_raises_something_nobody_thought_of_is_set_aside(
    services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, bad, last = await leads_that_change(engine, "first", "bad", "last")
    await engine.edit(bad, status="broken")

    def mismatch(self: Any, event: Any) -> str | None:
        if event.part("new").get("status") == "broken":
            raise RecursionError("nobody thought of that")
        return None

    monkeypatch.setattr("automations.event_triggers.FieldUpdated.mismatch", mismatch)
    await relay(services)
    assert await started(engine) == [first, bad, last]
    assert [event["problem"] for event in await set_aside(engine)] == [BROKEN]


@pytest.mark.parametrize("cause", ["lock table", "constraint"])
async def test_an_event_that_was_set_aside_is_evaluated_once_its_cause_is_gone(
    services: Services, engine: Engine, cause: str
) -> None:
    first, bad, last = await leads_that_change(engine, "first", "bad", "last")
    await poison(engine, bad, CAUSES[cause])
    await relay(services)
    await mend(engine)
    assert await retry_events(services) == 1
    assert await retry_events(services) == 0
    assert await started(engine) == [first, last, bad]
    assert await set_aside(engine) == []


async def test_an_event_that_fails_again_is_tried_later_and_later(services: Services, engine: Engine) -> None:
    [bad] = await leads_that_change(engine, "bad")
    await poison(engine, bad, CAUSES["constraint"])
    await relay(services)
    waits, tries = [], []
    for _ in range(3):
        async with engine.database.connection() as connection:
            await connection.execute("update events set retry_at = now() where retry_at is not null")
        assert await retry_events(services) == 0
        [event] = await set_aside(engine)
        waits.append(event["retry_at"] - datetime.now(UTC))
        tries.append(event["tries"])
    assert waits == sorted(waits)
    assert tries == [2, 3, 4]


async def test_a_single_event_is_tried_a_few_times_before_it_is_set_aside(services: Services, engine: Engine) -> None:
    """What is transient may be over the next time; nothing of its record goes before it meanwhile."""
    [bad] = await leads_that_change(engine, "bad")
    await poison(engine, bad, CAUSES["deadlock"])
    for _ in range(2):
        assert await evaluate_events(services) == 0
        assert await set_aside(engine) == []
    assert await evaluate_events(services) == 1
    assert len(await set_aside(engine)) == 1


async def test_other_events_of_a_record_go_on_in_their_order(services: Services, engine: Engine) -> None:
    [lead] = await leads_that_change(engine, "lead")
    await engine.edit(lead, status="Booked")
    await engine.edit(lead, status="Won")
    async with engine.database.connection() as connection:
        await connection.execute("""
            create function poison() returns trigger language plpgsql as $$
            begin
                if new.trigger ->> 'new' = 'Open' then raise exception 'no'; end if;
                return new;
            end $$;
            create trigger poison before insert on executions for each row execute function poison();
        """)
    await relay(services)
    async with engine.database.connection() as connection:
        rows = await connection.fetch("select trigger ->> 'new' as new from executions order by id")
    assert [row["new"] for row in rows] == ["Booked", "Won"]


async def test_a_quiet_window_takes_no_lock_for_each_event(
    services: Services, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 events of 17 throttled triggers are more than the lock table of a server holds."""
    lead = await engine.lead()
    await engine.save(
        object="lead", throttle="1s", steps=[delay("rest")],
        triggers=[{"id": f"t{number}", "type": "field_updated", "field": "status"} for number in range(17)],
    )  # fmt: skip
    for status in "abc":
        await engine.edit(lead, status=status)
    locks: list[int] = []
    marked = relaying.mark_evaluated

    async def counting(connection: Any, *more: Any) -> None:
        ours = "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
        locks.append(await connection.fetchval(ours))
        await marked(connection, *more)

    monkeypatch.setattr(relaying, "mark_evaluated", counting)
    await relay(services)
    assert max(locks) <= 2


async def test_a_date_that_was_changed_behind_an_event_that_was_set_aside_stays_as_it_is_now(
    services: Services, engine: Engine
) -> None:
    """The late event plans the record as it is, and not as the event left it."""
    lead = await engine.lead()
    trigger = {"id": "day", "type": "on_or_around_date", "field": "due"}
    await engine.save(object="lead", triggers=[trigger], steps=[delay("rest")])
    while await scan_once(services):
        pass
    await relay(services)
    await engine.edit(lead, due="2090-01-01")
    async with engine.database.connection() as connection:
        await connection.execute("update events set retry_at = now(), tries = 1 where evaluated_at is null")
    await engine.edit(lead, due="2091-01-01")
    await relay(services)
    assert await retry_events(services) == 1
    while await scan_once(services):
        pass
    async with engine.database.connection() as connection:
        years = [row["due_at"].year for row in await connection.fetch("select due_at from due_triggers")]
    assert years == [2091]
