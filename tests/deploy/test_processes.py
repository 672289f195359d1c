from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil
import pytest

from deploy.processes import ChildProcess, bound
from tests.deploy.abandoning import all_gone, started_and_abandoned


async def until_logged(process: ChildProcess, text: str) -> None:
    async with asyncio.timeout(5):
        while text not in process.log_tail():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_child_has_a_session_of_its_own_and_ends_when_asked(tmp_path: Path) -> None:
    process = ChildProcess(["sleep", "1000"], log=tmp_path / "log")
    process.start()
    assert process.pid is not None
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    await process.stop()
    assert process.pid is None
    assert process.exit_code == -signal.SIGTERM


async def test_a_child_that_will_not_end_is_killed_with_all_it_started(tmp_path: Path) -> None:
    process = ChildProcess(["sh", "-c", "trap '' TERM; sleep 1000 & echo up; wait; wait"], log=tmp_path / "log")
    process.start()
    await until_logged(process, "up")
    assert process.pid is not None
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
    await process.stop(grace_seconds=0.2)
    assert len(family) == 2
    assert await all_gone(family, seconds=1)
    assert process.exit_code == -signal.SIGKILL


async def test_output_is_appended_over_restarts(tmp_path: Path) -> None:
    process = ChildProcess(["sh", "-c", "echo out; echo err >&2"], log=tmp_path / "sub" / "log")
    for _ in range(2):
        process.start()
        assert await process.wait() == 0
    assert process.log_tail() == "out\nerr\nout\nerr"


async def test_a_program_that_is_not_there_ends_with_an_error_in_its_log(tmp_path: Path) -> None:
    process = ChildProcess([str(tmp_path / "none")], log=tmp_path / "log")
    process.start()
    assert await process.wait() == 1
    assert "FileNotFoundError" in process.log_tail()


async def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    assert await all_gone(await started_and_abandoned("sleep", tmp_path), seconds=2)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the test above is about the watcher")
async def test_a_watched_program_ends_when_its_parent_is_killed() -> None:
    command = bound(["sh", "-c", "echo $$; exec sleep 1000"], parent=0)
    script = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, *command, stdout=PIPE)
    assert parent.stdout is not None
    program = psutil.Process(int(await parent.stdout.readline()))
    family = [program, *program.children()]
    parent.kill()
    await parent.wait()
    assert len(family) == 2
    assert await all_gone(family, seconds=3)


async def test_a_watcher_ends_with_its_program() -> None:
    command = bound(["sleep", "1000"], parent=0)
    program = await asyncio.create_subprocess_exec(*command)
    family = psutil.Process(program.pid)
    async with asyncio.timeout(5):
        while not family.children():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    watcher = family.children()
    program.kill()
    await program.wait()
    assert await all_gone(watcher, seconds=3)
