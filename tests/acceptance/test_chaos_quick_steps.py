"""Chaos of quick steps, small: `python -m tests.chaos.quick_steps` is the same with 400 executions and 8 kills."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_executions_of_quick_steps_survive_kills_of_the_only_worker() -> None:
    few = ("--executions", "40", "--kills", "1", "--temporal-kills", "1")
    command = [sys.executable, "-m", "tests.chaos.quick_steps", *few]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "CHAOS_SEED=" in ended.stdout
    assert ended.stdout.endswith("Nothing lost, nothing doubled, nothing stuck.\n")
