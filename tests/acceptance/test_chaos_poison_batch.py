"""A poisoned batch as its user runs it, small."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
def test_good_events_are_evaluated_once_while_poisoned_ones_are_set_aside_and_workers_are_killed() -> None:
    """`python -m tests.chaos.poison_batch` is the same with 5,000 events, and others that take too long."""
    ways = ["--ways", "locks", "violated", "deferred", "killed"]
    options = ["--events", "40", "--poisoned", "1", "--kills", "1", *ways]
    command = [sys.executable, "-m", "tests.chaos.poison_batch", *options]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=220)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Nothing lost, nothing doubled" in ended.stdout
