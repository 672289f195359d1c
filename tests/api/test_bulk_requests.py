"""The same asked of many executions at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from activities.bulk_requesting import bulk_request_once
from activities.reconciling import Reconciler
from activities.services import Services
from activities.telling import tell_once
from store.audit import list_audit
from store.database import Database
from tests.api.asking import refused
from tests.api.test_executions import WAITING
from tests.engine import Engine
from tests.keys import key_for
from tests.workflows.history import history_of

OTHER = {**WAITING, "api_name": "other"}


async def started(api: httpx2.AsyncClient, count: int, document: dict[str, Any] = WAITING) -> list[str]:
    """Executions that wait; oldest first."""
    await api.put(f"/automations/{document['api_name']}", json=document)
    path = f"/automations/{document['api_name']}/executions"
    return [(await api.post(path, params={"wait": 20}, json={})).json()["id"] for _ in range(count)]


@pytest.fixture
async def worked_on(engine: Engine) -> AsyncIterator[None]:
    async with engine.bulk_requesting():
        yield


async def in_bulk(api: httpx2.AsyncClient, kind: str, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    """With its items: the caller waits."""
    answered = await api.post(f"/executions/bulk/{kind}", params={"wait": 20}, json=body, headers=headers)
    assert answered.status_code == 200, answered.text
    return answered.json()


async def begun(api: httpx2.AsyncClient, kind: str, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    answered = await api.post(f"/executions/bulk/{kind}", json=body, headers=headers)
    assert answered.status_code == 202, answered.text
    assert answered.headers["location"] == f"/bulk-requests/{answered.json()['id']}"
    return answered.json()


async def page(services: Services) -> int:
    """The next page, whenever it is due, and whether or not those of the last one have heard of it."""
    async with services.database.connection() as connection:
        await connection.execute("update bulk_requests set next_at = now()")
        await connection.execute("update executions set requested_at = now() - interval '1 hour'")
    return await bulk_request_once(services)


def outcomes(answered: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["outcome"], each["code"]) for each in answered["items"]]


@pytest.mark.usefixtures("worked_on")
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


@pytest.mark.usefixtures("worked_on")
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
        {"filter": {"all": True}, "limit": 10_001},
        {"ids": [str(uuid4()) for _ in range(10_001)]},
    ]
    for body in bodies:
        refused(await api.post("/executions/bulk/cancel", json=body), 422, "invalid_request")
    refused(await api.post("/executions/bulk/explode", json={"filter": {"all": True}}), 422, "invalid_request")
    refused(await api.post("/executions/bulk/cancel", json={"filter": {"automation": "gone"}}), 404, "automation_not_found")


@pytest.mark.usefixtures("worked_on")
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


@pytest.mark.usefixtures("worked_on")
@pytest.mark.parametrize("kind", ["skip", "resume"])
async def test_what_does_not_apply_is_refused_with_the_sentence_of_a_single_request(
    api: httpx2.AsyncClient, engine: Engine, kind: str
) -> None:
    [execution] = await started(api, 1)
    body: dict[str, Any] = {"path": "yes"} if kind == "skip" else {}
    alone = (await api.post(f"/executions/{execution}/{kind}", json=body)).json()
    [item] = (await in_bulk(api, kind, ids=[execution], **body))["items"]
    assert (item["code"], item["sentence"]) == (alone["code"], alone["detail"])


async def count(database: Database, query: str) -> int:
    async with database.connection() as connection:
        return await connection.fetchval(query)


async def written(api: httpx2.AsyncClient, count: int) -> None:
    """Executions that nobody works on."""
    await api.put("/automations/waiting", json=WAITING)
    for _ in range(count):
        await api.post("/automations/waiting/executions", json={})


@pytest.fixture
def few_at_once(services: Services) -> Services:
    """Two in a page."""
    return replace(services, settings=services.settings.model_copy(update={"bulk_requests_per_second": 8}))


async def test_it_is_answered_at_once_and_its_progress_can_be_read(api: httpx2.AsyncClient, few_at_once: Services) -> None:
    await written(api, 3)
    asked = await begun(api, "cancel", filter={"automation": "waiting"}, why="wrong list")
    assert (asked["state"], asked["total"], asked["left"], asked["items"]) == ("running", 3, 3, None)
    path = f"/bulk-requests/{asked['id']}"
    assert await page(few_at_once) == 2
    halfway = (await api.get(path)).json()
    assert (halfway["state"], halfway["asked"], halfway["left"]) == ("running", 2, 1)
    items = (await api.get(f"{path}/items")).json()["items"]
    assert [each["outcome"] for each in items] == ["asked", "asked", None]
    await page(few_at_once)
    over = (await api.get(path)).json()
    assert (over["state"], over["asked"], over["left"]) == ("completed", 3, 0)
    assert [each["id"] for each in (await api.get("/bulk-requests")).json()["items"]] == [asked["id"]]
    again = await begun(api, "cancel", filter={"automation": "waiting"})
    await page(few_at_once)
    found = (await api.get(f"/bulk-requests/{again['id']}/items", params={"outcome": "refused"})).json()["items"]
    assert {each["code"] for each in found} == {"being_canceled"}


async def test_the_next_page_is_due_after_a_while(api: httpx2.AsyncClient, few_at_once: Services) -> None:
    await written(api, 3)
    await begun(api, "cancel", filter={"all": True})
    assert [await bulk_request_once(few_at_once) for _ in range(2)] == [2, 0]


async def test_no_more_are_asked_while_those_before_have_not_heard_of_it(
    api: httpx2.AsyncClient, few_at_once: Services, database: Database
) -> None:
    await written(api, 3)
    await begun(api, "cancel", filter={"all": True})
    assert await page(few_at_once) == 2
    async with database.connection() as connection:
        await connection.execute("update bulk_requests set next_at = now()")
    assert await bulk_request_once(few_at_once) == 0


async def test_one_that_is_canceled_asks_no_more(api: httpx2.AsyncClient, few_at_once: Services, database: Database) -> None:
    await written(api, 3)
    asked = await begun(api, "cancel", filter={"all": True})
    await page(few_at_once)
    canceled = await api.post(f"/bulk-requests/{asked['id']}/cancel", json={"why": "wrong list"})
    assert canceled.status_code == 202
    assert (canceled.json()["state"], canceled.json()["left"]) == ("canceled", 1)
    assert await page(few_at_once) == 0
    assert await count(database, "select count(*) from executions where request is not null") == 2
    refused(await api.post(f"/bulk-requests/{asked['id']}/cancel"), 409, "bulk_request_over")


async def test_each_workflow_is_told_once(api: httpx2.AsyncClient, engine: Engine) -> None:
    """Neither while its request waits to be told nor a moment after is it taken for lost."""
    ids = await started(api, 3)
    await begun(api, "cancel", ids=ids)
    reconciler = Reconciler(engine.services, untouched=timedelta(0))
    await page(engine.services)
    async with engine.database.connection() as connection:
        await connection.execute("update executions set requested_at = now() - interval '1 minute'")
    assert await reconciler.signal_again() == 0
    await tell_once(engine.services)
    for each in ids:
        await engine.ended(UUID(each), "canceled")
        assert (await history_of(engine, UUID(each))).kinds["WORKFLOW_EXECUTION_SIGNALED"] == 1


async def test_another_key_does_not_see_it(api: httpx2.AsyncClient, database: Database) -> None:
    await written(api, 1)
    asked = await begun(api, "cancel", filter={"all": True})
    other = await key_for(database, "executions:operate@automation/waiting")
    refused(await api.get(f"/bulk-requests/{asked['id']}", headers=other), 404, "bulk_request_not_found")
    assert (await api.get("/bulk-requests", headers=other)).json()["items"] == []
    own = await begun(api, "cancel", other, filter={"all": True})
    assert (await api.get(f"/bulk-requests/{own['id']}", headers=other)).status_code == 200
