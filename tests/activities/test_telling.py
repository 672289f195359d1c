"""What steps ask of executions: written with the step, told after it, in order; and nobody waits for ever for anybody."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from automations.executions import Request
from store.requests import ask_executions, delete_told, take_to_tell
from tests.builders import delay, modify
from tests.engine import Engine, until


async def paused(engine: Engine) -> tuple[UUID, UUID]:
    """A record, and an execution on it that waits."""
    lead = await engine.lead()
    await engine.save(object="lead", steps=[delay("wait", days=1)])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    return lead, execution


async def test_of_each_execution_the_oldest_request_is_told_first(engine: Engine) -> None:
    _, execution = await paused(engine)
    now, lease = datetime.now(UTC), timedelta(seconds=30)
    async with engine.database.connection() as connection:
        for id, kind in (("one", "pause"), ("two", "resume")):
            await ask_executions(connection, [(execution, Request.model_validate({"id": id, "kind": kind}))], now)
        assert [row["request_id"] for row in await take_to_tell(connection, lease, 10)] == ["one"]
        assert await take_to_tell(connection, lease, 10) == []
        await delete_told(connection, ["one"])
        assert [row["request_id"] for row in await take_to_tell(connection, lease, 10)] == ["two"]


async def test_a_step_that_waits_for_another_execution_lets_go_of_its_own_meanwhile(engine: Engine) -> None:
    """Whoever holds the other one may be waiting for this one: they would wait for each other."""
    lead, execution = await paused(engine)
    await engine.save(api_name="halter", object="lead", steps=[modify("halt", "pause", "subject")])
    async with engine.database.transaction() as connection:
        await connection.execute("select from executions where id = $1 for update", execution)
        halter = await engine.start("halter", record=lead)
        await until(lambda: _someone_waits(engine))
        await connection.execute("set local lock_timeout = '2s'")
        await connection.execute("select from executions where id = $1 for update", halter)
    await engine.ended(halter)
    await engine.in_state(execution, "paused", reason="automation")


async def _someone_waits(engine: Engine) -> bool:
    async with engine.database.connection() as connection:
        return await connection.fetchval(
            "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
        )
