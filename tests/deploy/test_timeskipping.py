from __future__ import annotations

import time
from pathlib import Path

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from deploy.class_archive import with_archive
from deploy.timeskipping import find_test_server, start_time_skipping_environment
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


async def test_java_is_started_with_its_classes_kept_and_as_it_is_where_it_can_not_keep_them(tmp_path: Path) -> None:
    command = await find_test_server()
    kept = [option for option in command if option.startswith("-XX:SharedArchiveFile=")]
    assert len(kept) == (1 if Path(command[0]).name == "java" else 0)
    other = tmp_path / "java"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    said = list[str]()

    async def start(_: list[str]) -> WorkflowEnvironment:
        return await start_time_skipping_environment()

    assert await with_archive([str(other), "-cp", "x"], tmp_path / "libraries", start, say=said.append) == [
        str(other),
        "-cp",
        "x",
    ]
    assert said[-1] == f"Classes of the time-skipping server: Java made no archive, see {tmp_path / 'archive-classes.log'}"


async def test_the_server_ends_with_a_killed_parent(tmp_path: Path) -> None:
    assert await all_gone(await started_and_abandoned("time-skipping", tmp_path), seconds=4)
