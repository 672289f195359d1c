"""What is put in as a secret is found nowhere afterwards: not in a table, a file, a log or an answer."""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx2
import pytest

from api.webhooks.signatures import HEADER, signature
from tests.chaos.system import System, system_in
from tests.engine import until
from tests.keys import ENCRYPTION_KEY, bearing

TOKEN = 'sk_live+"Zaphod"/Beeblebrox 42'
LINES = "-----BEGIN Zarniwoop\nVogsphere-----"
HOST = "Magrathea-Tenant"


class Echo:
    """Answers each path `/<status>` with that status, and says in head and body what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return  # a request that could not be written
        length = re.search(r"content-length: (\d+)", head.lower())
        body = (await reader.readexactly(int(length[1]) if length else 0)).decode()
        self.asked.append(head + body)
        said = json.dumps({"error": f"refused: {head}", "body": body, "auth": _authorization(head)})
        status = head.split(" ")[1].strip("/")[:3]
        lines = (
            f"HTTP/1.1 {status} Said",
            f"X-Echo: {_authorization(head)}",
            f"Content-Length: {len(said)}",
            "Connection: close",
        )
        writer.write("\r\n".join((*lines, "", said)).encode("latin-1"))
        await writer.drain()
        writer.close()


def _authorization(head: str) -> str:
    found = re.search(r"(?i)\r\nauthorization: (.*)\r\n", head)
    return found[1] if found else ""


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Echo, int]]:
    there = Echo()
    server = await asyncio.start_server(there.answer, "127.0.0.1", 0)
    yield there, server.sockets[0].getsockname()[1]
    server.close()


def document(port: int) -> dict[str, Any]:
    """Each way to send a secret, each kind of answer; the last two take the retry ladder, in lanes of their own."""
    told = {"id": "v", "name": "told", "type": "string", "sources": [{"static": ""}]}
    hook = {"id": "hook", "type": "webhook", "name": "form", "method": "POST", "auth": "signature"}
    here = f"127.0.0.1:{port}"
    body = {"key": "{{ secrets.token }}", "lines": ["{{ secrets.lines }}"]}
    carry_on: dict[str, Any] = {"type": "http_request", "method": "POST", "on_error": "continue"}
    into = {"into": [{"variable": "told", "value": "$.auth"}]}
    bearer, both = {"headers": {"Authorization": "Bearer {{ secrets.token }}"}}, "{{ secrets.token }}{{ secrets.lines }}"
    steps = [
        {**carry_on, "id": "good", "url": f"http://{here}/200", **bearer, "json": body, **into},
        {**carry_on, "id": "basic", "url": f"http://user:{{{{ secrets.plain }}}}@{here}/200", **into},
        {**carry_on, "id": "wrong", "url": f"http://{here}/422?q={{{{ secrets.token }}}}", "body": both},
        {**carry_on, "id": "head", "url": f"http://{here}/200", "headers": {"X-Key": "{{ secrets.lines }}"}},
        {"id": "both", "type": "branch", "lanes": [
            {"name": "broken", "steps": [{**carry_on, "id": "broken", "url": f"http://{here}/503", "json": body}]},
            {"name": "away", "steps": [{**carry_on, "id": "away", "url": "http://{{ secrets.plain }}.invalid/"}]},
        ]},
    ]  # fmt: skip
    return {"api_name": "subject", "name": "Subject", "active": True, "triggers": [hook], "variables": [told], "steps": steps}


async def put_in(api: httpx2.AsyncClient, port: int) -> dict[str, str]:
    """All that is secret, by what it is."""
    given = {"token": TOKEN, "lines": LINES, "plain": HOST}
    for name, value in given.items():
        (await api.put(f"/secrets/{name}", json={"value": value}, headers={"Idempotency-Key": name})).raise_for_status()
    saved = await api.put("/automations/subject", json=document(port))
    assert (saved.status_code, saved.json()["warnings"]) == (201, []), saved.text
    made = {"name": "reader", "scopes": ["automations:view"]}
    key = (await api.post("/api-keys", json=made, headers={"Idempotency-Key": "key"})).json()["key"]
    address = "/automations/subject/webhooks/form/secrets"
    secret = (await api.post(address, headers={"Idempotency-Key": "secret"})).json()["secret"]
    return {**given, "API key": key, "webhook secret": secret, "encryption key": ENCRYPTION_KEY}


async def started(api: httpx2.AsyncClient, secret: str) -> str:
    """By a signed call."""
    at, body = str(int(time.time())), b'{"hello": 1}'
    signed = {HEADER: f"t={at},v1={signature(secret, at, body)}"}
    answer = await api.post("/webhooks/subject/form", content=body, headers=signed)
    return answer.json()["execution_id"]


async def run_through(api: httpx2.AsyncClient, there: Echo, execution: str) -> None:
    """Two attempts of what is retried, then the end."""

    async def retrying() -> bool:
        found = (await api.get(f"/executions/{execution}")).json()
        return [lane["state"] for lane in found["lanes"]] == ["retrying"] * 2

    await until(retrying, says="both lanes wait for their next attempt")
    first = len(there.asked)
    assert (await api.post(f"/executions/{execution}/retry", json={"step": "broken"})).is_success

    async def tried_again() -> bool:
        return len(there.asked) > first

    await until(tried_again, says="it was tried again")
    await until(retrying, says="both lanes wait again")
    assert (await api.post(f"/executions/{execution}/cancel", json={})).is_success

    async def over() -> bool:
        return (await api.get(f"/executions/{execution}")).json()["state"] == "canceled"

    await until(over)


async def answers(api: httpx2.AsyncClient, known: dict[str, str]) -> AsyncIterator[tuple[str, str]]:
    """Of every GET route whose parameters are known, by its address."""
    for path, methods in (await api.get("/openapi.json")).json()["paths"].items():
        missing = [name for name in re.findall(r"{(\w+)}", path) if name not in known]
        if "get" in methods and not missing and not path.startswith("/webhooks/"):
            address = path.format(**known)
            try:
                answer = await api.get(address, timeout=5)
            except httpx2.TimeoutException:
                continue
            assert answer.status_code < 500, (address, answer.text)
            yield address, str(answer.headers) + answer.text


async def rows(dsn: str) -> AsyncIterator[tuple[str, str]]:
    """Each table as Postgres shows it, bytes in hexadecimal."""
    connection = await asyncpg.connect(dsn)
    try:
        for (table,) in await connection.fetch("select tablename from pg_tables where schemaname = 'public'"):
            found = await connection.fetch(f'select t::text from "{table}" t')
            yield table, "\n".join(row[0] for row in found)
    finally:
        await connection.close()


def spellings(value: str) -> Iterator[bytes]:
    encoded = value.encode()
    yield from {encoded, encoded.hex().encode(), base64.b64encode(encoded).rstrip(b"="), quote(value, safe="").encode()}
    yield from {json.dumps(value)[1:-1].encode(), json.dumps(json.dumps(value))[3:-3].encode()}
    yield base64.b64encode(b"user:" + encoded)[8:-4]


def files(folder: Path) -> list[tuple[str, bytes]]:
    """Also those that Postgres keeps its tables and its log in."""
    return [(str(file), file.read_bytes()) for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink()]


def found_in(place: str, content: bytes, secrets: dict[str, str]) -> list[str]:
    content = content.lower()
    return [f"{name} in {place}" for name, value in secrets.items() if any(each.lower() in content for each in spellings(value))]


async def leaks(system: System, api: httpx2.AsyncClient, folder: Path, execution: str, secrets: dict[str, str]) -> list[str]:
    known = {"api_name": "subject", "execution_id": execution, "name": "form", "trigger_id": "hook"}
    said = [(place, text.encode()) async for place, text in answers(api, known)]
    assert len(said) > 15
    said += [(table, text.encode()) async for table, text in rows(system.postgres.dsn)]
    said += await asyncio.to_thread(files, folder)
    assert any("temporal.sqlite" in place and content for place, content in said)
    assert any("worker" in place and b"step_failed" in content for place, content in said)
    return [leak for place, content in said for leak in found_in(place, content, secrets)]


@pytest.mark.timeout(120)
async def test_no_secret_that_is_put_in_is_found_anywhere_afterwards(tmp_path: Path) -> None:
    async with echo() as (there, port), system_in(tmp_path) as system, client(system) as api:
        await until(lambda: _is_ready(api), seconds=30)
        secrets = await put_in(api, port)
        execution = await started(api, secrets["webhook secret"])
        await run_through(api, there, execution)
        sent = "\n".join(there.asked)
        assert f"Bearer {TOKEN}" in sent
        assert base64.b64encode(f"user:{HOST}".encode()).decode() in sent
        history = (await api.get(f"/executions/{execution}/history")).text
        assert all(f"[secret {name}]" in history for name in ("token", "lines", "plain")), history
        assert await leaks(system, api, tmp_path, execution, secrets) == []


def client(system: System) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=system.api, headers=bearing(system.key), timeout=20)


async def _is_ready(api: httpx2.AsyncClient) -> bool:
    try:
        return (await api.get("/health/ready")).status_code == 200
    except httpx2.HTTPError:
        return False
