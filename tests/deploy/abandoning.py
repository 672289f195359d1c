"""Runs tests/deploy/abandoned.py and kills it, as a crash would."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import psutil

PROJECT = Path(__file__).parents[2]


async def started_and_abandoned(kind: str, folder: Path) -> list[psutil.Process]:
    """The service's processes, right after the process that started it was killed with SIGKILL."""
    command = [sys.executable, "-m", "tests.deploy.abandoned", kind, str(folder)]
    parent = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, stdout=asyncio.subprocess.PIPE)
    try:
        service = psutil.Process(await _printed_pid(parent))
        family = [service, *service.children(recursive=True)]
        assert all(process.is_running() for process in family)
    finally:
        parent.kill()
        await parent.wait()
    return family


async def all_gone(processes: list[psutil.Process], *, seconds: float = 10) -> bool:
    """Whether they all end within the time. An orphan that nobody reaped has ended too."""
    end = time.monotonic() + seconds
    while any(_runs(process) for process in processes):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _printed_pid(parent: asyncio.subprocess.Process) -> int:
    assert parent.stdout is not None
    async with asyncio.timeout(60):
        while not (line := await parent.stdout.readline()).startswith(b"pid "):
            assert line, "the parent ended before its service was up"
    return int(line.split()[1])
