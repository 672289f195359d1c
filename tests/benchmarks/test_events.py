"""The benchmark of events runs and says all it should; how fast anything is, is no test's business."""

import argparse
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmarks.events import benchmark, print_report


async def test_each_number_of_automations_is_measured_and_compared_with_the_fewest(tmp_path: Path) -> None:
    rounds = await benchmark(argparse.Namespace(automations=[2, 60], events=100, rounds=2), tmp_path)
    assert {automations: len(each) for automations, each in rounds.items()} == {2: 2, 60: 2}
    console = Console(width=100, record=True, file=StringIO())
    print_report(rounds, console)
    rows = [line for line in console.export_text().splitlines() if "×" in line]
    assert [row.split()[1] for row in rows] == ["2", "60"]
    assert "1.00 ×" in rows[0]
