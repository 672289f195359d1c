"""Workers that Temporal does not hear any more, and that hear the answers to their calls after others have made them again.

What history, variables and position say stays the second's. CHAOS_SEED repeats the answers and their order.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from temporalio.client import Client

from benchmarks.running import servers
from deploy.exits import run
from deploy.processes import ChildProcess
from deploy.progress import elapsed, say
from deploy.text_sink import ACCOUNT_SID, AUTH_TOKEN, NUMBER
from store.database import Database
from store.team import put_employee
from tests.builders import Json, delay, variable
from tests.cables import cable_to
from tests.chaos.relay import Ledger, print_ledger
from tests.engine import Engine, until
from tests.keys import CONVERTER, ENCRYPTION_KEY
from tests.raw_servers import RawHttp, http_answer, listening
from tests.workflows.processes import Start, worker_processes

_PATIENCE_SECONDS = 60
_SECOND = http_answer(200, b'{"name": "second", "sid": "second", "status": "queued"}')
_LATE = {
    http_answer(200, b'{"name": "first", "sid": "first", "status": "sent"}'): ("http", "text"),
    http_answer(404, b"not there"): ("http", "text"),
    http_answer(200, b"\0", b"Content-Encoding: gzip"): ("http", "text"),
    b"nonsense\r\n\r\n": ("http",),
    http_answer(503): (),
}
"""And for whom each is a result; for the others it is a failure that Temporal does not hear of."""


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.cut_off_worker", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="in each of them a worker is cut off")
    parser.add_argument("--executions", type=int, default=12, help="of a round")
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED", Random().randrange(10**6)))
    return parser.parse_args(arguments)


class Deaf(RawHttp):
    """Holds the answer to the first request of each idempotency key; those to the others come at once."""

    def __init__(self, random: Random) -> None:
        super().__init__(lambda _: b"")
        self._random = random
        self._held: list[tuple[str, asyncio.Future[bytes]]] = []

    async def answer(self, number: int) -> bytes:
        key = self.keys[number - 1]
        if self.keys.index(key) < number - 1:
            return _SECOND
        held = asyncio.get_running_loop().create_future()
        self._held.append(("text" if "Messages.json" in self.asked[number - 1] else "http", held))
        return await held

    def let_go(self) -> int:
        """How many results that makes."""
        results = 0
        self._random.shuffle(self._held)
        for kind, held in self._held:
            late = self._random.choice(list(_LATE))
            results += kind in _LATE[late]
            held.set_result(late)
        self._held.clear()
        return results


async def cut_off(options: argparse.Namespace, folder: Path) -> Ledger:
    """Starts services of its own on the loopback, and ends them."""
    random, right, total = Random(options.seed), 0, options.rounds * options.executions
    async with servers(folder) as there, listening(Deaf(random)) as server, cable_to(there.temporal.address) as cable:
        settings = there.settings.model_copy(update=_reaching(server))
        database = await Database.connect(settings.database_url, size=4)
        await database.migrate()
        engine = Engine(database, await Client.connect(there.temporal.address, data_converter=CONVERTER), settings)
        await _prepare(engine, server.url)
        for number in range(options.rounds):
            async with (
                worker_processes(settings, cable.address, folder / f"cut-{number}") as start_cut_off,
                worker_processes(settings, there.temporal.address, folder / f"other-{number}") as start_other,
            ):
                cable.mend()
                round_ = _Round(engine, server, random, options.executions)
                before = await round_.until_answered_elsewhere(start_cut_off, cable.cut, start_other)
                await round_.until_heard(server.let_go())
                right += sum(found == was for found, was in zip(await round_.seen(), before, strict=True))
            say(f"Worker {number + 1} was cut off, and heard late.")
        calls, keys = len(server.asked), len(set(server.keys))
        await database.close()
    return Ledger(
        {
            "executions as the second attempt left them": (total, right),
            "steps that called": (total, keys),
            "calls: a lost one and its repeat": (2 * total, calls),
        }
    )


def _reaching(server: RawHttp) -> dict[str, Any]:
    return {
        "http_allow": ("127.0.0.1",), "text_provider": "twilio", "twilio_account_sid": ACCOUNT_SID,
        "twilio_auth_token": SecretStr(AUTH_TOKEN), "twilio_from": NUMBER, "twilio_base_url": server.url,
        "encryption_keys": SecretStr(ENCRYPTION_KEY),
    }  # fmt: skip


async def _prepare(engine: Engine, url: str) -> None:
    into = [{"variable": "name", "value": "$.name"}]
    call: Json = {"id": "call", "type": "http_request", "method": "POST", "url": url, "json": {}, "into": into}
    text: Json = {"id": "call", "type": "notify_member_via_text", "to": {"employee": "ada@example.com"}, "body": "Hello"}
    for name, step in (("http", call), ("text", text)):
        variables = [variable("name", {"static": ""}, type="string")]
        await engine.save(api_name=name, name=name, variables=variables, steps=[step, delay("rest", days=1)])
    async with engine.database.connection() as connection:
        await put_employee(connection, "ada@example.com", name="Ada", roles=[], active=True, phone="+4915112345678")


class _Round:
    """Executions whose calls one worker makes; it is cut off, and another one makes them again."""

    def __init__(self, engine: Engine, server: Deaf, random: Random, size: int) -> None:
        self._engine, self._server, self._size, self._random = engine, server, size, random
        self._executions: list[UUID] = []
        self._cut: ChildProcess

    async def until_answered_elsewhere(self, start: Start, cut: Any, start_other: Start) -> list[Any]:
        """What is seen then."""
        asked = len(self._server.asked)
        self._cut = start()
        names = [self._random.choice(["http", "http", "text"]) for _ in range(self._size)]
        self._executions = [await self._engine.start(name) for name in names]
        await self._until(lambda: len(self._server.asked) == asked + self._size, "the calls are made")
        cut()
        start_other()
        await until(self._all_past, seconds=_PATIENCE_SECONDS, says="the calls are made again")
        return await self.seen()

    async def until_heard(self, results: int) -> None:
        """The worker that was cut off has come to the end of its attempts."""
        log = self._cut.log
        await self._until(lambda: log.read_text().count("late_answer_dropped") >= results, "late answers are dropped")

    async def seen(self) -> list[Any]:
        rows = [dict(await self._engine.execution(id)) for id in self._executions]
        steps = [[dict(step) for step in await self._engine.steps(id)] for id in self._executions]
        return list(zip(rows, steps, strict=True))

    async def _all_past(self) -> bool:
        rows = [await self._engine.execution(id) for id in self._executions]
        for row in rows:
            if row["state"] == "retrying":
                await self._engine.ask(row["id"], "retry")
        return all(row["pause_reason"] == "delay" for row in rows)

    async def _until(self, there: Any, says: str) -> None:
        async def is_there() -> bool:
            return there()

        await until(is_there, seconds=_PATIENCE_SECONDS, says=says)


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"{options.rounds} rounds of {options.executions} executions. CHAOS_SEED={options.seed}")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with elapsed("Cutting off", say):
            ledger = await cut_off(options, Path(folder))
    print_ledger(ledger)
    return 0 if ledger.is_right else 1


if __name__ == "__main__":
    run(main)
