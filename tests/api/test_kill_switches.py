"""Kill switches by the API: set, shown, replaced, lifted; what they do to starts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from structlog.testing import capture_logs

from activities.chores import sweeping
from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from tests.api.asking import refused
from tests.engine import Engine
from tests.fixtures.api import gateway

SUBJECT: dict[str, Any] = {
    "api_name": "subject",
    "name": "Subject",
    "active": True,
    "triggers": [{"type": "webhook", "name": "form", "auth": "none"}],
}


async def put(api: httpx2.AsyncClient, scope: str = "all", key: str = "", **parts: Any) -> httpx2.Response:
    body = {"scope": scope, "key": key, "mode": "hold", "by": "ada@example.com", "why": "it runs wild"}
    return await api.put("/kill-switches", json=body | parts)


async def lift(api: httpx2.AsyncClient, switch: dict[str, Any], **parts: Any) -> httpx2.Response:
    return await api.post(f"/kill-switches/{switch['id']}/lift", json={"by": "bob@example.com", "why": "it is mended"} | parts)


async def listed(api: httpx2.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    return (await api.get("/kill-switches", params=parameters)).json()["items"]


async def test_who_when_and_why_are_kept_of_setting_and_of_lifting(api: httpx2.AsyncClient) -> None:
    answered = await put(api, "host", "API.example.com.")
    assert answered.status_code == 201, answered.text
    switch = answered.json()
    assert (switch["key"], switch["set_by"], switch["why"], switch["tripped_by"]) == (
        "api.example.com",
        "ada@example.com",
        "it runs wild",
        None,
    )
    assert await listed(api, standing=True) == [switch]
    lifted = (await lift(api, switch)).json()
    assert (lifted["lifted_by"], lifted["lifted_why"]) == ("bob@example.com", "it is mended")
    assert lifted["lifted_at"] > lifted["set_at"]
    assert await listed(api, standing=True) == []
    assert await listed(api) == [lifted]


async def test_setting_a_switch_again_replaces_what_it_said_and_keeps_what_it_had_said(api: httpx2.AsyncClient) -> None:
    first = (await put(api)).json()
    assert (await put(api)).json() == first
    answered = await put(api, mode="cancel", why="worse")
    assert answered.status_code == 200
    assert await listed(api, standing=True) == [answered.json()]
    [newer, older] = await listed(api)
    assert (newer["mode"], newer["why"]) == ("cancel", "worse")
    assert (older["id"], older["lifted_by"], older["lifted_why"]) == (first["id"], "ada@example.com", "set anew")


async def test_a_switch_is_lifted_once(api: httpx2.AsyncClient) -> None:
    switch = (await put(api)).json()
    await lift(api, switch)
    answered = refused(await lift(api, switch, by="eve@example.com"), 409, "already_lifted")
    assert "bob@example.com" in answered["detail"]
    refused(await api.post(f"/kill-switches/{uuid4()}/lift", json={"by": "a", "why": "b"}), 404, "kill_switch_not_found")


@pytest.mark.parametrize(
    ("scope", "key", "code"),
    [
        ("all", "subject", "key_not_taken"),
        ("automation", " ", "key_needed"),
        ("step_type", "", "key_needed"),
        ("host", "", "key_needed"),
        ("automation", "nobody", "unknown_automation"),
        ("step_type", "teleport", "unknown_step_type"),
        ("host", "https://example.com", "invalid_host"),
    ],
)
async def test_a_key_that_nothing_could_match_is_refused(api: httpx2.AsyncClient, scope: str, key: str, code: str) -> None:
    [error] = refused(await put(api, scope, key), 422, code)["errors"]
    assert error["path"] == "key"
    assert await listed(api) == []


@pytest.mark.parametrize("wrong", [{"by": "x" * 201}, {"why": ""}, {"mode": "explode"}, {"scope": "planet"}, {"colour": "red"}])
async def test_a_switch_says_why_it_is_set(api: httpx2.AsyncClient, wrong: dict[str, str]) -> None:
    [error] = refused(await put(api, **wrong), 422, "invalid_request")["errors"]
    assert error["path"] in wrong


async def test_every_step_type_can_be_switched_off(api: httpx2.AsyncClient) -> None:
    for step_type in ("http_request", "branch", "initialize_variable"):
        assert (await put(api, "step_type", step_type)).status_code == 201
    assert [switch["key"] for switch in await listed(api)] == ["initialize_variable", "branch", "http_request"]


async def test_the_list_comes_in_pages(api: httpx2.AsyncClient) -> None:
    for host in ("a.example", "b.example", "c.example"):
        await put(api, "host", host)
    first = (await api.get("/kill-switches", params={"size": 2})).json()
    assert [switch["key"] for switch in first["items"]] == ["c.example", "b.example"]
    second = (await api.get("/kill-switches", params={"size": 2, "cursor": first["next_cursor"]})).json()
    assert ([switch["key"] for switch in second["items"]], second["next_cursor"]) == (["a.example"], None)


@pytest.mark.parametrize("scope", ["all", "automation"])
async def test_a_cancel_refuses_starts_by_hand_and_takes_webhook_calls_without_one(
    api: httpx2.AsyncClient, engine: Engine, scope: str
) -> None:
    saved = (await api.put("/automations/subject", json=SUBJECT)).json()
    switch = (await put(api, scope, "subject" if scope == "automation" else "", mode="cancel")).json()
    answered = refused(await api.post("/automations/subject/executions", json={}), 409, "killed")
    assert "set by ada@example.com" in answered["detail"]
    assert "it runs wild" in answered["detail"]
    called = await api.post("/webhooks/subject/form", json={})
    assert called.json() == {"execution_id": None, "automation_id": saved["id"]}
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select outcome || ' ' || reason from evaluations") == "not_started killed"
    await lift(api, switch)
    assert (await api.post("/automations/subject/executions", json={})).status_code == 202
    called = await api.post("/webhooks/subject/form", json={})
    await engine.ended(UUID(called.json()["execution_id"]))


@pytest.mark.parametrize("parts", [{"scope": "step_type", "key": "delay", "mode": "cancel"}, {"scope": "all", "mode": "hold"}])
async def test_what_does_not_end_the_whole_execution_lets_it_start(api: httpx2.AsyncClient, parts: dict[str, str]) -> None:
    await api.put("/automations/subject", json=SUBJECT)
    await put(api, **parts)
    assert (await api.post("/automations/subject/executions", json={})).status_code == 202
    assert (await api.post("/webhooks/subject/form", json={})).json()["execution_id"] is not None


RATE = 3


@pytest.fixture
async def slow_api(settings: Settings, temporal: TemporalDevServer) -> AsyncIterator[httpx2.AsyncClient]:
    """Takes a few triggered starts a minute."""
    update = {"temporal_address": temporal.address, "max_starts_per_minute": RATE}
    async with gateway(settings.model_copy(update=update)) as client:
        yield client


async def started(api: httpx2.AsyncClient, times: int) -> list[UUID]:
    return [UUID((await api.post("/webhooks/subject/form", json={})).json()["execution_id"]) for _ in range(times)]


async def test_more_triggered_starts_in_a_minute_than_allowed_hold_the_automation(
    slow_api: httpx2.AsyncClient, engine: Engine
) -> None:
    await slow_api.put("/automations/subject", json=SUBJECT)
    with capture_logs() as logs:
        executions = await started(slow_api, 2 * RATE + 1)  # wherever the minute ends, one of them has too many
    [switch] = await listed(slow_api, standing=True)
    assert (switch["scope"], switch["key"], switch["mode"]) == ("automation", "subject", "hold")
    assert (switch["set_by"], switch["tripped_by"]) == ("everstep", "starts_per_minute")
    assert switch["why"] == f"{RATE + 1} triggered starts in one minute; {RATE} are the most"
    assert [log["automation"] for log in logs if log["event"] == "kill_switch_tripped"] == ["subject"]
    rows = [await engine.execution(execution) for execution in executions]
    after = [row["created_at"] >= datetime.fromisoformat(switch["created_after"]) for row in rows]
    assert sorted(after) == after
    assert RATE <= after.index(True) <= 2 * RATE


async def test_what_started_over_the_limit_is_held_until_the_switch_is_lifted(
    slow_api: httpx2.AsyncClient, engine: Engine
) -> None:
    await slow_api.put("/automations/subject", json={**SUBJECT, "steps": [{"id": "stop", "type": "stop_execution"}]})
    executions = await started(slow_api, 2 * RATE + 1)
    await engine.in_state(executions[-1], "paused", reason="kill_switch")
    await engine.ended(executions[0])
    [switch] = await listed(slow_api, standing=True)
    await lift(slow_api, switch)
    keeping = asyncio.create_task(*sweeping(engine.services))
    for execution in executions:
        await engine.ended(execution)
    keeping.cancel()


async def test_starts_by_hand_are_not_limited(slow_api: httpx2.AsyncClient, engine: Engine) -> None:
    await slow_api.put("/automations/subject", json=SUBJECT)
    for _ in range(2 * RATE + 1):
        assert (await slow_api.post("/automations/subject/executions", json={})).status_code == 202
    assert await listed(slow_api) == []
