from __future__ import annotations

import time
from pathlib import Path

from temporalio.worker import Worker

from deploy.timeskipping import start_time_skipping_environment
from tests.deploy.abandoning import all_gone, started_and_abandoned
from tests.deploy.long_wait import LongWait


async def test_ninety_days_go_by_in_a_moment_with_our_search_attributes() -> None:
    environment = await start_time_skipping_environment()
    try:
        began = time.monotonic()
        async with Worker(environment.client, task_queue="q", workflows=[LongWait]):
            assert await environment.client.execute_workflow(LongWait.run, id="wait", task_queue="q") == 90
        assert time.monotonic() - began < 20
    finally:
        await environment.shutdown()


async def test_the_server_ends_with_a_killed_parent(tmp_path: Path) -> None:
    assert await all_gone(await started_and_abandoned("time-skipping", tmp_path), seconds=4)
