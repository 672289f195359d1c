"""Bulk cancels beside other work: `python -m tests.chaos.bulk_cancels` has 600 executions, and tells how late others are."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_each_execution_of_a_bulk_cancel_is_told_once_and_ends() -> None:
    command = [sys.executable, "-m", "tests.chaos.bulk_cancels", "--executions", "40", "--singles", "3", "--rest", "1"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Nothing lost, nothing doubled" in ended.stdout
