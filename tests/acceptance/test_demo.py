"""The demo as its user sees it: one command that runs, stays up, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).parents[2]


def demo(folder: Path, *, once: bool) -> subprocess.Popen[str]:
    """Without the settings of the test run: the demo starts services of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EVERSTEP_", "DATABASE_URL"))}
    environment |= {"EVERSTEP_FOLDER": str(folder), "DEMO_ONCE": "1" if once else "0", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.demo"],
        cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, restore_signals=True,
    )  # fmt: skip


@contextmanager
def running_demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Up, with everything shown, until the end of the block."""
    process = demo(folder, once=False)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def shown_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    shown = ""
    for line in process.stdout:
        shown += line
        if words in line:
            return shown
    raise AssertionError(f"ended without saying {words!r}:\n{shown}")


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.timeout(180)
def test_demo_runs_the_examples_stays_up_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    once = demo(folder, once=True)
    shown, _ = once.communicate(timeout=150)
    assert once.returncode == 0, shown
    for said in (
        "webhook demo-form",
        "automation demo-request",
        "by the API",
        "completed",
        "until",
        "API docs",
        "Temporal Web UI",
    ):
        assert said in shown

    with running_demo(folder) as first:
        shown_until(first, "Ctrl-C stops it all")
        second = demo(folder, once=False)
        refused, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "already running" in refused
        children = psutil.Process(first.pid).children(recursive=True)
        assert len(children) >= 4
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=30) == 0
        assert [child for child in children if not is_gone(child)] == []
