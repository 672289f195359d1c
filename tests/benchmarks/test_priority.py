"""The benchmark of priorities runs and says all it should; how fast anything is, is no test's business."""

import asyncio
import sys
from pathlib import Path

from deploy.processes import ChildProcess


async def _reported(folder: Path, *options: str) -> tuple[int, str]:
    """Exit code and what it printed."""
    log = folder / "report.txt"
    benchmark = ChildProcess([sys.executable, "-m", "benchmarks.priority", *options], log=log, cwd=Path.cwd())
    benchmark.start()
    try:
        async with asyncio.timeout(90):
            code = await benchmark.wait()
    finally:
        await benchmark.kill()
    return code, await asyncio.to_thread(log.read_text, encoding="utf-8")


async def test_both_turns_are_reported_and_compared(tmp_path: Path) -> None:
    code, report = await _reported(tmp_path, "--flood", "300", "--executions", "4", "--rounds", "2")
    assert code == 0, report
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in report.splitlines() if line.startswith("│")]
    assert [row[:2] for row in rows] == [["at rest", "8"], ["flooded", "8"]]
    assert rows[0][5] == "0"
    assert 0 < int(rows[1][5]) < 300
    assert "In the flood, all rounds together: p50 " in report
    assert "In the flood, median of each round's ratio: p50 " in report
