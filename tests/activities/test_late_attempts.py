"""An attempt that was given up for lost, and goes on: what a later attempt has written stays as it is."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.failures import SupersededError
from activities.frame import StepFrame
from activities.sending import Sent, deliver
from activities.services import Services
from automations.failures import ExpectedFailure
from automations.messages import StepFailure, StepRequest
from automations.outcomes import StepAnswer
from store.database import Database
from store.executions import record_failure
from store.messages import NewMessage
from store.step_runs import lock_progress
from tests.builders import Json, delay, variable
from tests.engine import Engine, until
from tests.raw_servers import RawHttp, SlowHttp, http_answer, listening

NAME = {"variable": "name", "value": "$.name"}
FIRST, SECOND = (http_answer(200, b'{"name": "%s"}' % name) for name in (b"first", b"second"))


@pytest.fixture
async def idle(services: Services) -> Engine:
    """Nobody works; a test runs the attempts itself."""
    engine = Engine(services.database, services.temporal, services.settings)
    engine.services = services
    return engine


def attempt(engine: Engine, execution: UUID, number: int, type: str = "http_request") -> Awaitable[StepAnswer]:
    request = StepRequest(execution_id=execution, sequence=1, step="call", attempt=number, now=datetime.now(UTC))
    return ActivityEnvironment().run(StepFrame(type, engine.services).run, request)


async def called(engine: Engine, server: RawHttp, **parts: Any) -> UUID:
    call = {"id": "call", "type": "http_request", "url": server.url, "into": [NAME], **parts}
    await engine.save(steps=[call, delay("rest", days=1)], variables=[variable("name", {"static": ""}, type="string")])
    execution = await engine.start(launched=False)
    async with engine.database.connection() as connection:
        await connection.execute("update executions set step_id = 'call' where id = $1", execution)
    return execution


async def seen(engine: Engine, execution: UUID) -> tuple[Any, Any]:
    return dict(await engine.execution(execution)), [dict(step) for step in await engine.steps(execution)]


LATE: list[bytes] = [FIRST, http_answer(404, b"not there"), http_answer(500), b"garbage\r\n\r\n"]


@pytest.mark.parametrize("late", LATE)
async def test_a_late_answer_changes_neither_history_nor_variables_nor_position(idle: Engine, late: bytes) -> None:
    async with listening(SlowHttp(late, SECOND)) as server:
        execution = await called(idle, server)
        first = asyncio.ensure_future(attempt(idle, execution, 1))
        await until(lambda: asked(server, 1))
        await attempt(idle, execution, 2)
        before = await seen(idle, execution)
        server.let_go.set()
        with pytest.raises(ApplicationError):
            await first
    assert before[0]["variables"] == {"name": "second"}
    assert await seen(idle, execution) == before


async def test_an_answer_that_comes_while_the_next_attempt_is_waited_for_spares_it(idle: Engine) -> None:
    async with listening(SlowHttp(FIRST, SECOND)) as server:
        execution = await called(idle, server)
        first = asyncio.ensure_future(attempt(idle, execution, 1))
        await until(lambda: asked(server, 1))
        await lost(idle.database, execution, 1)
        server.let_go.set()
        answer = await first
        assert await attempt(idle, execution, 2) == answer
    assert (await idle.execution(execution))["variables"] == {"name": "first"}
    assert len(server.asked) == 1


async def test_an_attempt_that_begins_after_the_next_one_calls_nobody(idle: Engine) -> None:
    async with listening(SlowHttp(SECOND)) as server:
        execution = await called(idle, server)
        second = asyncio.ensure_future(attempt(idle, execution, 2))
        await until(lambda: asked(server, 1))
        with pytest.raises(ApplicationError) as refused:
            await attempt(idle, execution, 1)
        server.let_go.set()
        await second
    assert refused.value.type == "superseded"
    assert (await idle.execution(execution))["variables"] == {"name": "second"}
    assert len(server.asked) == 1


async def test_a_late_word_of_a_failure_does_not_take_the_next_attempt_away(idle: Engine) -> None:
    async with listening(SlowHttp(SECOND)) as server:
        execution = await called(idle, server)
        await lost(idle.database, execution, 1)
        second = asyncio.ensure_future(attempt(idle, execution, 2))
        await until(lambda: asked(server, 1))
        await lost(idle.database, execution, 1)
        server.let_go.set()
        await second
    [step] = await idle.steps(execution)
    assert (step["status"], step["attempt"], len(step["failures"])) == ("completed", 2, 1)


async def test_a_step_that_a_save_makes_another_one_while_it_is_retried_begins_anew(idle: Engine) -> None:
    async with listening(RawHttp(lambda _: http_answer(500))) as server:
        execution = await called(idle, server)
        with pytest.raises(ApplicationError):
            await attempt(idle, execution, 1)
        await lost(idle.database, execution, 1)
        await idle.save(steps=[{"id": "call", "type": "modify_related_records", **NOBODY}])
        assert (await attempt(idle, execution, 2)).outcome.kind == "moved"
        await attempt(idle, execution, 1, "modify_related_records")
    [step] = await idle.steps(execution)
    assert (step["status"], step["step_type"], step["attempt"]) == ("failed", "modify_related_records", 1)


NOBODY: Json = {"records": {"variable": "gone"}, "changes": [{"field": "status", "value": "x"}]}


async def test_pages_are_written_by_the_attempt_that_began_last_and_no_longer_than_it_runs(idle: Engine) -> None:
    async with listening(SlowHttp(SECOND)) as server:
        execution = await called(idle, server)
        second = asyncio.ensure_future(attempt(idle, execution, 2))
        await until(lambda: asked(server, 1))
        async with idle.database.connection() as connection:
            assert await lock_progress(connection, execution, 1, 1) is None
            assert await lock_progress(connection, execution, 1, 2) == {}
            server.let_go.set()
            await second
            assert await lock_progress(connection, execution, 1, 2) is None


async def test_a_late_attempt_leaves_the_messages_of_the_newest_one_as_they_are(idle: Engine) -> None:
    await idle.save(steps=[delay("call", days=1)])
    execution = await idle.start(launched=False)
    async with idle.database.connection() as connection:
        await connection.execute(
            "insert into step_runs (execution_id, sequence, step_id, step_type, revision, status, attempt, started_at)"
            " values ($1, 1, 'call', 'notify_member_via_text', 1, 'running', 2, now())",
            execution,
        )
    new = NewMessage(execution, 1, "text", "+1", ["+4915112345678"], body="Hello")

    async def refuse(row: Any) -> Sent:
        raise ExpectedFailure("text_refused", "No.")

    with pytest.raises(ExpectedFailure):
        await deliver(idle.services, new, refuse, attempt=2, now=datetime.now(UTC))
    with pytest.raises(SupersededError):
        await deliver(idle.services, new, refuse, attempt=1, now=datetime.now(UTC))
    async with idle.database.connection() as connection:
        assert await connection.fetchval("select state from messages") == "failed"


async def asked(server: RawHttp, times: int) -> bool:
    return len(server.asked) >= times


async def lost(database: Database, execution: UUID, number: int) -> None:
    """The attempt of that number was given up for lost; another follows."""
    now = datetime.now(UTC)
    failure = StepFailure(
        execution_id=execution, sequence=1, step="call", step_type="http_request", attempt=number, now=now, code="timeout",
        sentence="lost", follows="retry", retry_at=now,
    )  # fmt: skip
    async with database.connection() as connection:
        await record_failure(connection, failure)
