"""Measures the gateway: starts by 1 to 100 callers, far pages of a long list, and memory over many requests."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import httpx2
from rich.console import Console
from rich.table import Table

from benchmarks.calling import Gateway, called, gateway
from benchmarks.measuring import percentiles, run_and_report
from benchmarks.options import count
from benchmarks.pages import FILTERS, fill, pages
from benchmarks.running import servers
from deploy.exits import run
from store.database import Database

Percentiles = tuple[float, float]
"""The 50th and the 99th, in seconds."""
Rounds = Sequence[tuple[Percentiles, Percentiles]]
"""Of what is compared with, and of what is measured, in the order of the rounds."""

AUTOMATION = {"api_name": "started", "name": "Started", "active": True, "steps": [{"id": "rest", "type": "delay", "days": 1}]}
_AT_ONCE = 20
_MIX = 20
"""Of so many requests one is a start, three are refused, and the others read."""


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--callers", type=count, nargs="+", default=[1, 20, 100])
    parser.add_argument("--requests", type=count, default=300, help="of a kind and round (default: 300)")
    parser.add_argument("--rounds", type=count, default=5, help="after the warm-up (default: 5)")
    parser.add_argument("--executions", type=count, default=1_000_000, help="in the list (default: 1000000)")
    parser.add_argument("--page", type=count, default=10_000, help="the far one (default: 10000)")
    parser.add_argument("--many", type=count, default=100_000, help="requests for the memory (default: 100000)")
    return parser.parse_args(arguments)


@dataclass(frozen=True)
class Found:
    """Health checks and starts, by callers; the first page and a far one, by list.

    `resident_mb` is the memory before the many requests and after each quarter of them.
    """

    starts: Mapping[int, Rounds]
    pages: Mapping[str, Rounds]
    resident_mb: Sequence[float]


async def benchmark(options: argparse.Namespace, folder: Path) -> Found:
    """No worker runs: what is started waits in its queue."""
    async with servers(folder) as there:
        database = await Database.connect(there.settings.database_url, size=1)
        try:
            await database.migrate()
            async with gateway(there.settings, folder) as subject:
                (await subject.client.put("/automations/started", json=AUTOMATION)).raise_for_status()
                starts = await _starts(subject.client, options)
                resident = await _resident(subject, options.many)
                await fill(database, options.executions)
                return Found(starts, await _pages(subject.client, database, options), resident)
        finally:
            await database.close()


async def _starts(client: httpx2.AsyncClient, options: argparse.Namespace) -> Mapping[int, Rounds]:
    """Health checks and starts take turns."""
    check, start = partial(_is_alive, client), partial(_start, client)
    await called(start, 2 * max(options.callers), max(options.callers))
    found: dict[int, list[tuple[Percentiles, Percentiles]]] = {callers: [] for callers in options.callers}
    for _ in range(options.rounds):
        for callers in options.callers:
            checks = percentiles(await called(check, options.requests, callers))
            found[callers].append((checks, percentiles(await called(start, options.requests, callers))))
    return found


async def _is_alive(client: httpx2.AsyncClient, number: int) -> None:
    (await client.get("/health/live")).raise_for_status()


async def _start(client: httpx2.AsyncClient, number: int) -> None:
    (await client.post("/automations/started/executions", json={})).raise_for_status()


async def _pages(client: httpx2.AsyncClient, database: Database, options: argparse.Namespace) -> Mapping[str, Rounds]:
    asked = {name: await pages(client, database, filter, options.page) for name, filter in FILTERS.items()}
    for each in asked.values():
        await each.turn(10)
    found: dict[str, list[tuple[Percentiles, Percentiles]]] = {name: [] for name in asked}
    for _ in range(options.rounds):
        for name, each in asked.items():
            found[name].append(await each.turn(options.requests))
    return found


async def _resident(subject: Gateway, many: int) -> Sequence[float]:
    execution = (await subject.client.post("/automations/started/executions", json={})).json()["id"]
    mixed = partial(_mixed, subject.client, execution)
    await called(mixed, min(many, 2_000), _AT_ONCE)
    found = [subject.resident_mb]
    for _ in range(4):
        await called(mixed, many // 4, _AT_ONCE)
        found.append(subject.resident_mb)
    return found


async def _mixed(client: httpx2.AsyncClient, execution: str, number: int) -> None:
    place = number % _MIX
    if place == 0:
        await _start(client, number)
    elif place < 4:
        await _be_refused(client, place)
    else:
        paths = ("", "/history", "/variables", "/explain")
        (await client.get(f"/executions/{execution}{paths[place % 4]}")).raise_for_status()


async def _be_refused(client: httpx2.AsyncClient, place: int) -> None:
    if place == 1:
        answered, expected = await client.get(f"/executions/{uuid4()}"), 404
    elif place == 2:
        answered, expected = await client.post("/automations/started/executions", json={"variables": 7}), 422
    else:
        answered, expected = await client.get("/executions", headers={"Authorization": "Bearer esk_nobody"}), 401
    assert answered.status_code == expected, answered.text


def print_report(found: Found, console: Console | None = None) -> None:
    console = console or Console(width=100)
    console.print(_compared("Starts beside health checks", ("callers", "check", "start"), found.starts))
    console.print(_compared("A far page beside the first", ("list", "first", "far"), found.pages))
    table = Table(title="Memory of the gateway, resident")
    for column in ("requests", "MB", "more"):
        table.add_column(column, justify="right")
    table.add_row("before", f"{found.resident_mb[0]:.1f}", "")
    for quarter, (before, after) in enumerate(pairwise(found.resident_mb), 1):
        table.add_row(f"{quarter}/4", f"{after:.1f}", f"{after - before:+.1f}")
    console.print(table)


def _compared(title: str, names: tuple[str, str, str], found: Mapping[Any, Rounds]) -> Table:
    table = Table(title=f"{title}: medians of the rounds in ms, and of each round's ratio")
    subject, one, other = names
    table.add_column(subject)
    for column in (f"{one} p50", f"{one} p99", f"{other} p50", f"{other} p99", "p50 ratio", "p99 ratio"):
        table.add_column(column, justify="right")
    for name, rounds in found.items():
        table.add_row(f"{name:,}" if isinstance(name, int) else name, *_cells(rounds))
    return table


def _cells(rounds: Rounds) -> list[str]:
    times = [f"{1000 * median(each[side][place] for each in rounds):.1f}" for side in (0, 1) for place in (0, 1)]
    ratios = [f"{median(other[place] / one[place] for one, other in rounds):.2f} ×" for place in (0, 1)]
    return times + ratios


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    return await run_and_report(partial(benchmark, options), print_report)


if __name__ == "__main__":
    run(main)
