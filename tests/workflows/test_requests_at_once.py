"""Requests that reach a workflow in one and the same workflow task."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.settings import Settings
from automations.executions import RequestKind
from store.database import Database
from tests.builders import delay, update, variable
from tests.engine import Engine, until

NOBODY_LISTENS = {"id": "call", "type": "http_request", "url": "http://127.0.0.1:9/"}


@pytest.fixture
def idle(database: Database, temporal_client: Client, settings: Settings) -> Engine:
    return Engine(database, temporal_client, settings)


@asynccontextmanager
async def asked_at_once(engine: Engine, execution: UUID, *kinds: RequestKind) -> AsyncIterator[None]:
    """No worker is there when they are asked, so the next one hears of all of them together."""
    for kind in kinds:
        await engine.order(execution, kind)
    async with engine.working(relaying=False):
        yield


@pytest.mark.timeout(60)
async def test_a_skip_that_was_accepted_passes_the_wait_although_a_pause_comes_with_it(idle: Engine) -> None:
    await idle.save(steps=[delay("wait"), update("last", "n")], variables=[variable("n")])
    async with idle.working(relaying=False):
        execution = await idle.start()
        await idle.in_state(execution, "paused", reason="delay")
    async with asked_at_once(idle, execution, "skip", "pause"):
        row = await idle.in_state(execution, "paused", reason="manual")
        assert row["step_id"] == "last"
        assert await idle.visits(execution) == [("v-n", "completed"), ("wait", "skipped")]
        await idle.order(execution, "resume")
        await idle.ended(execution)


@pytest.mark.timeout(60)
async def test_a_retry_now_that_was_accepted_is_made_after_the_pause_that_came_with_it(idle: Engine) -> None:
    await idle.save(steps=[NOBODY_LISTENS])
    async with idle.working(relaying=False):
        execution = await idle.start()
        await idle.in_state(execution, "retrying")
    async with asked_at_once(idle, execution, "retry", "pause"):
        await idle.in_state(execution, "paused", reason="manual")
        await idle.order(execution, "resume")
        await until(lambda: _fails(idle, execution, 2))
        await idle.order(execution, "cancel")
        await idle.ended(execution, "canceled")


async def _fails(engine: Engine, execution: UUID, times: int) -> bool:
    [run] = await engine.steps(execution)
    return len(run["failures"]) == times
