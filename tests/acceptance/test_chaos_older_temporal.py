"""A Temporal restored from an older backup, small: `python -m tests.chaos.older_temporal` is the same with more of each shape."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_an_older_temporal_loses_doubles_and_holds_up_nothing_after_one_command() -> None:
    command = [sys.executable, "-m", "tests.chaos.older_temporal", "--each", "2"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Nothing lost, nothing doubled, nothing stuck" in ended.stdout
