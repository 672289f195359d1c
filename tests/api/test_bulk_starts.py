"""Bulk starts by the API: asked for, worked on by a worker, looked at, listened to, canceled."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import uvicorn

from activities import chores
from activities.settings import Settings
from api.app import create_app
from tests.api.asking import create_lead, refused, save_lead
from tests.engine import Engine, until
from tests.keys import ADMIN_KEY, bearing

SEATS = {"id": "v", "name": "seats", "type": "number", "sources": [{"static": 1}]}
NOTE = {"id": "note", "type": "change_field_value", "changes": [{"field": "note", "value": "{{ variables.seats }} seats"}]}
GREET = {"api_name": "greet", "name": "Greet", "object": "lead", "active": True, "variables": [SEATS], "steps": [NOTE]}


async def leads(api: httpx2.AsyncClient, count: int, **values: Any) -> list[str]:
    await api.put("/objects/account", json={"api_name": "account", "name": "Account", "fields": []})
    await save_lead(api)
    saved = await api.put("/automations/greet", json=GREET)
    assert saved.status_code < 300, saved.text
    return [(await create_lead(api, values=values)).json()["id"] for _ in range(count)]


async def bulk_start(api: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    asked = await api.post("/automations/greet/bulk-starts", json=body)
    assert asked.status_code == 202, asked.text
    return asked.json()


async def progress(api: httpx2.AsyncClient, found: dict[str, Any]) -> dict[str, Any]:
    return (await api.get(f"/bulk-starts/{found['id']}")).json()


async def over(api: httpx2.AsyncClient, found: dict[str, Any]) -> dict[str, Any]:
    async def is_over() -> Any:
        newest = await progress(api, found)
        return newest if newest["finished_at"] else None

    return await until(is_over)


@asynccontextmanager
async def bulk_starting(engine: Engine, **settings: Any) -> AsyncIterator[None]:
    """A worker that works on bulk starts until the end of the block."""
    services = replace(engine.services, settings=engine.settings.model_copy(update=settings))
    tasks = [asyncio.create_task(chore) for chore in chores.bulk_starting(services)]
    yield
    for task in tasks:
        task.cancel()


async def test_all_records_of_a_filter_are_started_and_run(api: httpx2.AsyncClient, engine: Engine) -> None:
    await leads(api, 2, seats=5)
    found = await leads(api, 3, seats=50)
    filter = {"field": "seats", "op": ">=", "value": 50}
    asked = await bulk_start(api, filter=filter, variables={"seats": 7}, by="ada@example.com", priority="low")
    assert (asked["state"], asked["total"], asked["left"], asked["priority"]) == ("collecting", 0, 0, "low")
    async with bulk_starting(engine):
        done = await over(api, asked)
    assert (done["state"], done["total"], done["started"], done["left"], done["reason"]) == ("completed", 3, 3, 0, None)
    assert done["selection"]["filter"] == filter
    assert done["per_second"] > 0
    records = (await api.get(f"/bulk-starts/{asked['id']}/records")).json()["items"]
    assert [(each["record_id"], each["outcome"]) for each in records] == [(record, "started") for record in sorted(found)]
    for each in records:
        await engine.ended(UUID(each["execution_id"]))
        view = (await api.get(f"/executions/{each['execution_id']}")).json()
        assert (view["priority"], view["trigger"]["bulk_start"], view["trigger"]["by"]) == ("low", asked["id"], "ada@example.com")
        assert (await engine.record(UUID(each["record_id"])))["field_values"]["note"] == "7 seats"


async def test_nothing_is_started_inside_the_request(api: httpx2.AsyncClient, engine: Engine) -> None:
    found = await leads(api, 2)
    asked = await bulk_start(api, record_ids=[*found, found[0]])
    assert (asked["state"], asked["total"], asked["left"], asked["per_second"]) == ("running", 2, 2, None)
    assert (await api.get("/executions")).json()["items"] == []


async def test_ten_thousand_records_can_be_named_at_once_and_no_more(api: httpx2.AsyncClient) -> None:
    await leads(api, 0)
    many = [str(uuid4()) for _ in range(10_001)]
    assert (await bulk_start(api, record_ids=many[:-1]))["total"] == 10_000
    problem = refused(await api.post("/automations/greet/bulk-starts", json={"record_ids": many}), 422, "invalid_request")
    assert problem["errors"][0]["path"] == "record_ids"


async def test_what_became_of_records_is_read_by_outcome_a_page_at_a_time(api: httpx2.AsyncClient, engine: Engine) -> None:
    found = await leads(api, 3)
    asked = await bulk_start(api, record_ids=[*found, str(uuid4()), str(uuid4())])
    async with bulk_starting(engine):
        done = await over(api, asked)
    assert (done["started"], done["skipped"]) == (3, 2)
    url = f"/bulk-starts/{asked['id']}/records"
    skipped = (await api.get(url, params={"outcome": "skipped"})).json()["items"]
    assert [each["reason"] for each in skipped] == ["no_record", "no_record"]
    first = (await api.get(url, params={"outcome": "started", "size": 2})).json()
    second = (await api.get(url, params={"outcome": "started", "size": 2, "cursor": first["next_cursor"]})).json()
    assert [each["record_id"] for each in first["items"] + second["items"]] == sorted(found)
    assert second["next_cursor"] is None
    refused(await api.get(url, params={"outcome": "forgotten"}), 422, "invalid_request")


async def test_a_cancel_in_the_middle_leaves_the_rest_unstarted(api: httpx2.AsyncClient, engine: Engine) -> None:
    asked = await bulk_start(api, record_ids=await leads(api, 5))
    async with bulk_starting(engine, bulk_starts_per_second=1):

        async def one_is_started() -> bool:
            return (await progress(api, asked))["started"] > 0

        await until(one_is_started)
        canceled = await api.post(f"/bulk-starts/{asked['id']}/cancel", json={"by": "ada@example.com", "why": "wrong list"})
        assert canceled.status_code == 202
        view = canceled.json()
        assert (view["state"], view["reason"]) == ("canceled", "canceled by ada@example.com: wrong list")
        assert 1 <= view["started"] < 5
        assert view["left"] == 5 - view["started"]
        refused(await api.post(f"/bulk-starts/{asked['id']}/cancel"), 409, "bulk_start_over")
    assert await progress(api, asked) == view
    assert len((await api.get("/executions")).json()["items"]) == view["started"]


async def test_those_of_an_automation_are_listed_the_newest_first(api: httpx2.AsyncClient) -> None:
    await leads(api, 0)
    asked = [(await bulk_start(api, all=True))["id"] for _ in range(3)]
    first = (await api.get("/automations/greet/bulk-starts", params={"size": 2})).json()
    second = (await api.get("/automations/greet/bulk-starts", params={"cursor": first["next_cursor"]})).json()
    assert [each["id"] for each in first["items"] + second["items"]] == asked[::-1]
    refused(await api.get("/automations/nobody/bulk-starts"), 404, "automation_not_found")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "body"),
        ({"all": True, "record_ids": [str(uuid4())]}, "body"),
        ({"record_ids": []}, "record_ids"),
        ({"record_ids": ["ada"]}, "record_ids[0]"),
        ({"all": False}, "all"),
        ({"filter": {"nothing": 1}}, "filter"),
        ({"all": True, "priority": "high"}, "priority"),
        ({"all": True, "pace": 7}, "pace"),
    ],
)
async def test_what_says_no_records_is_refused(api: httpx2.AsyncClient, body: Any, path: str) -> None:
    await leads(api, 0)
    problem = refused(await api.post("/automations/greet/bulk-starts", json=body), 422, "invalid_request")
    assert path in [each["path"] for each in problem["errors"]]


async def test_a_filter_that_cannot_be_evaluated_is_refused_with_all_that_is_wrong(api: httpx2.AsyncClient) -> None:
    await leads(api, 0)
    leaves = [
        {"field": "gone", "op": "=", "value": 1},
        {"field": "seats", "op": "starts_with", "value": "x"},
        {"variable": "seats", "op": "=", "value": 1},
        {"related": "account.gone", "op": "is_blank"},
        {"field": "seats", "op": "=", "value": 1},
    ]
    answered = await api.post("/automations/greet/bulk-starts", json={"filter": {"all": leaves}})
    problem = refused(answered, 422, "invalid_filter")
    assert [(each["path"], each["code"]) for each in problem["errors"]] == [
        ("filter.all[0].field", "unknown_field"),
        ("filter.all[1].op", "unknown_operator"),
        ("filter.all[2].variable", "unknown_variable"),
        ("filter.all[3].related", "unknown_field"),
    ]


async def test_variables_that_do_not_fit_are_refused(api: httpx2.AsyncClient) -> None:
    await leads(api, 0)
    answered = await api.post("/automations/greet/bulk-starts", json={"all": True, "variables": {"seats": "x", "gone": 1}})
    problem = refused(answered, 422, "invalid_start")
    assert [each["path"] for each in problem["errors"]] == ["variables.seats", "variables.gone"]


async def test_an_automation_that_cannot_be_started_so_says_why(api: httpx2.AsyncClient) -> None:
    await leads(api, 0)
    refused(await api.post("/automations/nobody/bulk-starts", json={"all": True}), 404, "automation_not_found")
    await api.put("/automations/global", json={"api_name": "global", "name": "Global", "active": True, "steps": []})
    refused(await api.post("/automations/global/bulk-starts", json={"all": True}), 422, "global_automation")
    switch = {"scope": "automation", "key": "greet", "mode": "cancel", "by": "ops", "why": "wrong mails"}
    lift = (await api.put("/kill-switches", json=switch)).json()["id"]
    refused(await api.post("/automations/greet/bulk-starts", json={"all": True}), 409, "killed")
    await api.post(f"/kill-switches/{lift}/lift", json={"by": "ops", "why": "mended"})
    await api.post("/automations/greet/deactivate")
    refused(await api.post("/automations/greet/bulk-starts", json={"all": True}), 409, "automation_inactive")


async def test_one_that_is_not_there_is_not_found(api: httpx2.AsyncClient) -> None:
    for method, path in (("GET", ""), ("GET", "/records"), ("GET", "/stream"), ("POST", "/cancel")):
        refused(await api.request(method, f"/bulk-starts/{uuid4()}{path}"), 404, "bulk_start_not_found")


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


async def test_the_stream_tells_of_each_change_and_ends_with_the_last(api: httpx2.AsyncClient, engine: Engine) -> None:
    asked = await bulk_start(api, record_ids=await leads(api, 3))
    async with bulk_starting(engine, bulk_starts_per_second=2):
        streamed = await api.get(f"/bulk-starts/{asked['id']}/stream")
    assert streamed.headers["content-type"].startswith("text/event-stream")
    told = events(streamed.text)
    assert all(before != after for before, after in pairwise(told))
    assert [each["started"] for each in told] == sorted(each["started"] for each in told)
    assert len(told) >= 3
    assert told[-1] == await progress(api, asked)
    assert told[-1]["state"] == "completed"
    again = await api.get(f"/bulk-starts/{asked['id']}/stream")
    assert events(again.text) == [told[-1]]


async def first_event(stream: httpx2.Response) -> dict[str, Any]:
    async for line in stream.aiter_lines():
        if found := events(line):
            return found[0]
    raise AssertionError("the stream ended before it told anything")


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    """The gateway on a port of its own; raises where a request keeps it from ending."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_config=None))
    serving = asyncio.create_task(server.serve())

    async def is_there() -> bool:
        return server.started

    await until(is_there)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await asyncio.wait_for(serving, 10)


