"""Broken bodies: what arrived whole counts once, what broke off counts for nothing, and gateways are killed meanwhile.

Webhooks, keyed starts and saves are sent byte by byte: some break off at a random point, some senders hang up
as soon as they have sent, some wait for their answer and send again until they have one. CHAOS_SEED repeats who
sends what and when; what the machine makes of it differs.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table
from temporalio.client import Client

from deploy.exits import run
from deploy.progress import elapsed, say
from store.database import Database
from tests.api.gateway_process import request_bytes, send_and_hang_up
from tests.builders import stop, update, variable
from tests.chaos.sendings import STEPS, Sent, requests
from tests.chaos.system import System, system_in
from tests.engine import until
from tests.keys import CONVERTER

_SECONDS_BETWEEN_KILLS = 2.0
_AT_ONCE = 8
_TAKEN_WITHIN_SECONDS = 10
_PATIENCE_SECONDS = 60
_RETRY_SECONDS = 0.2


@dataclass
class Ledger:
    """`problems` in sentences; `answers` by what was answered to those who waited."""

    sent: list[Sent]
    counted: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])
    killed: int = 0

    @property
    def is_right(self) -> bool:
        return not self.problems

    def judge(self, found: Counter[str], cut_short: set[str]) -> None:
        """`cut_short`: their sender hung up, and the gateway was killed before anything was seen of them."""
        for each in self.sent:
            times, wanted = found[each.token], _wanted(each, cut_short)
            self.counted[f"{each.kind}: {' → '.join(each.plan)}"] += 1
            if times not in wanted:
                self.problems.append(f"{each.kind} {each.token} ({' → '.join(each.plan)}) counts {times} times")


def _wanted(sent: Sent, cut_short: set[str]) -> set[int]:
    if all(each == "breaks off" for each in sent.plan):
        return {0}
    return {0, 1} if sent.token in cut_short else {1}


class Storm:
    """Sends what there is to send, a few at once, while the gateway is killed again and again."""

    def __init__(self, system: System, database: Database, ledger: Ledger, random: Random) -> None:
        self._system, self._database, self._ledger, self._random = system, database, ledger, random
        self._port = int(system.api.rpartition(":")[2])
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._lives = 0  # an odd number while one is killed
        self.cut_short: set[str] = set()

    async def rage(self, http: httpx2.AsyncClient, kills: int) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill(kills))
            for sent in self._ledger.sent:
                after = self._random.uniform(0, (kills + 1) * _SECONDS_BETWEEN_KILLS)
                group.create_task(self._send(http, sent, after))

    async def _kill(self, kills: int) -> None:
        gateway = self._system.victims["API"]
        for _ in range(kills):
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * _SECONDS_BETWEEN_KILLS)
            self._lives += 1
            await gateway.kill()
            self._lives += 1
            self._ledger.killed += 1
            await gateway.start()

    async def _send(self, http: httpx2.AsyncClient, sent: Sent, after: float) -> None:
        await asyncio.sleep(after)
        async with self._places:
            for how in sent.plan:
                match how:
                    case "breaks off":
                        await self._throw(sent, broken=True)
                    case "hangs up":
                        await self._hang_up(sent)
                    case "is answered":
                        await self._until_answered(http, sent)

    async def _hang_up(self, sent: Sent) -> None:
        """Counts for good if no kill comes in between."""
        while self._lives % 2:  # noqa: ASYNC110
            await asyncio.sleep(_RETRY_SECONDS)
        life = self._lives
        await self._throw(sent, broken=False)
        if sent.plan[-1] != "hangs up":
            return

        async def is_settled() -> bool:
            return self._lives != life or (await found(self._database))[sent.token] > 0

        says = f"{sent.kind} {sent.token}, which came whole, is taken"
        try:
            await until(is_settled, seconds=_TAKEN_WITHIN_SECONDS, says=says)
        except AssertionError as error:
            self._ledger.problems.append(str(error))
        if self._lives != life:
            self.cut_short.add(sent.token)

    async def _throw(self, sent: Sent, *, broken: bool) -> None:
        """Until a gateway is there to take it."""
        whole = request_bytes(sent.method, sent.path, sent.body, key=self._system.key, **sent.headers)
        cut = self._random.randrange(1, len(whole)) if broken else len(whole)
        reset = self._random.random() < 0.5
        while True:
            try:
                await asyncio.to_thread(send_and_hang_up, self._port, whole[:cut], reset=reset)
            except OSError:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _until_answered(self, http: httpx2.AsyncClient, sent: Sent) -> None:
        async def answered() -> httpx2.Response | None:
            try:
                answer = await http.request(sent.method, sent.path, content=sent.body, headers=sent.headers)
            except httpx2.TransportError:
                await asyncio.sleep(_RETRY_SECONDS)
                return None
            return None if _comes_later(answer) else answer

        answer = await until(answered, seconds=_PATIENCE_SECONDS, says=f"{sent.kind} {sent.token} is answered")
        if not answer.is_success:
            self._ledger.problems.append(f"{sent.kind} {sent.token} was answered {answer.status_code}: {answer.text[:300]}")


def _comes_later(answer: httpx2.Response) -> bool:
    return answer.status_code == 503 or (answer.status_code == 409 and answer.json()["code"] == "idempotency_key_in_use")


async def found(database: Database) -> Counter[str]:
    """How often each request counts: its executions with its value, or the automation with all its steps."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            select coalesce(trigger -> 'values' ->> 'token', overrides ->> 'token', 'nothing') as token from executions
            union all
            select case when jsonb_array_length(document -> 'steps') = $1 then api_name else 'half' end
            from automations where api_name like 'sent-%'
            """,
            STEPS,
        )
    return Counter(row["token"] for row in rows)


async def broken_bodies(options: argparse.Namespace, system: System) -> Ledger:
    random = Random(f"{options.seed} sent")
    ledger = Ledger(requests(random, options.requests))
    database = await Database.connect(system.postgres.dsn, size=4)
    client = await Client.connect(system.temporal.address, data_converter=CONVERTER)
    async with httpx2.AsyncClient(base_url=system.api, timeout=10, headers={"Authorization": f"Bearer {system.key}"}) as http:
        await until(lambda: _is_set_up(http), seconds=_PATIENCE_SECONDS, says="the gateway is up")
        storm = Storm(system, database, ledger, random)
        await storm.rage(http, options.kills)
    await until(lambda: _are_over(database), seconds=_PATIENCE_SECONDS, says="all executions are over")
    counts = await found(database)
    ledger.judge(counts, storm.cut_short)
    ledger.problems += [f"{counts[wrong]} times {wrong} was kept" for wrong in ("half", "nothing") if counts[wrong]]
    ledger.problems += [each async for each in _workflows(database, client)]
    await database.close()
    return ledger


async def _is_set_up(http: httpx2.AsyncClient) -> bool:
    document: dict[str, Any] = {
        "api_name": "subject", "name": "Subject", "active": True,
        "triggers": [{"id": "t", "type": "webhook", "name": "form", "extract": {"token": "$.token"}}],
        "variables": [{"name": "token", "type": "string", "sources": [{"webhook": "form", "value": "token"}]},
                      variable("done", {"static": 0})],
        "steps": [update("step", "done", {"static": 1}), stop("end")],
    }  # fmt: skip
    try:
        return (await http.put("/automations/subject", json=document)).is_success
    except httpx2.TransportError:
        return False


async def _are_over(database: Database) -> bool:
    async with database.connection() as connection:
        return not await connection.fetchval("select count(*) from executions where finished_at is null")


async def _workflows(database: Database, client: Client) -> AsyncIterator[str]:
    async with database.connection() as connection:
        executions = await connection.fetchval("select count(*) from executions")

    async def counted() -> bool:
        return (await client.count_workflows("WorkflowType = 'Execution'")).count >= executions

    await until(counted, says="Temporal lists all workflows")
    workflows = (await client.count_workflows("WorkflowType = 'Execution'")).count
    if workflows != executions:
        yield f"{workflows} workflows for {executions} executions"


def print_ledger(ledger: Ledger) -> None:
    table = Table(title=f"{len(ledger.sent)} requests, {ledger.killed} gateways killed", title_justify="left")
    table.add_column("requests")
    table.add_column("sent", justify="right")
    for line, times in sorted(ledger.counted.items()):
        table.add_row(line, str(times))
    console = Console(width=120)
    console.print(table)
    for problem in ledger.problems[:30]:
        console.print(f"[red]✗[/] {problem}", highlight=False, soft_wrap=True)


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.broken_bodies", description=__doc__)
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--kills", type=int, default=8, help="of the gateway, by SIGKILL (default: 8)")
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED", Random().randrange(10**6)))
    return parser.parse_args(arguments)


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"{options.requests} requests, {options.kills} kills. CHAOS_SEED={options.seed}")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with system_in(Path(folder)) as system, elapsed("Running", say):
            ledger = await broken_bodies(options, system)
    print_ledger(ledger)
    say("Nothing lost, nothing doubled, nothing half." if ledger.is_right else "Something is wrong.")
    return 0 if ledger.is_right else 1


if __name__ == "__main__":
    run(main)
