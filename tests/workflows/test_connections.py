"""What steps hold of the pool while they wait for others."""

import asyncio

from structlog.testing import capture_logs
from temporalio.client import Client

from activities.settings import Settings
from store.database import Database
from tests.builders import start, stop
from tests.engine import Engine


async def test_steps_that_start_others_do_with_one_connection_each(
    database_url: str, temporal_client: Client, settings: Settings
) -> None:
    database = await Database.connect(database_url, size=2)
    with capture_logs() as logs:
        async with Engine(database, temporal_client, settings).working(relaying=False) as engine:
            await engine.save(api_name="child", steps=[stop("end")])
            await engine.save(api_name="parent", steps=[start("go", "child")])
            executions = await asyncio.gather(*(engine.start("parent") for _ in range(10)))
            for execution in executions:
                await engine.ended(execution)
                assert [run["attempt"] for run in await engine.steps(execution)] == [1]
    await database.close()
    assert not [each for each in logs if each["log_level"] in ("warning", "error")]
