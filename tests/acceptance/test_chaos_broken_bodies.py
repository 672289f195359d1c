"""`python -m tests.chaos.broken_bodies`, small: bodies that break off, senders that hang up, gateways that are killed."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(200)
def test_what_came_whole_counts_once_and_what_broke_off_for_nothing() -> None:
    command = [sys.executable, "-m", "tests.chaos.broken_bodies", "--requests", "60", "--kills", "2"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=180)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "60 requests, 2 gateways killed" in ended.stdout
    assert ended.stdout.endswith("Nothing lost, nothing doubled, nothing half.\n")
