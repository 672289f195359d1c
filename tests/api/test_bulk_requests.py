"""The same asked of many executions at once."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from store.audit import list_audit
from store.database import Database
from tests.api.asking import refused
from tests.api.test_executions import WAITING
from tests.engine import Engine
from tests.keys import key_for

OTHER = {**WAITING, "api_name": "other"}


async def started(api: httpx2.AsyncClient, count: int, document: dict[str, Any] = WAITING) -> list[str]:
    """Executions that wait; oldest first."""
    await api.put(f"/automations/{document['api_name']}", json=document)
    path = f"/automations/{document['api_name']}/executions"
    return [(await api.post(path, params={"wait": 20}, json={})).json()["id"] for _ in range(count)]


async def in_bulk(api: httpx2.AsyncClient, kind: str, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    answered = await api.post(f"/executions/bulk/{kind}", json=body, headers=headers)
    assert answered.status_code == 200, answered.text
    return answered.json()


def outcomes(answered: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["outcome"], each["code"]) for each in answered["items"]]


async def test_each_id_is_answered_for_itself(api: httpx2.AsyncClient, engine: Engine) -> None:
    ids = await started(api, 3)
    await api.post(f"/executions/{ids[1]}/cancel", params={"wait": 20})
    asked = [ids[0], str(uuid4()), ids[1], ids[2], ids[0]]
    answered = await in_bulk(api, "pause", ids=asked, by="ada@example.com", why="lunch")
    assert [each["id"] for each in answered["items"]] == asked[:-1]
    assert outcomes(answered) == [
        ("asked", None), ("not_found", "execution_not_found"), ("refused", "not_applicable"), ("asked", None),
    ]  # fmt: skip
    assert answered["more"] is False
    for each in (ids[0], ids[2]):
        row = await engine.in_state(UUID(each), "paused", reason="manual")
        assert row["reason"] == "paused by ada@example.com: lunch"
    async with engine.database.connection() as connection:
        audited = await list_audit(connection, action="execution.paused")
    assert {(each["target"], each["actor"], each["why"]) for each in audited} == {
        (ids[0], "ada@example.com", "lunch"), (ids[2], "ada@example.com", "lunch"),
    }  # fmt: skip


async def test_a_filter_reaches_open_executions_and_says_whether_there_are_more(api: httpx2.AsyncClient, engine: Engine) -> None:
    ids, others = await started(api, 3), await started(api, 1, OTHER)
    await api.post(f"/executions/{ids[0]}/cancel", params={"wait": 20})
    said: dict[str, Any] = {"filter": {"automation": "waiting", "state": ["paused"]}, "limit": 1}
    first = await in_bulk(api, "cancel", **said)
    assert ([each["id"] for each in first["items"]], first["more"]) == ([ids[2]], True)
    second = await in_bulk(api, "cancel", **said, cursor=first["next_cursor"])
    assert ([each["id"] for each in second["items"]], second["more"]) == ([ids[1]], False)
    for each in ids:
        await engine.in_state(UUID(each), "canceled")
    assert (await engine.execution(UUID(others[0])))["state"] == "paused"
    everything = await in_bulk(api, "cancel", filter={"all": True})
    assert [each["id"] for each in everything["items"]] == others
    refused(await api.post("/executions/bulk/cancel", json={**said, "cursor": "x"}), 400, "invalid_cursor")


async def test_nothing_is_asked_of_all_by_mistake(api: httpx2.AsyncClient) -> None:
    refused(await api.post("/executions/bulk/cancel", json={"filter": {}}), 422, "filter_needed")
    bodies: list[dict[str, Any]] = [
        {},
        {"ids": []},
        {"ids": [str(uuid4())], "filter": {"all": True}},
        {"filter": {"automaton": "waiting"}},
        {"filter": {"all": False}},
        {"filter": {"all": True}, "limit": 1001},
        {"ids": [str(uuid4()) for _ in range(1001)]},
    ]
    for body in bodies:
        refused(await api.post("/executions/bulk/cancel", json=body), 422, "invalid_request")
    refused(await api.post("/executions/bulk/explode", json={"filter": {"all": True}}), 422, "invalid_request")
    refused(await api.post("/executions/bulk/cancel", json={"filter": {"automation": "gone"}}), 404, "automation_not_found")


async def test_a_limited_key_asks_its_own_only(api: httpx2.AsyncClient, engine: Engine) -> None:
    [own], [other] = await started(api, 1), await started(api, 1, OTHER)
    headers = await key_for(engine.database, "executions:operate@automation/waiting")
    answered = await in_bulk(api, "pause", headers, ids=[own, other])
    assert outcomes(answered) == [("asked", None), ("refused", "scope_missing")]
    everything = await in_bulk(api, "cancel", headers, filter={"all": True})
    assert [each["id"] for each in everything["items"]] == [own]
    viewer = await key_for(engine.database, "automations:view")
    refused(await api.post("/executions/bulk/cancel", json={"ids": [own]}, headers=viewer), 403, "scope_missing")
    assert (await engine.execution(UUID(other)))["pause_reason"] == "delay"


@pytest.mark.parametrize("kind", ["skip", "resume"])
async def test_what_does_not_apply_is_refused_with_the_sentence_of_a_single_request(
    api: httpx2.AsyncClient, engine: Engine, kind: str
) -> None:
    [execution] = await started(api, 1)
    body: dict[str, Any] = {"path": "yes"} if kind == "skip" else {}
    alone = (await api.post(f"/executions/{execution}/{kind}", json=body)).json()
    [item] = (await in_bulk(api, kind, ids=[execution], **body))["items"]
    assert (item["code"], item["sentence"]) == (alone["code"], alone["detail"])


async def test_hundreds_are_asked_in_one_request(
    api: httpx2.AsyncClient, database: Database, settings: Settings, temporal: TemporalDevServer
) -> None:
    """Nobody works here: each signal waits with its workflow."""
    await api.put("/automations/waiting", json=WAITING)
    for _ in range(30):
        await api.post("/automations/waiting/executions", json={})
    answered = await in_bulk(api, "cancel", filter={"automation": "waiting"})
    assert outcomes(answered) == [("asked", None)] * 30
    again = await in_bulk(api, "cancel", filter={"automation": "waiting"})
    assert outcomes(again) == [("refused", "being_canceled")] * 30
