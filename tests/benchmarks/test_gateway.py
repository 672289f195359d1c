"""The benchmark of the gateway runs and says all it should; how fast anything is, is no test's business."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmarks.gateway import benchmark, parsed_options, print_report

SMALL = ["--callers", "1", "4", "--requests", "8", "--rounds", "2", "--executions", "2000", "--page", "12", "--many", "80"]


async def test_starts_pages_and_memory_are_measured_and_compared(tmp_path: Path) -> None:
    found = await benchmark(parsed_options(SMALL), tmp_path)
    assert {callers: len(rounds) for callers, rounds in found.starts.items()} == {1: 2, 4: 2}
    assert {name: len(rounds) for name, rounds in found.pages.items()} == {"all": 2, "automation and state": 2}
    assert len(found.resident_mb) == 5
    assert min(found.resident_mb) > 0
    console = Console(width=120, record=True, file=StringIO())
    print_report(found, console)
    text = console.export_text()
    assert text.count("×") == 8
    assert [row.split()[1] for row in text.splitlines() if row.count("│") == 4] == ["before", "1/4", "2/4", "3/4", "4/4"]
