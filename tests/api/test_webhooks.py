"""Webhooks: any payload starts."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from tests.api.asking import save_lead
from tests.engine import Engine

GLOBAL = {
    "api_name": "hooked",
    "name": "Hooked",
    "active": True,
    "triggers": [
        {"id": "t", "type": "webhook", "name": "form", "auth": "none", "extract": {"seats": "$.company.seats"}},
        {"id": "g", "type": "webhook", "name": "ping", "method": "GET", "auth": "none", "extract": {"seats": "$.seats"}},
    ],
    "variables": [
        {
            "id": "v",
            "name": "seats",
            "type": "number",
            "sources": [{"webhook": "form", "value": "seats"}, {"webhook": "ping", "value": "seats"}],
        },
        {"id": "b", "name": "body", "sources": [{"webhook": "form", "body": True}]},
    ],
}


async def called(api: httpx2.AsyncClient, engine: Engine, **parts: Any) -> Any:
    """The finished execution's row."""
    await api.put("/automations/hooked", json=GLOBAL)
    answer = await api.post("/webhooks/hooked/form", **parts)
    assert answer.status_code == 200, answer.text
    return await engine.ended(UUID(answer.json()["execution_id"]))


async def test_extracted_values_reach_the_variables(api: httpx2.AsyncClient, engine: Engine) -> None:
    row = await called(api, engine, json={"company": {"seats": 12}})
    assert row["variables"]["seats"] == "12"
    assert row["trigger"]["event_at"] <= row["trigger"]["evaluated_at"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"company": {"seats":',
        b"",
        b"\x00\xff\xfe",
        b"null",
        b'"\\ud800"',
        b"[" * 10_000,
        b'{"company": {"seats": {"a": 1}}}'[:-1],
    ],
    ids=["broken", "nothing", "binary", "null", "half a character", "deep", "cut"],
)
async def test_broken_payload_still_starts_its_execution(api: httpx2.AsyncClient, engine: Engine, body: bytes) -> None:
    row = await called(api, engine, content=body, headers={"content-type": "application/json"})
    assert row["variables"]["seats"] is None


async def test_missing_value_surfaces_at_the_variable_that_needs_it(api: httpx2.AsyncClient, engine: Engine) -> None:
    document = {**GLOBAL, "variables": [{**GLOBAL["variables"][0], "required": True}]}  # type: ignore[index]
    await api.put("/automations/hooked", json=document)
    answer = await api.post("/webhooks/hooked/form", content=b"no json")
    row = await engine.in_state(UUID(answer.json()["execution_id"]), "paused", reason="error")
    assert "seats" in row["reason"]


async def test_query_of_a_get_is_the_payload(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    answer = await api.get("/webhooks/hooked/ping", params={"seats": "7"})
    row = await engine.ended(UUID(answer.json()["execution_id"]))
    assert row["variables"]["seats"] == "7"


async def test_wrong_method_and_unknown_webhook_are_refused(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    assert (await api.get("/webhooks/hooked/form")).status_code == 405
    assert (await api.post("/webhooks/hooked/other")).json()["code"] == "webhook_not_found"
    assert (await api.post("/webhooks/nobody/form")).status_code == 404


async def test_inactive_automation_takes_the_call_and_starts_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    saved = await api.put("/automations/hooked", json={**GLOBAL, "active": False})
    answer = await api.post("/webhooks/hooked/form", json={})
    assert answer.json() == {"execution_id": None, "automation_id": saved.json()["id"]}
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select outcome || ' ' || reason from evaluations") == "not_started inactive"


async def test_activating_again_starts_nothing_for_what_happened_meanwhile(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json={**GLOBAL, "active": False})
    await api.post("/webhooks/hooked/form", json={"company": {"seats": 1}})
    await api.post("/automations/hooked/activate")
    row = (await api.post("/webhooks/hooked/form", json={"company": {"seats": 2}})).json()
    await engine.ended(UUID(row["execution_id"]))
    listed = (await api.get("/executions", params={"automation": "hooked"})).json()["items"]
    assert [execution["id"] for execution in listed] == [row["execution_id"]]


async def test_record_is_found_by_email_or_the_call_starts_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    await save_lead(api)
    lead = (await api.post("/objects/lead/records", json={"name": "Ada", "values": {"email": "ada@example.com"}})).json()
    trigger = {"type": "webhook", "name": "form", "auth": "none", "record": {"email": "$.who"}}
    await api.put("/automations/hooked", json={**GLOBAL, "object": "lead", "triggers": [trigger], "variables": []})
    answer = await api.post("/webhooks/hooked/form", json={"who": "ada@EXAMPLE.com"})
    row = await engine.ended(UUID(answer.json()["execution_id"]))
    assert str(row["record_id"]) == lead["id"]
    assert (await api.post("/webhooks/hooked/form", json={"who": "eve@example.com"})).json()["execution_id"] is None
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from evaluations where reason = 'no_record'") == 1


async def test_oversized_payload_is_refused(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    assert (await api.post("/webhooks/hooked/form", content=b"x" * (1024 * 1024 + 1))).status_code == 413
