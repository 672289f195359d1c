"""`python -m tests.chaos.bulk_cancels`: hundreds of sleeping executions are canceled in bulk while a schedule fires.

Beside it single executions are canceled. The ledger counts firings, ends and signals, and says how late the others were.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from deploy.exits import run
from deploy.progress import elapsed, say
from store.database import Database
from tests.builders import Json
from tests.chaos.driver import Gateway
from tests.chaos.system import System, system_in
from tests.engine import until
from tests.keys import bearing

_PATIENCE_SECONDS = 300
_START_AT_ONCE = 8
_SINGLE_EVERY_SECONDS = 2
_BEFORE = 2
"""Single cancels on an idle system, for comparison."""


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.bulk_cancels", description=__doc__)
    parser.add_argument("--executions", type=int, default=600)
    parser.add_argument("--singles", type=int, default=10, help="executions that are canceled one by one beside it")
    parser.add_argument("--rest", type=int, default=15, help="seconds of firings that are looked at before it")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or Random().randrange(10**6)))
    return parser.parse_args(arguments)


@dataclass
class Found:
    """`lines` are what was wanted and what is there, by what is counted; times are told, and judged by who reads them."""

    lines: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    answered_in: float = 0
    bulk_took: float = 0
    singles_before: list[float] = field(default_factory=list[float])
    singles: list[float] = field(default_factory=list[float])
    firings_before: int = 0
    late_before: float = 0
    firings: int = 0
    late: float = 0

    @property
    def is_right(self) -> bool:
        return all(wanted == found for wanted, found in self.lines.values())


def _document(name: str, **parts: Any) -> Json:
    return {"api_name": name, "name": name, "active": True, "steps": [{"id": "sleep", "type": "delay", "days": 9}], **parts}


def _ticking(second: int) -> Json:
    """Once a minute, at that second: all of them together fire every few seconds."""
    rule = f"FREQ=MINUTELY;BYSECOND={second}"
    triggers = [{"id": "tick", "type": "schedule", "rrule": rule}]
    stop = {"id": "stop", "type": "stop_execution"}
    return _document(f"ticking-{second}", triggers=triggers, steps=[stop])


_SECONDS = range(0, 60, 4)
_LATE = """
select max(extract(epoch from s.finished_at - (e.trigger ->> 'event_at')::timestamptz))::float8 as late, count(*) as firings
from executions e join step_runs s on s.execution_id = e.id join automations a on a.id = e.automation_id
where a.api_name like 'ticking-%' and s.finished_at > $1 and s.finished_at <= $2
"""


async def bulk_cancels(options: argparse.Namespace, folder: Path) -> Found:
    async with (
        system_in(folder) as system,
        httpx2.AsyncClient(base_url=system.api, headers=bearing(system.key), timeout=60) as client,
    ):
        gateway, random = Gateway(client), Random(options.seed)
        for second in _SECONDS:
            await gateway.call("PUT", f"/automations/ticking-{second}", _ticking(second))
        ids = await _sleeping(gateway, "sleeping", options.executions)
        singles = await _sleeping(gateway, "single", options.singles)
        return await _canceled(system, gateway, random, ids, singles, options.rest)


async def _sleeping(gateway: Gateway, name: str, count: int) -> list[str]:
    await gateway.call("PUT", f"/automations/{name}", _document(name))
    places = asyncio.Semaphore(_START_AT_ONCE)

    async def one() -> str:
        async with places:
            return (await gateway.call("POST", f"/automations/{name}/executions", {}))["id"]

    ids = await asyncio.gather(*(one() for _ in range(count)))

    async def sleep() -> bool:
        asked = f"/executions/count?automation={name}&state=paused"
        return (await gateway.call("GET", asked))["count"] == count

    await until(sleep, seconds=_PATIENCE_SECONDS, says="all sleep")
    return list(ids)


async def _canceled(system: System, gateway: Gateway, random: Random, ids: list[str], singles: list[str], rest: int) -> Found:
    found = Found()
    for execution in singles[:_BEFORE]:
        found.singles_before.append(await _cancel(gateway, execution))
    await asyncio.sleep(rest)
    since = datetime.now(UTC)
    began = time.monotonic()
    bulk = await gateway.call("POST", "/executions/bulk/cancel", {"filter": {"automation": "sleeping"}, "why": "chaos"})
    found.answered_in = time.monotonic() - began
    for execution in singles[_BEFORE:]:
        await asyncio.sleep(random.uniform(0.5, 1.5) * _SINGLE_EVERY_SECONDS)
        found.singles.append(await _cancel(gateway, execution))

    async def over() -> bool:
        open_ones = await gateway.call("GET", "/executions/count?automation=sleeping&open=true")
        return open_ones["count"] == 0

    await until(over, seconds=_PATIENCE_SECONDS, says="all are canceled")
    found.bulk_took = time.monotonic() - began
    progress = await gateway.call("GET", f"/bulk-requests/{bulk['id']}")
    found.lines = {
        "asked in bulk": (len(ids), progress["asked"]),
        "problems": (0, len(gateway.problems)),
        **await _counted(system, found, since, timedelta(seconds=rest), len(ids), len(singles)),
    }
    return found


async def _cancel(gateway: Gateway, execution: str) -> float:
    """Seconds until it was over."""
    began = time.monotonic()
    await gateway.call("POST", f"/executions/{execution}/cancel?wait=60", {"why": "chaos"})
    return time.monotonic() - began


async def _counted(
    system: System, found: Found, since: datetime, rest: timedelta, bulk: int, singles: int
) -> dict[str, tuple[int, int]]:
    database = await Database.connect(system.postgres.dsn, size=2)
    async with database.connection() as connection:
        rows = await connection.fetch("select workflow_id, state from executions where state = 'canceled'")
        said = await connection.fetchval("select count(*) from execution_requests where kind = 'cancel'")
        now = datetime.now(UTC)
        late = await connection.fetchrow(_LATE, since, now)
        before = await connection.fetchrow(_LATE, since - rest, since)
        left = await connection.fetchval("select count(*) from requests_to_tell")
    await database.close()
    assert late is not None
    assert before is not None
    found.late_before, found.firings_before = before["late"] or 0, before["firings"]
    found.late, found.firings = late["late"] or 0, late["firings"]
    client = await Client.connect(system.temporal.address)
    signals = [await _signals(client, row["workflow_id"]) for row in rows]
    return {
        "executions canceled": (bulk + singles, len(rows)),
        "cancels in their histories": (bulk + singles, said),
        "signals to their workflows": (bulk + singles, sum(signals)),
        "workflows with more than one": (0, sum(each > 1 for each in signals)),
        "requests left to tell": (0, left),
    }


async def _signals(client: Client, workflow_id: str) -> int:
    kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    history = client.get_workflow_handle(workflow_id).fetch_history_events()
    return len([event async for event in history if event.event_type == kind])


def print_ledger(found: Found) -> None:
    table = Table(title="Nothing lost, nothing doubled" if found.is_right else "WRONG")
    for column in ("", "wanted", "found"):
        table.add_column(column, justify="right" if column else "left")
    for name, (wanted, there) in found.lines.items():
        table.add_row(name, str(wanted), str(there), style="" if wanted == there else "bold red")
    table.add_row("answered in", "", f"{found.answered_in:.2f} s")
    table.add_row("the bulk took", "", f"{found.bulk_took:.1f} s")
    table.add_row("a single cancel before it", "", f"{max(found.singles_before, default=0):.2f} s")
    table.add_row(f"{found.firings_before} firings before it", "", f"{found.late_before:.2f} s")
    table.add_row("a single cancel took at most", "1 s", f"{max(found.singles, default=0):.2f} s")
    table.add_row(f"{found.firings} firings were late at most", "2 s", f"{found.late:.2f} s")
    Console(width=100).print(table)


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"CHAOS_SEED={options.seed}: {options.executions} executions, {options.singles} single cancels.")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with elapsed("Canceling", say):
            found = await bulk_cancels(options, Path(folder))
    print_ledger(found)
    return 0 if found.is_right else 1


if __name__ == "__main__":
    run(main)
