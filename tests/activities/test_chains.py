"""Automations that start each other: how deep, how often, and not at all where a kill switch ends them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from store.kill_switches import set_kill_switch
from tests.builders import start
from tests.engine import Engine, until


async def children(engine: Engine, parent: UUID) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from executions where parent_id = $1 order by id", parent)


async def _deepest_paused(engine: Engine, root: UUID) -> Any:
    async with engine.database.connection() as connection:
        return await connection.fetchrow("select * from executions where root_id = $1 and state = 'paused'", root)


async def test_a_chain_starts_an_automation_for_one_record_a_few_times_at_most(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[start("go", "subject", on="this_record")])
    first = await engine.start(record=lead)
    row = await until(lambda: _deepest_paused(engine, first))
    assert (row["depth"], row["pause_reason"]) == (4, "error")
    assert row["reason"] == "Automation subject is started for Ada Lovelace 5 times at most within one chain."
    assert (await engine.steps(row["id"]))[-1]["error"]["code"] == "chain_repeats"


async def test_starts_for_other_records_and_other_chains_count_for_themselves(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(api_name="child", object="lead", steps=[])
    await engine.save(object="lead", steps=[start("go", *["child"] * 5, on="this_record")])
    for record in (lead, lead, await engine.lead("Grace Hopper")):
        parent = await engine.start(record=record)
        await engine.ended(parent)
        assert len(await children(engine, parent)) == 5


async def test_a_step_that_starts_an_automation_too_often_starts_nothing(engine: Engine) -> None:
    await engine.save(api_name="child", steps=[])
    await engine.save(steps=[start("go", *["child"] * 6, on="global")])
    parent = await engine.start()
    row = await engine.in_state(parent, "paused", reason="error")
    assert "child is started globally 5 times" in row["reason"]
    assert await children(engine, parent) == []


async def test_an_automation_that_a_kill_switch_cancels_is_not_started(engine: Engine) -> None:
    await engine.save(api_name="child", steps=[])
    await engine.save(steps=[start("go", "child", on="global")])
    async with engine.database.transaction() as connection:
        await set_kill_switch(connection, "automation", "child", mode="cancel", by="ada", why="wild", now=datetime.now(UTC))
    parent = await engine.start()
    row = await engine.in_state(parent, "paused", reason="error")
    assert row["reason"].startswith("Automation child is not started: the kill switch for automation child (set by ada at ")
    assert (await engine.steps(parent))[-1]["error"]["code"] == "killed"
    assert await children(engine, parent) == []


async def test_a_chain_of_automations_ends_at_the_deepest_allowed(engine: Engine) -> None:
    for depth in range(18):
        await engine.save(api_name=f"depth-{depth}", steps=[start("go", f"depth-{depth + 1}", on="global")])
    first = await engine.start("depth-0")
    row = await until(lambda: _deepest_paused(engine, first), seconds=60)
    assert (row["depth"], row["pause_reason"]) == (engine.settings.max_chain_depth, "error")
    assert "16 deep at most" in row["reason"]
