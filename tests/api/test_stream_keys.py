"""A stream lasts no longer than the key that it was asked for with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from store.database import Database
from tests.api.test_bulk_starts import bulk_start, leads, served
from tests.api.test_executions import waiting
from tests.engine import Engine
from tests.keys import key_for

ENDS = {
    "revoked": "update api_keys set revoked_at = now() where name = 'limited'",
    "expired": "update api_keys set expires_at = now() where name = 'limited'",
    "narrowed": "update api_keys set scopes = array['events:write'] where name = 'limited'",
}


@asynccontextmanager
async def listening(engine: Engine, path: str) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a stream that has begun, on a gateway with a port of its own."""
    headers = await key_for(engine.database, "automations:view")
    async with (
        served(engine.settings) as url,
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=20) as client,
        client.stream("GET", path) as stream,
    ):
        assert stream.status_code == 200
        lines = stream.aiter_lines()
        await anext(lines)
        yield lines


async def path_of(api: httpx2.AsyncClient, engine: Engine, kind: str) -> str:
    if kind == "executions":
        return f"/executions/{(await waiting(api, engine))['id']}/stream"
    asked = await bulk_start(api, record_ids=await leads(api, 1))
    return f"/bulk-starts/{asked['id']}/stream"


async def execute(database: Database, sql: str) -> Any:
    async with database.connection() as connection:
        await connection.execute(sql)


@pytest.mark.parametrize("kind", ["executions", "bulk-starts"])
@pytest.mark.parametrize("end", ENDS)
async def test_a_stream_ends_with_its_key(api: httpx2.AsyncClient, engine: Engine, kind: str, end: str) -> None:
    async with listening(engine, await path_of(api, engine, kind)) as lines:
        await execute(engine.database, ENDS[end])
        async with asyncio.timeout(20):
            async for _ in lines:
                pass


async def test_a_stream_whose_key_is_good_goes_on(
    api: httpx2.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.key_watch.EVERY_SECONDS", 0)
    execution = await waiting(api, engine)
    async with listening(engine, f"/executions/{execution['id']}/stream") as lines:
        await api.post(f"/executions/{execution['id']}/skip", json={})
        told = [line async for line in lines]
    assert "event: end" in told
