"""The benchmark of goals runs and says all it should; how fast anything is, is no test's business."""

import argparse
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmarks.goals import benchmark, print_report


async def test_an_edit_is_measured_with_and_without_executions_that_wait(tmp_path: Path) -> None:
    rounds = await benchmark(argparse.Namespace(waiting=50, edits=5, rounds=2), tmp_path)
    assert {waiting: len(each) for waiting, each in rounds.items()} == {0: 2, 50: 2}
    console = Console(width=100, record=True, file=StringIO())
    print_report(rounds, console)
    rows = [line for line in console.export_text().splitlines() if "×" in line]
    assert [row.split()[1] for row in rows] == ["0", "50"]
    assert "1.00 ×" in rows[0]
