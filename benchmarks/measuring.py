"""Rounds: the variants take turns, so that what disturbs the machine disturbs all of them."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import TypeVar

from benchmarks.processor import used_ms
from benchmarks.variants import Variant
from deploy.progress import elapsed, say

T = TypeVar("T")

_SETTLING_SECONDS = 0.5
"""After a turn, so that what a server still does for it is counted as its own."""


@dataclass(frozen=True)
class Load:
    executions: int
    rounds: int
    concurrency: int


@dataclass(frozen=True)
class Turn:
    """What one variant did in one round; the processor time is by process, an execution."""

    completed: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: Mapping[str, float]

    @property
    def total_cpu_ms(self) -> float:
        return sum(self.cpu_ms.values())


Rounds = Mapping[str, Sequence[Turn]]
"""By the variant's name, in the order of the rounds."""


async def measure(variants: Sequence[Variant], load: Load, processes: Mapping[str, int]) -> Rounds:
    """Runs a warm-up and then the rounds, each beginning with another variant."""
    for variant in variants:
        await take_turn(variant, min(load.executions, 2 * load.concurrency), load.concurrency, processes)
    rounds: dict[str, list[Turn]] = {variant.name: [] for variant in variants}
    for number in range(load.rounds):
        for variant in (*variants[number % len(variants) :], *variants[: number % len(variants)]):
            turn = await take_turn(variant, load.executions, load.concurrency, processes)
            rounds[variant.name].append(turn)
    return rounds


async def take_turn(variant: Variant, executions: int, concurrency: int, processes: Mapping[str, int]) -> Turn:
    await variant.prepare(executions)
    await asyncio.sleep(_SETTLING_SECONDS)
    before, began = used_ms(processes), perf_counter()
    latencies = await _run(variant, executions, concurrency)
    seconds = perf_counter() - began
    await asyncio.sleep(_SETTLING_SECONDS)
    after = used_ms(processes)
    await variant.check()
    p50, p99 = percentiles(latencies)
    return Turn(
        completed=len(latencies),
        per_second=executions / seconds,
        p50_ms=1000 * p50,
        p99_ms=1000 * p99,
        cpu_ms={name: (after[name] - before[name]) / executions for name in processes},
    )


def percentiles(latencies: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 99th; of two or more."""
    return median(latencies), quantiles(latencies, n=100, method="inclusive")[98]


async def _run(variant: Variant, executions: int, concurrency: int) -> list[float]:
    """The seconds that each execution took, with so many of them in flight at any time."""
    latencies: list[float] = []
    turns = iter(range(executions))
    async with asyncio.TaskGroup() as lanes:
        for _ in range(concurrency):
            lanes.create_task(_execute_in_turn(variant, turns, latencies))
    return latencies


async def _execute_in_turn(variant: Variant, turns: Iterator[int], latencies: list[float]) -> None:
    for _ in turns:
        began = perf_counter()
        await variant.execute()
        latencies.append(perf_counter() - began)


async def run_and_report(benchmark: Callable[[Path], Awaitable[T]], print_report: Callable[[T], None], said: str = "") -> int:
    """Runs a benchmark in a folder of its own and prints what it found, after what is to be `said` of it; an exit code."""
    if said:
        say(said)
    with tempfile.TemporaryDirectory(prefix="everstep-benchmark-") as folder:
        async with elapsed("Measuring", say):
            found = await benchmark(Path(folder))
    print_report(found)
    return 0
