"""Calls whose answers cannot be kept: each is made as often as its answers ask for, and each execution ends by rule.

HTTP servers, a mail server and a carrier of texts answer with garbage. CHAOS_SEED repeats which.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

from activities.settings import Settings
from automations.fields import ObjectDefinition
from benchmarks.running import servers
from deploy.exits import run
from deploy.progress import elapsed, say
from deploy.text_sink import ACCOUNT_SID, AUTH_TOKEN, NUMBER
from store.database import Database
from store.objects import put_object, read_object
from store.records import create_record
from tests.builders import Json, variable
from tests.chaos.garbage import InTurn, http_answers, mail_answers, text_answers
from tests.chaos.relay import Ledger, print_ledger
from tests.engine import Engine, until
from tests.keys import CONVERTER, ENCRYPTION_KEY
from tests.raw_servers import RawHttp, RawSmtp, listening
from tests.workflows.processes import worker_processes

_PATIENCE_SECONDS = 300
_PERSON: Json = {
    "api_name": "person",
    "name": "Person",
    "contact": True,
    "fields": [{"name": "email", "type": "email"}, {"name": "phone", "type": "phone"}],
}


def parsed_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.unkept_results", description=__doc__)
    parser.add_argument("--executions", type=int, default=150)
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED", Random().randrange(10**6)))
    return parser.parse_args(arguments)


async def answered_with_garbage(options: argparse.Namespace, folder: Path) -> Ledger:
    """Starts services of its own on the loopback, and ends them."""
    random, names = Random(options.seed), [str(number) for number in range(options.executions)]
    called = InTurn({name: http_answers(random) for name in names}, lambda asked: asked.split(" ")[0].strip("/"))
    mailed = InTurn({f"p{name}@example.com": mail_answers(random) for name in names}, _recipient)
    texted = InTurn({_phone(name): text_answers(random) for name in names}, _receiver)
    async with (
        servers(folder) as there,
        listening(RawHttp(called)) as http,
        listening(RawSmtp(lambda line: mailed(line) if line.startswith("RCPT") else b"250 \xe4\0\r\n")) as smtp,
        listening(RawHttp(texted)) as twilio,
    ):
        settings = there.settings.model_copy(update=_reaching(smtp, twilio))
        client = await Client.connect(there.temporal.address, data_converter=CONVERTER)
        async with _engine(settings, client) as engine, worker_processes(settings, there.temporal.address, folder) as start:
            start()
            executions = await _ordered(engine, http.url, names)
            await until(lambda: _over(engine), seconds=_PATIENCE_SECONDS, says="all executions are over")
            return await _ledger(engine, executions, {"HTTP": called, "mail": mailed, "text": texted})


def _recipient(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


def _receiver(asked: str) -> str:
    found = re.search(r"To=%2B(\d+)", asked)
    assert found, asked
    return f"+{found[1]}"


def _phone(name: str) -> str:
    return f"+49151{int(name):08}"


def _reaching(smtp: RawSmtp, twilio: RawHttp) -> dict[str, Any]:
    return {
        "smtp_host": "127.0.0.1", "smtp_port": smtp.port, "http_allow": ("127.0.0.1",), "text_provider": "twilio",
        "twilio_account_sid": ACCOUNT_SID, "twilio_auth_token": SecretStr(AUTH_TOKEN), "twilio_from": NUMBER,
        "twilio_base_url": twilio.url, "encryption_keys": SecretStr(ENCRYPTION_KEY),
    }  # fmt: skip


@asynccontextmanager
async def _engine(settings: Settings, client: Client) -> AsyncIterator[Engine]:
    database = await Database.connect(settings.database_url, size=4)
    await database.migrate()
    yield Engine(database, client, settings)
    await database.close()


async def _ordered(engine: Engine, url: str, names: list[str]) -> list[UUID]:
    call = {"type": "http_request", "method": "POST", "url": f"{url}/{{{{ record.name }}}}", "json": {}}
    into = [{"variable": "name", "value": "$.name"}, {"variable": "type", "header": "content-type"}]
    steps: list[Json] = [
        {"id": "call", **call, "into": into},
        {"id": "mail", "type": "send_email", "subject": "Hello", "body": "Hello"},
        {"id": "text", "type": "send_text", "body": "Hello"},
    ]
    async with engine.database.connection() as connection:
        await put_object(connection, ObjectDefinition.model_validate(_PERSON))
    variables = [variable(name, {"static": ""}, type="string") for name in ("name", "type")]
    await engine.save(object="person", variables=variables, steps=[{**step, "on_error": "continue"} for step in steps])
    return [await engine.start(record=await _person(engine, name)) for name in names]


async def _person(engine: Engine, name: str) -> UUID:
    async with engine.database.connection() as connection:
        person = await read_object(connection, "person")
        assert person is not None
        values = {"email": f"p{name}@example.com", "phone": _phone(name)}
        return (await create_record(connection, person, name=name, values=values, now=datetime.now(UTC)))["id"]


async def _over(engine: Engine) -> bool:
    """Shortens the waits of the ladder meanwhile."""
    async with engine.database.connection() as connection:
        rows = await connection.fetch("select id, state from executions where finished_at is null and state <> 'paused'")
    for row in rows:
        if row["state"] == "retrying":
            with suppress(RPCError):  # it is over by now
                await engine.ask(row["id"], "retry")
    await asyncio.sleep(0.1)
    return not rows


async def _ledger(engine: Engine, executions: list[UUID], answers: Mapping[str, InTurn]) -> Ledger:
    rows = [await engine.execution(execution) for execution in executions]
    steps = [step for execution in executions for step in await engine.steps(execution) if step["step_type"] in _CALLS]
    wanted = {"executions completed": (len(executions), sum(row["state"] == "completed" for row in rows))}
    for kind, each in answers.items():
        right = sum(each.calls[key] == times for key, times in each.wanted.items())
        wanted[f"{kind} calls"] = (sum(each.wanted.values()), each.calls.total())
        wanted[f"called as often as asked for by {kind}"] = (len(each.wanted), right)
    attempts = sum(each.wanted[key] for each in answers.values() for key in each.wanted)
    wanted["attempts in the history"] = (attempts, sum(step["attempt"] for step in steps))
    wanted["steps with a result"] = (3 * len(executions), sum(step["status"] in ("completed", "failed") for step in steps))
    return Ledger(wanted)


_CALLS = ("http_request", "send_email", "send_text")


async def main() -> int:
    options = parsed_options(sys.argv[1:])
    say(f"{options.executions:,} executions, three calls each. CHAOS_SEED={options.seed}")
    with tempfile.TemporaryDirectory(prefix="everstep-chaos-") as folder:
        async with elapsed("Answering with garbage", say), asyncio.timeout(_PATIENCE_SECONDS):
            ledger = await answered_with_garbage(options, Path(folder))
    print_ledger(ledger)
    return 0 if ledger.is_right else 1


if __name__ == "__main__":
    run(main)
