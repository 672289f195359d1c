"""The benchmark runs and says all it should; how fast anything is, is no test's business."""

import asyncio
import sys
from pathlib import Path

import pytest

from benchmarks.bare import BARE
from deploy.processes import ChildProcess

_COLUMNS = ("variant", "completed", "executions/s", "p50 ms", "p99 ms", "CPU ms", "Temporal", "Postgres", "worker", "load")
_RATIOS = ("executions/s", "executions/CPU second")


@pytest.fixture(scope="module")
async def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    options = ["--executions", "5", "--rounds", "1", "--concurrency", "2"]
    log = tmp_path_factory.mktemp("benchmark") / "report.txt"
    benchmark = ChildProcess([sys.executable, "-m", "benchmarks.throughput", *options], log=log, cwd=Path.cwd())
    benchmark.start()
    try:
        async with asyncio.timeout(90):
            assert await benchmark.wait() == 0, benchmark.log_tail(40)
    finally:
        await benchmark.kill()
    return await asyncio.to_thread(log.read_text, encoding="utf-8")


def _cells(report: str, first: str) -> list[list[str]]:
    """The rows of both tables that begin so."""
    lines = [[cell.strip() for cell in line.strip("│┃\n ").replace("┃", "│").split("│")] for line in report.splitlines()]
    return [line for line in lines if line[0] == first]


@pytest.mark.parametrize("variant", ["everstep", *(bare.name for bare in BARE)])
def test_every_variant_completes_its_executions(report: str, variant: str) -> None:
    row, *_ = _cells(report, variant)
    assert row[1] == "5"
    assert all(float(cell) >= 0 for cell in row[2:])


def test_the_table_has_all_columns(report: str) -> None:
    assert _cells(report, "variant") == [list(_COLUMNS)]


@pytest.mark.parametrize("variant", [bare.name for bare in BARE])
def test_everstep_is_compared_with_each_bare_variant(report: str, variant: str) -> None:
    _, ratios = _cells(report, variant)
    assert len(ratios) == 1 + len(_RATIOS)
    assert all(cell.endswith("×") for cell in ratios[1:])


def test_the_ratios_name_what_they_compare(report: str) -> None:
    assert _cells(report, "everstep / …") == [["everstep / …", *_RATIOS]]
