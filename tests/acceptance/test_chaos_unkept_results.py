"""Chaos of answers that cannot be kept, small."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(120)
def test_what_cannot_be_kept_repeats_no_call_and_ends_each_execution_by_rule() -> None:
    command = [sys.executable, "-m", "tests.chaos.unkept_results", "--executions", "12"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=110)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "CHAOS_SEED=" in ended.stdout
    assert "Nothing lost, nothing doubled" in ended.stdout
