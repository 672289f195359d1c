"""Chaos as its user runs it, small: `make chaos` is the same with 200 executions and 30 kills."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
_LINES = (
    "orders that became an execution", "executions at their end", "workflows, one each", "workflows still open", "step runs",
    "hits on records", "changes of records", "events of changes", "HTTP calls by their key", "mails by their Message-ID",
)  # fmt: skip


@pytest.mark.timeout(300)
def test_executions_survive_random_kills_and_the_ledger_shows_it() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--executions", "15", "--kills", "4"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "CHAOS_SEED=" in ended.stdout
    for line in _LINES:
        assert f"│ {line}" in ended.stdout
    assert "✗" not in ended.stdout
    assert ended.stdout.endswith("Nothing lost, nothing doubled.\n")


@pytest.mark.timeout(300)
def test_events_are_evaluated_once_while_workers_are_killed() -> None:
    """`make chaos-relay` is the same with 100,000 events and 1,000 automations."""
    command = [sys.executable, "-m", "tests.chaos.relay", "--events", "3000", "--automations", "20", "--kills", "2"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("A worker is killed") == 2
    assert "Nothing lost, nothing doubled" in ended.stdout
