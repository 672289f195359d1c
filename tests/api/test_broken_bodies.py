"""What arrived whole is taken whole, whether or not its sender waits for the answer; what broke off is taken for nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.api.gateway_process import (
    LAST_CHUNK,
    GatewayProcess,
    chunked_bytes,
    gateway_process,
    request_bytes,
    send_and_hang_up,
)
from tests.builders import stop
from tests.engine import until
from tests.keys import ADMIN_KEY, bearing

TIMES = 40
DOCUMENT = {
    "api_name": "subject",
    "name": "Subject",
    "active": True,
    "triggers": [
        {"id": "called", "type": "webhook", "name": "form", "extract": {"token": "$.token"}},
        {"id": "asked", "type": "webhook", "name": "ask", "method": "GET", "extract": {"token": "$.token"}},
    ],
    "variables": [
        {
            "name": "token",
            "type": "string",
            "sources": [{"webhook": "form", "value": "token"}, {"webhook": "ask", "value": "token"}],
        }
    ],
    "steps": [stop("end")],
}
LAST_STEP = b"  - {id: two, type: stop_execution, action: complete}\n"
YAML = (
    b"""api_name: half
name: Half
active: true
steps:
  - {id: one, type: delay, days: 1}
%s"""
    % LAST_STEP
)
WEBHOOK = "/webhooks/subject/form"
STARTS = "/automations/subject/executions"


@pytest.fixture
async def served(settings: Settings, temporal: TemporalDevServer, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    async with gateway_process(settings, temporal.address, tmp_path) as gateway:
        yield gateway


@pytest.fixture
async def client(served: GatewayProcess) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=served.url, headers=bearing(ADMIN_KEY)) as client:
        assert (await client.put("/automations/subject", json=DOCUMENT)).status_code == 201
        yield client


def body_of(number: int) -> bytes:
    return json.dumps({"token": f"t-{number}"}).encode()


async def values_of(database: Database) -> list[Any]:
    """What the webhooks' executions heard."""
    async with database.connection() as connection:
        rows = await connection.fetch("select trigger -> 'values' ->> 'token' as token from executions")
    return sorted((row["token"] for row in rows), key=str)


async def counted(database: Database) -> tuple[int, int, int]:
    """Executions, deliveries and automations."""
    async with database.connection() as connection:
        row = await connection.fetchrow("""
            select (select count(*) from executions) as executions, (select count(*) from webhook_deliveries) as deliveries,
                   (select count(*) from automations) as automations
        """)
    assert row
    return row["executions"], row["deliveries"], row["automations"]


async def logged(served: GatewayProcess, line: str, times: int) -> None:
    async def found() -> bool:
        return served.process.log.read_text().count(line) >= times

    await until(found, says=f"{times} of {line} in {served.process.log_tail(40)}")


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_a_webhook_whose_caller_hangs_up_at_once_is_taken_with_its_values(
    reset: bool, served: GatewayProcess, client: httpx2.AsyncClient, database: Database
) -> None:
    for number in range(TIMES):
        send_and_hang_up(served.port, request_bytes("POST", WEBHOOK, body_of(number)), reset=reset)

    async def all_there() -> bool:
        return len(await values_of(database)) == TIMES

    await until(all_there, says="each webhook started")
    assert await values_of(database) == sorted(f"t-{number}" for number in range(TIMES))


async def test_a_large_webhook_in_chunks_whose_caller_hangs_up_at_once_is_taken_whole(
    served: GatewayProcess, client: httpx2.AsyncClient, database: Database
) -> None:
    for number in range(TIMES):
        body = json.dumps({"token": f"t-{number}", "more": "x" * 20_000 * (number % 10)}).encode()
        chunks = [body[start : start + 4_000] for start in range(0, len(body), 4_000)]
        send_and_hang_up(served.port, chunked_bytes("POST", WEBHOOK, chunks) + LAST_CHUNK)

    async def all_there() -> bool:
        return len(await values_of(database)) == TIMES

    await until(all_there, says="each webhook started")
    assert await values_of(database) == sorted(f"t-{number}" for number in range(TIMES))


