"""The quiet window of a webhook: the first call starts an execution, the next ones nothing, and nothing later."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2

from store.database import Database
from store.throttles import fires
from tests.api.asking import create_lead, save_lead

HOOK = {"id": "t", "type": "webhook", "name": "form", "auth": "none"}
MINUTE = timedelta(minutes=1)


async def put(api: httpx2.AsyncClient, trigger: dict[str, Any], **parts: Any) -> UUID:
    body = {"api_name": "quiet", "name": "Quiet", "active": True, "triggers": [trigger], **parts}
    answer = await api.put("/automations/quiet", json=body)
    assert answer.status_code in (200, 201), answer.text
    return UUID(answer.json()["id"])


async def call(api: httpx2.AsyncClient, **body: Any) -> str | None:
    return (await api.post("/webhooks/quiet/form", json=body)).json()["execution_id"]


async def reasons(database: Database) -> list[str | None]:
    async with database.connection() as connection:
        return [row["reason"] for row in await connection.fetch("select reason from evaluations order by id")]


async def test_calls_within_the_window_start_nothing_and_say_why(api: httpx2.AsyncClient, database: Database) -> None:
    await put(api, HOOK, throttle="1h")
    assert await call(api)
    assert [await call(api) for _ in range(3)] == [None] * 3
    assert await reasons(database) == [None, "throttled", "throttled", "throttled"]


async def test_each_record_has_a_window_of_its_own(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    for name in ("ada", "bob"):
        await create_lead(api, name=name, values={"email": f"{name}@example.com"})
    await put(api, {**HOOK, "throttle": "1h", "record": {"email": "$.email"}}, object="lead")
    assert await call(api, email="ada@example.com")
    assert await call(api, email="bob@example.com")
    assert await call(api, email="ada@example.com") is None


async def test_a_call_that_starts_nothing_begins_no_window(api: httpx2.AsyncClient) -> None:
    await put(api, {**HOOK, "throttle": "1h"}, active=False)
    assert await call(api) is None
    await api.post("/automations/quiet/activate")
    assert await call(api)


async def test_a_trigger_may_be_loud_where_the_automation_is_quiet(api: httpx2.AsyncClient) -> None:
    await put(api, {**HOOK, "throttle": "off"}, throttle="1h")
    assert await call(api)
    assert await call(api)


async def test_of_many_calls_at_once_one_starts(api: httpx2.AsyncClient) -> None:
    await put(api, HOOK, throttle="1h")
    started = await asyncio.gather(*(call(api) for _ in range(20)))
    assert sum(execution is not None for execution in started) == 1


async def test_the_window_goes_by_the_time_of_the_event_also_out_of_order(api: httpx2.AsyncClient, database: Database) -> None:
    automation, record = await put(api, HOOK), uuid4()
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    async with database.connection() as connection:
        evaluated = [
            await fires(connection, automation, "t", record, noon + after, MINUTE)
            for after in (MINUTE * 0, MINUTE * 5, MINUTE * 4.5, MINUTE * 2, MINUTE * 5.5, MINUTE * 6)
        ]
    assert evaluated == [True, True, False, True, False, True]