async def test_a_listener_that_goes_away_ends_the_stream(api: httpx2.AsyncClient, engine: Engine, settings: Settings) -> None:
    asked = await bulk_start(api, record_ids=await leads(api, 1))
    async with served(settings) as url, httpx2.AsyncClient(headers=bearing(ADMIN_KEY)) as client:
        async with client.stream("GET", f"{url}/bulk-starts/{asked['id']}/stream") as stream:
            assert (await first_event(stream))["left"] == 1
        assert (await client.get(f"{url}/health/live")).status_code == 200
    # The server waits for requests that are under way before it ends.
    assert (await progress(api, asked))["state"] == "running"


async def test_a_start_that_may_resume_resumes_what_is_paused_on_the_record(api: httpx2.AsyncClient, engine: Engine) -> None:
    [lead] = await leads(api, 1)
    ask = {"id": "ask", "type": "stop_execution", "action": "pause", "reason": "look"}
    await api.put("/automations/greet", json={**GREET, "steps": [ask]})
    body = {"record_id": lead, "resume_paused": True, "by": "ada@example.com"}
    url = "/automations/greet/executions"
    new = (await api.post(url, json=body)).json()
    assert (new["resumed"], new["trigger"]["by"]) == ([], "ada@example.com")
    await engine.in_state(UUID(new["id"]), "paused", reason="automation")
    other = (await api.post(url, json={"record_id": lead})).json()
    assert other["id"] != new["id"]
    await engine.in_state(UUID(other["id"]), "paused", reason="automation")
    again = await api.post(url, json=body)
    assert again.status_code == 202
    assert (again.json()["id"], again.json()["resumed"]) == (other["id"], [new["id"], other["id"]])
    for execution in (new, other):
        await engine.ended(UUID(execution["id"]))
        [asked] = (await api.get(f"/executions/{execution['id']}/history")).json()["requests"]
        assert (asked["kind"], asked["asked_by"]) == ("resume", "ada@example.com")
    third = (await api.post(url, json=body)).json()
    assert third["resumed"] == []
    assert third["id"] not in (new["id"], other["id"])


async def test_a_global_one_is_resumed_too_and_a_delay_is_not(api: httpx2.AsyncClient, engine: Engine) -> None:
    steps = [{"id": "ask", "type": "stop_execution", "action": "pause"}, {"id": "rest", "type": "delay", "days": 1}]
    await api.put("/automations/alone", json={"api_name": "alone", "name": "Alone", "active": True, "steps": steps})
    url = "/automations/alone/executions"
    first = (await api.post(url, json={"resume_paused": True})).json()
    await engine.in_state(UUID(first["id"]), "paused", reason="automation")
    assert (await api.post(url, json={"resume_paused": True})).json()["resumed"] == [first["id"]]
    await engine.in_state(UUID(first["id"]), "paused", reason="delay")
    assert (await api.post(url, json={"resume_paused": True})).json()["resumed"] == []


async def test_a_start_that_may_resume_is_refused_as_any_other(api: httpx2.AsyncClient) -> None:
    await leads(api, 0)
    for body, code in (({}, "record_required"), ({"record_id": str(uuid4())}, "unknown_record")):
        refused(await api.post("/automations/greet/executions", json={**body, "resume_paused": True}), 422, code)