async def test_a_webhook_by_get_whose_caller_hangs_up_at_once_is_taken(
    served: GatewayProcess, client: httpx2.AsyncClient, database: Database
) -> None:
    for number in range(TIMES):
        send_and_hang_up(served.port, request_bytes("GET", f"/webhooks/subject/ask?token=t-{number}", b""))

    async def all_there() -> bool:
        return len(await values_of(database)) == TIMES

    await until(all_there, says="each webhook started")


async def test_a_keyed_start_whose_caller_hangs_up_at_once_is_found_when_it_comes_again(
    served: GatewayProcess, client: httpx2.AsyncClient, database: Database
) -> None:
    async def again(number: int) -> httpx2.Response:
        key = {"Idempotency-Key": f"k-{number}", "Content-Type": "application/json"}
        content = json.dumps({"variables": {"token": f"t-{number}"}}).encode()
        send_and_hang_up(served.port, request_bytes("POST", STARTS, content, **key))

        async def answered() -> httpx2.Response | None:
            answer = await client.post(STARTS, content=content, headers=key)
            return answer if answer.status_code != 409 else None

        return await until(answered)

    answers = [await again(number) for number in range(TIMES)]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == TIMES
    assert (await counted(database))[0] == TIMES


BROKEN = {
    "webhook shorter than announced": request_bytes("POST", WEBHOOK, b'{"token": "half"}'.ljust(900))[:-500],
    "webhook without its body": request_bytes("POST", WEBHOOK, b'{"token": "half"}')[:-17],
    "form cut short": request_bytes("POST", WEBHOOK, b"token=half&more=1", content_type="application/x-www-form-urlencoded")[:-7],
    "chunk broken off": chunked_bytes("POST", WEBHOOK, [b'{"token": "half"}'])[:-9],
    "no last chunk": chunked_bytes("POST", WEBHOOK, [b'{"token": ', b'"half"}']),
    "half of the last chunk": chunked_bytes("POST", WEBHOOK, [b'{"token": "half"}']) + LAST_CHUNK[:-2],
    "half a document": request_bytes("PUT", "/automations/half", YAML, content_type="application/yaml")[: -len(LAST_STEP)],
    "half a document in chunks": chunked_bytes("PUT", "/automations/half", [YAML], content_type="application/yaml"),
    "start without its body": request_bytes("POST", STARTS, b'{"variables": {}}')[:-17],
    "half a file": request_bytes("POST", "/files?name=a", b"x" * 300_000, content_type="text/plain")[:-100_000],
}  # fmt: skip


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_a_body_that_breaks_off_saves_and_starts_nothing(
    reset: bool, served: GatewayProcess, client: httpx2.AsyncClient, database: Database
) -> None:
    for content in BROKEN.values():
        send_and_hang_up(served.port, content, reset=reset)
    await logged(served, "body_broken_off", len(BROKEN))
    assert await counted(database) == (0, 0, 1)
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from files") == 0
        assert await connection.fetchval("select count(*) from idempotent_requests") == 0


async def test_a_body_that_breaks_off_uses_up_no_key(served: GatewayProcess, client: httpx2.AsyncClient) -> None:
    content = b'{"variables": {"token": "a"}}'
    send_and_hang_up(served.port, request_bytes("POST", STARTS, content, **{"Idempotency-Key": "k"})[:-5])
    await logged(served, "body_broken_off", 1)
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await client.post(STARTS, content=content, headers=headers)
    assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (202, None)


async def test_a_slow_sender_is_heard_to_the_end(served: GatewayProcess, client: httpx2.AsyncClient, database: Database) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for part in (request_bytes("POST", WEBHOOK, body_of(1))[:-4], body_of(1)[-4:]):
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.1)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    assert await values_of(database) == ["t-1"]
