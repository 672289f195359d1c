"""Chaos of workers that are cut off from Temporal alone, small."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(180)
def test_what_a_worker_hears_too_late_changes_nothing() -> None:
    command = [sys.executable, "-m", "tests.chaos.cut_off_worker", "--rounds", "1", "--executions", "6"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=170)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "CHAOS_SEED=" in ended.stdout
    assert "Nothing lost, nothing doubled" in ended.stdout
