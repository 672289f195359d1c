"""Bulk starts: each record has one turn, at the pace that is set, whoever dies and whatever breaks."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client

from activities.bulk_starting import bulk_start_once
from activities.failures import UnreadableDocumentError
from activities.launching import launch_once
from activities.plain_words import BROKEN
from activities.services import Services
from activities.settings import Settings
from activities.starting import task_queue
from store import bulk_starts as stored
from store.database import Database
from store.kill_switches import set_kill_switch
from store.records import archive_record
from tests.activities.bulk import Bulk
from tests.builders import variable
from tests.engine import Engine

SEATS = variable("seats", {"static": 1})


@pytest.fixture
def engine(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    """Without a worker: what works here is the test."""
    return Engine(database, temporal_client, settings)


@pytest.fixture
async def bulk(engine: Engine, services: Services) -> Bulk:
    await engine.lead("the object's first")
    await engine.save(object="lead", variables=[SEATS], steps=[])
    return Bulk(engine, services)


async def test_each_named_record_is_started_once_and_the_trigger_says_by_what(bulk: Bulk) -> None:
    records = await bulk.records(3)
    bulk_start = await bulk.ask([*records, *records], variables={"seats": "7"})
    row = await bulk.finish(bulk_start)
    assert (row["state"], row["total"], row["started"]) == ("completed", 3, 3)
    executions = await bulk.executions()
    assert [execution["record_id"] for execution in executions] == sorted(records)
    for execution in executions:
        trigger = execution["trigger"]
        assert (trigger["type"], trigger["bulk_start"], trigger["by"]) == ("manual", str(bulk_start), "ada@example.com")
        assert datetime.fromisoformat(trigger["event_at"]) <= datetime.fromisoformat(trigger["evaluated_at"])
        assert (execution["overrides"], execution["workflow_started"]) == ({"seats": "7"}, False)
    assert await bulk.outcomes(bulk_start) == dict.fromkeys(records, ("started", None))


async def test_workers_launch_what_was_started_a_low_one_into_the_low_queue(bulk: Bulk) -> None:
    [record] = await bulk.records(1)
    for priority in ("low", "regular", None):
        await bulk.finish(await bulk.ask([record], priority=priority))
    assert await launch_once(bulk.services) == 3
    executions = await bulk.executions()
    assert [execution["priority"] for execution in executions] == ["low", "regular", "regular"]
    low = await (await bulk.engine.handle(executions[0]["id"])).describe()
    assert low.task_queue == task_queue(bulk.engine.settings, "low")


async def test_a_filter_finds_its_records_page_by_page(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.bulk_starting._COLLECTED", 2)
    await bulk.records(3, seats=5)
    found = await bulk.records(3, seats=50, country="DE")
    archived = (await bulk.records(1, seats=50))[0]
    async with bulk.engine.database.transaction() as connection:
        await archive_record(connection, archived, now=datetime.now(UTC))
    big = {"all": [{"field": "seats", "op": ">=", "value": 50}, {"field": "country", "op": "=", "value": "DE"}]}
    bulk_start = await bulk.ask(filter=big)
    for total in (0, 0, 2):
        await bulk.page()
        row = await bulk.row(bulk_start)
        assert (row["state"], row["total"]) == ("collecting", total)
    await bulk.finish(bulk_start)
    assert await bulk.started_on() == Counter(found)


async def test_all_are_all_that_are_not_archived(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.bulk_starting._COLLECTED", 2)
    records = await bulk.records(5)
    async with bulk.engine.database.transaction() as connection:
        await archive_record(connection, records[2], now=datetime.now(UTC))
    row = await bulk.finish(await bulk.ask(all=True))
    assert (row["state"], row["total"], row["started"]) == ("completed", 5, 5)
    assert (await bulk.started_on())[records[2]] == 0


async def test_a_record_of_which_nobody_can_tell_whether_it_fits_is_said_to_have_failed(bulk: Bulk) -> None:
    broken, whole = await bulk.records(2, seats=50)
    await bulk.tell("""update records set field_values = '{"seats": "many"}' where id = $1""", broken)
    bulk_start = await bulk.ask(filter={"field": "seats", "op": "=", "value": 50})
    row = await bulk.finish(bulk_start)
    assert (row["total"], row["started"], row["failed"]) == (2, 1, 1)
    outcomes = await bulk.outcomes(bulk_start)
    assert outcomes[whole] == ("started", None)
    assert outcomes[broken][0] == "failed"
    assert "seats" in (outcomes[broken][1] or "")


async def test_nothing_that_fits_is_completed_too(bulk: Bulk) -> None:
    row = await bulk.finish(await bulk.ask(filter={"field": "seats", "op": ">", "value": 1}))
    assert (row["state"], row["total"]) == ("completed", 0)


async def test_the_next_page_is_due_when_the_pace_says(bulk: Bulk) -> None:
    slow = bulk.at_pace(1)
    bulk_start = await slow.ask(await slow.records(5))
    before = await slow.row(bulk_start)
    assert [await bulk_start_once(slow.services) for _ in range(2)] == [1, 0]
    after = await slow.row(bulk_start)
    assert after["next_at"] - before["next_at"] >= timedelta(seconds=1)
    assert len(await slow.executions()) == 1


async def test_time_that_was_lost_is_not_made_up_for_in_one_go(bulk: Bulk) -> None:
    slow = bulk.at_pace(1)
    await slow.ask(await slow.records(5))
    await slow.tell("update bulk_starts set next_at = now() - interval '1 hour'")
    assert [await bulk_start_once(slow.services) for _ in range(3)] == [1, 1, 0]


async def test_a_thousand_records_are_written_and_none_is_launched_here(bulk: Bulk) -> None:
    await bulk.tell(
        """
        insert into records (id, object_id, name, field_values, created_at, updated_at)
        select gen_random_uuid(), object_id, 'Lead ' || n, '{"seats": 50}', now(), now()
        from records, generate_series(1, 1000) n
        """
    )
    quick = bulk.at_pace(500)
    row = await quick.finish(await quick.ask(filter={"field": "seats", "op": "=", "value": 50}))
    assert (row["state"], row["total"], row["started"]) == ("completed", 1000, 1000)
    assert max((await quick.started_on()).values()) == 1
    assert len(await quick.executions()) == 1000


async def test_a_cancel_in_the_middle_leaves_the_rest_alone(bulk: Bulk) -> None:
    slow = bulk.at_pace(4)
    bulk_start = await slow.ask(await slow.records(5))
    await slow.page()
    async with slow.engine.database.connection() as connection:
        assert await stored.end_bulk_start(connection, bulk_start, "canceled", reason="enough", now=datetime.now(UTC))
        assert not await stored.end_bulk_start(connection, bulk_start, "completed", now=datetime.now(UTC))
    assert [await slow.page() for _ in range(2)] == [0, 0]
    row = await slow.row(bulk_start)
    assert (row["state"], row["reason"], row["started"]) == ("canceled", "enough", 2)
    assert Counter((await slow.outcomes(bulk_start)).values()) == {("started", None): 2, (None, None): 3}


@pytest.mark.parametrize("where", ["create_execution", "stored.write_turns", "stored.end_bulk_start", "list_records_by_ids"])
async def test_a_worker_that_dies_in_a_page_has_done_none_of_it(bulk: Bulk, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    records = await bulk.records(6)
    bulk_start = await bulk.ask(records)

    async def dies(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(f"activities.bulk_starting.{where}", dies)
        with pytest.raises(asyncio.CancelledError):
            await bulk.page()
    assert await bulk.executions() == []
    await bulk.finish(bulk_start)
    assert await bulk.started_on() == Counter(records)


async def test_killed_at_any_moment_again_and_again_each_record_has_one_turn(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.bulk_starting._COLLECTED", 7)
    records = await bulk.records(40, seats=50)
    some = bulk.at_pace(6)
    bulk_start = await some.ask(filter={"field": "seats", "op": "=", "value": 50})
    for _ in range(40):
        page = asyncio.create_task(some.page())
        await asyncio.wait([page], timeout=random.uniform(0, 0.02))
        page.cancel()
        await asyncio.wait([page])
    row = await some.finish(bulk_start)
    assert (row["total"], row["started"]) == (40, 40)
    assert await some.started_on() == Counter(records)


async def test_several_workers_at_once_give_each_record_one_turn(bulk: Bulk) -> None:
    records = await bulk.records(40)
    some = bulk.at_pace(6)
    first, second = await some.ask(records[:20]), await some.ask(records[20:])
    await asyncio.gather(some.finish(first, workers=3), some.finish(second))
    assert await some.started_on() == Counter(records)


async def test_a_record_that_cannot_be_started_stands_in_no_others_way(bulk: Bulk) -> None:
    one, broken, other = await bulk.records(3)
    await bulk.tell(f"alter table executions add check (record_id <> '{broken}')")
    bulk_start = await bulk.ask([one, broken, other])
    with capture_logs() as logs:
        row = await bulk.finish(bulk_start)
    assert (row["state"], row["started"], row["failed"]) == ("completed", 2, 1)
    outcome, reason = (await bulk.outcomes(bulk_start))[broken]
    assert (outcome, reason) == ("failed", BROKEN)
    assert [log["record_id"] for log in logs if log["event"] == "bulk_start_failed_for_record"] == [str(broken)]
    assert await bulk.started_on() == Counter([one, other])


async def test_records_that_are_archived_or_gone_by_their_turn_are_skipped(bulk: Bulk) -> None:
    whole, archived = await bulk.records(2)
    unknown = uuid4()
    bulk_start = await bulk.ask([whole, archived, unknown])
    async with bulk.engine.database.transaction() as connection:
        await archive_record(connection, archived, now=datetime.now(UTC))
    row = await bulk.finish(bulk_start)
    assert (row["started"], row["skipped"]) == (1, 2)
    assert await bulk.outcomes(bulk_start) == {
        whole: ("started", None), archived: ("skipped", "record_archived"), unknown: ("skipped", "no_record")
    }  # fmt: skip


async def test_what_a_kill_switch_ends_is_not_started(bulk: Bulk) -> None:
    slow = bulk.at_pace(2)
    bulk_start = await slow.ask(await slow.records(2))
    await slow.page()
    async with slow.engine.database.transaction() as connection:
        await set_kill_switch(
            connection, "automation", "subject", mode="cancel", by="ops", why="wrong mails", now=datetime.now(UTC)
        )
    row = await slow.finish(bulk_start)
    assert (row["state"], row["started"], row["skipped"]) == ("completed", 1, 1)
    assert ("skipped", "killed") in (await slow.outcomes(bulk_start)).values()


@pytest.mark.parametrize("parts", [{}, {"all": True}])
async def test_an_automation_that_is_not_active_any_more_ends_it(bulk: Bulk, parts: dict[str, Any]) -> None:
    bulk_start = await bulk.ask([] if parts else await bulk.records(3), **parts)
    await bulk.engine.save(object="lead", active=False, steps=[])
    row = await bulk.finish(bulk_start)
    assert (row["state"], row["reason"]) == ("canceled", "automation subject is not active any more")
    assert await bulk.executions() == []


async def test_the_newest_document_is_started(bulk: Bulk) -> None:
    slow = bulk.at_pace(2)
    bulk_start = await slow.ask(await slow.records(2))
    await slow.page()
    await slow.engine.save(object="lead", steps=[{"id": "later", "type": "delay", "days": 1}])
    await slow.finish(bulk_start)
    assert [execution["step_id"] for execution in await slow.executions()] == ["v-seats", "later"]


async def test_one_that_cannot_go_on_at_all_keeps_no_other_from_its_turn(bulk: Bulk) -> None:
    [record] = await bulk.records(1)
    await bulk.engine.save(api_name="broken", object="lead", steps=[])
    broken = await bulk.ask([record], api_name="broken")
    await bulk.tell("update automation_revisions set document = '{}' where document ->> 'api_name' = 'broken'")
    whole = await bulk.ask([record])
    with pytest.raises(UnreadableDocumentError, match="api_name"):
        await bulk_start_once(bulk.services)
    assert [await bulk_start_once(bulk.services) for _ in range(2)] == [1, 0]
    assert [(await bulk.row(each))["state"] for each in (broken, whole)] == ["running", "completed"]


async def test_starts_in_bulk_do_not_count_for_the_starts_in_a_minute(bulk: Bulk) -> None:
    settings = bulk.services.settings.model_copy(update={"max_starts_per_minute": 1})
    limited = replace(bulk, services=replace(bulk.services, settings=settings))
    row = await limited.finish(await limited.ask(await limited.records(5)))
    assert row["started"] == 5
    async with bulk.engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from kill_switches") == 0
