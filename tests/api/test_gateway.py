"""What holds for every request: its id and its line in the log, its headers, the limit of its key, and its count."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from activities.settings import Settings
from store.database import Database
from tests.api.asking import LEAD, create_lead, refused, save_lead
from tests.builders import stop
from tests.fixtures.api import gateway
from tests.keys import key_for

NOBODY = {"Authorization": ""}


async def test_each_answer_has_the_id_of_its_request(api: httpx2.AsyncClient) -> None:
    mine = await api.get("/business", headers={"X-Request-Id": "mine/42"})
    assert mine.headers["x-request-id"] == "mine/42"
    for given in ("", "two words", "x" * 129, "\t"):
        made = await api.get("/business", headers={"X-Request-Id": given})
        assert UUID(made.headers["x-request-id"])
    refusals = [await api.get("/nothing"), await api.get("/business", headers=NOBODY), await api.put("/business", content=b"{")]
    assert all(UUID(each.headers["x-request-id"]) for each in refusals)


async def test_the_audit_log_has_the_id_of_the_request(api: httpx2.AsyncClient, database: Database) -> None:
    assert (await api.put("/objects/lead", json=LEAD, headers={"X-Request-Id": "r-1"})).status_code < 300
    async with database.connection() as connection:
        assert await connection.fetchval("select request_id from audit order by id desc limit 1") == "r-1"
    assert "request_id" not in get_contextvars()


async def test_a_request_is_one_line_without_what_it_says(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    with capture_logs() as lines:
        await create_lead(api, name="Secret Ada")
        await api.get("/objects/lead/records", params={"name": "Secret"})
        await api.get("/health/live")
        await api.get("/nothing/Secret")
    told = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"], line["key"]) for line in told[::2]] == [
        ("POST", "/objects/{api_name}/records", 201, "test"),
        ("GET", "(none)", 404, "test"),
    ]
    assert len(told) == 3
    assert all(line["duration_ms"] >= 0 for line in told)
    assert "Secret" not in str(lines)


async def test_every_answer_tells_browsers_what_not_to_do(api: httpx2.AsyncClient) -> None:
    for answered in (await api.get("/business"), await api.get("/nothing"), await api.get("/business", headers=NOBODY)):
        headers = answered.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert not {"server", "access-control-allow-origin"} & set(headers)


HERE = "https://app.example.com"
ASKING = {**NOBODY, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization,idempotency-key"}


@pytest.fixture
async def shared(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with gateway(settings.model_copy(update={"cors_origins": (HERE,)})) as client:
        yield client


async def test_pages_of_the_settings_may_call_and_no_others(shared: httpx2.AsyncClient, api: httpx2.AsyncClient) -> None:
    asked = await shared.options("/business", headers=ASKING | {"Origin": HERE})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, HERE)
    assert "access-control-allow-credentials" not in asked.headers
    answered = await shared.get("/business", headers={"Origin": HERE})
    assert answered.headers["access-control-allow-origin"] == HERE
    assert "X-Request-Id" in answered.headers["access-control-expose-headers"]
    refusal = await shared.get("/business", headers={**NOBODY, "Origin": HERE})
    assert (refusal.status_code, refusal.headers["access-control-allow-origin"]) == (401, HERE)
    for client, origin in ((shared, "https://evil.example.com"), (api, HERE)):
        for answered in (await client.options("/business", headers=ASKING | {"Origin": origin}), await client.get("/business")):
            assert "access-control-allow-origin" not in answered.headers


async def limited_key(database: Database, per_minute: int) -> dict[str, str]:
    headers = await key_for(database, "admin", name="slow")
    async with database.connection() as connection:
        await connection.execute("update api_keys set requests_per_minute = $1 where name = 'slow'", per_minute)
    return headers


async def test_a_key_may_make_as_many_requests_as_stand_on_it(api: httpx2.AsyncClient, database: Database) -> None:
    slow = await limited_key(database, 3)
    answers = [await api.get("/business", headers=slow) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["ratelimit-limit"] for answer in answers} == {"3"}
    refused(answers[-1], 429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["ratelimit-reset"] == answers[-1].headers["retry-after"]
    assert (await api.get("/business")).headers["ratelimit-limit"] == "6000"


async def test_who_comes_without_a_key_is_not_counted(api: httpx2.AsyncClient, database: Database) -> None:
    slow = await limited_key(database, 1)
    assert "ratelimit-limit" not in (await api.get("/health/live", headers=slow)).headers
    assert "ratelimit-limit" not in (await api.post("/webhooks/nobodys/form", headers=NOBODY)).headers
    assert (await api.post("/webhooks/nobodys/form", headers=slow)).status_code == 404
    refused(await api.post("/webhooks/nobodys/form", headers=slow), 429, "too_many_requests")


async def test_a_refusal_for_haste_uses_up_no_idempotency_key(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    slow = await limited_key(database, 1)
    await api.get("/business", headers=slow)
    refused(
        await api.post("/objects/lead/records", json={"name": "A"}, headers=slow | {"Idempotency-Key": "k"}),
        429,
        "too_many_requests",
    )
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from idempotent_requests") == 0


async def metrics(api: httpx2.AsyncClient) -> dict[str, float]:
    answered = await api.get("/metrics")
    assert (answered.status_code, answered.headers["content-type"].split(";")[0]) == (200, "text/plain")
    lines = (line.rsplit(" ", 1) for line in answered.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


async def test_metrics_count_requests_by_route_and_what_waits(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    await create_lead(api)
    document: dict[str, Any] = {"api_name": "subject", "name": "Subject", "active": True, "steps": [stop("end")]}
    await api.put("/automations/subject", json=document)
    assert (await api.post("/automations/subject/executions", json={})).status_code == 202
    await api.get("/nothing")
    found = await metrics(api)
    assert found['everstep_http_requests_total{method="POST",route="/objects/{api_name}/records",status="201"}'] == 1
    assert found['everstep_http_requests_total{method="GET",route="(none)",status="404"}'] == 1
    assert found['everstep_http_request_seconds_count{method="PUT",route="/objects/{api_name}"}'] == 1
    assert found['everstep_executions_open{state="active"}'] == 1
    assert found['everstep_executions_ended{state="failed"}'] == 0
    assert (found["everstep_events_not_evaluated"] >= 1, found["everstep_executions_to_launch"]) == (True, 0)
    assert 0 <= found["everstep_oldest_event_seconds"] < 60


async def test_metrics_are_for_any_key_and_none_without(api: httpx2.AsyncClient, database: Database) -> None:
    refused(await api.get("/metrics", headers=NOBODY), 401, "key_missing")
    assert (await api.get("/metrics", headers=await key_for(database, "records:view"))).status_code == 200


async def test_the_description_can_be_read_without_a_network(api: httpx2.AsyncClient) -> None:
    page = await api.get("/docs", headers=NOBODY)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "<script>" not in page.text
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 4
    for address in named:
        assert "//" not in address
        assert (await api.get(f"/{address}", headers=NOBODY)).status_code == 200
