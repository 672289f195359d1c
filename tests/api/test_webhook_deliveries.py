"""Calls of webhooks are kept, taken once under a key, and can be replayed."""

import asyncio
import base64
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from store.database import Database
from tests.api.asking import create_lead, refused, save_lead
from tests.engine import Engine

TRIGGER = {"id": "t", "type": "webhook", "name": "form", "auth": "none", "extract": {"seats": "$.seats"}}
HOOKED: dict[str, Any] = {
    "api_name": "hooked",
    "name": "Hooked",
    "active": True,
    "triggers": [TRIGGER, {**TRIGGER, "id": "g", "method": "GET"}],
    "variables": [{"id": "v", "name": "seats", "sources": [{"webhook": "form", "value": "seats"}]}],
}
LIST = "/automations/hooked/webhooks/form/deliveries"


@pytest.fixture
async def automation_id(api: httpx2.AsyncClient) -> str:
    return (await api.put("/automations/hooked", json=HOOKED)).json()["id"]


async def call(api: httpx2.AsyncClient, key: str | None = None, header: str = "Idempotency-Key", **parts: Any) -> httpx2.Response:
    answer = await api.post("/webhooks/hooked/form", headers={header: key} if key is not None else {}, **parts)
    assert answer.status_code == 200, answer.text
    return answer


async def delivery(api: httpx2.AsyncClient, answer: httpx2.Response) -> Any:
    return (await api.get(f"/webhook-deliveries/{answer.headers['everstep-delivery']}")).json()


async def count(database: Database, table: str) -> int:
    async with database.connection() as connection:
        return await connection.fetchval(f"select count(*) from {table}")


async def test_a_call_is_kept_as_it_came(api: httpx2.AsyncClient, automation_id: str) -> None:
    answer = await call(api, "k1", json={"seats": "3"}, params={"ref": "ä"})
    found = await delivery(api, answer)
    assert UUID(found.pop("event_id"))
    assert found.pop("received_at")
    assert found == {
        "id": answer.headers["everstep-delivery"], "automation": "hooked", "automation_id": automation_id, "webhook": "form",
        "method": "POST", "content_type": "application/json", "query": "ref=%C3%A4", "size": 13, "idempotency_key": "k1",
        "replay_of": None, "outcome": "started", "reason": None, "detail": None,
        "execution_id": answer.json()["execution_id"], "body": '{"seats":"3"}', "encoding": "text",
    }  # fmt: skip


async def test_a_body_that_is_no_text_is_told_in_base64(api: httpx2.AsyncClient, automation_id: str) -> None:
    body = b"\x00\xff\xfe binary"
    found = await delivery(api, await call(api, content=body))
    assert (base64.b64decode(found["body"]), found["encoding"], found["size"]) == (body, "base64", len(body))


async def test_deliveries_are_listed_newest_first_a_page_at_a_time(api: httpx2.AsyncClient, automation_id: str) -> None:
    made = [(await call(api, json=n)).headers["everstep-delivery"] for n in range(3)]
    page = (await api.get(LIST, params={"size": 2})).json()
    assert "body" not in page["items"][0]
    rest = (await api.get(LIST, params={"size": 2, "cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    assert (await api.get("/automations/hooked/webhooks/other/deliveries")).json()["items"] == []
    refused(await api.get("/automations/nobody/webhooks/form/deliveries"), 404, "automation_not_found")
    refused(
        await api.get("/automations/hooked/webhooks/other/deliveries", params={"cursor": page["next_cursor"]}),
        400,
        "invalid_cursor",
    )
    refused(await api.get(f"/webhook-deliveries/{uuid4()}"), 404, "delivery_not_found")


async def test_a_call_that_starts_nothing_is_kept_with_its_reason(api: httpx2.AsyncClient) -> None:
    await api.put("/automations/hooked", json={**HOOKED, "active": False})
    found = await delivery(api, await call(api))
    assert (found["outcome"], found["reason"], found["detail"]) == ("not_started", "inactive", "The automation is not active.")


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id"])
async def test_the_same_key_starts_once_and_answers_the_first_answer(
    api: httpx2.AsyncClient, automation_id: str, database: Database, header: str
) -> None:
    first = await call(api, "k", header, json={"seats": "1"})
    again = await call(api, "k", header, json={"seats": "1"})
    other = await call(api, "k", header, json={"seats": "2"})
    assert first.json() == again.json() == other.json()
    assert "idempotent-replayed" not in first.headers
    for repeated in (again, other):
        assert repeated.headers["idempotent-replayed"] == "true"
        assert repeated.headers["everstep-delivery"] == first.headers["everstep-delivery"]
        assert repeated.headers["everstep-outcome"] == "started"
    assert [await count(database, table) for table in ("executions", "webhook_deliveries")] == [1, 1]
    async with database.connection() as connection:
        assert await connection.fetch("select reason from evaluations order by id") == [(None,), ("duplicate",), ("duplicate",)]


async def test_a_key_counts_for_its_webhook_and_idempotency_key_goes_first(api: httpx2.AsyncClient, automation_id: str) -> None:
    await api.put("/automations/other", json={**HOOKED, "api_name": "other"})
    answers = [await call(api, "k"), await api.post("/webhooks/other/form", headers={"Idempotency-Key": "k"})]
    both = {"Idempotency-Key": "k2", "webhook-id": "k"}
    answers.append(await api.post("/webhooks/hooked/form", headers=both))
    answers += [await call(api, " "), await call(api, "")]
    assert len({answer.json()["execution_id"] for answer in answers}) == 5


async def test_a_key_stands_for_what_started_nothing_too(api: httpx2.AsyncClient) -> None:
    await api.put("/automations/hooked", json={**HOOKED, "active": False})
    await call(api, "k")
    await api.post("/automations/hooked/activate")
    again = await call(api, "k")
    assert (again.json()["execution_id"], again.headers["everstep-outcome"]) == (None, "inactive")
    assert (await call(api, "k2")).json()["execution_id"]


async def test_a_key_has_255_characters_at_most(api: httpx2.AsyncClient, automation_id: str) -> None:
    await call(api, "k" * 255)
    refused(await api.post("/webhooks/hooked/form", headers={"Idempotency-Key": "k" * 256}), 422, "invalid_idempotency_key")


async def test_of_calls_at_the_same_moment_under_one_key_one_starts(
    api: httpx2.AsyncClient, automation_id: str, database: Database
) -> None:
    answers = await asyncio.gather(*(call(api, "k", json={"seats": str(n)}) for n in range(25)))
    assert len({answer.json()["execution_id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert [await count(database, table) for table in ("executions", "webhook_deliveries")] == [1, 1]


async def replayed(api: httpx2.AsyncClient, answer: httpx2.Response) -> httpx2.Response:
    again = await api.post(f"/webhook-deliveries/{answer.headers['everstep-delivery']}/replay")
    assert again.status_code == 200, again.text
    return again


async def test_a_replay_is_evaluated_now_by_the_newest_document(
    api: httpx2.AsyncClient, engine: Engine, automation_id: str
) -> None:
    first = await call(api, "k", json={"seats": "3", "places": "4"})
    await api.put(
        "/automations/hooked", json={**HOOKED, "triggers": [{**TRIGGER, "extract": {"seats": "$.places"}, "auth": "signature"}]}
    )
    again = await replayed(api, first)
    assert again.json()["execution_id"] not in (None, first.json()["execution_id"])
    row = await engine.ended(UUID(again.json()["execution_id"]))
    assert row["variables"]["seats"] == "4"
    before, now = await delivery(api, first), await delivery(api, again)
    assert (now["replay_of"], now["idempotency_key"], now["body"]) == (before["id"], None, before["body"])
    assert now["received_at"] > before["received_at"]
    assert datetime.fromisoformat(row["trigger"]["event_at"]) == datetime.fromisoformat(now["received_at"])
    assert row["trigger"]["delivery"] == now["id"]


async def test_a_call_that_found_no_record_can_be_replayed_once_there_is_one(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    trigger = {**TRIGGER, "record": {"email": "$.who"}}
    await api.put("/automations/hooked", json={**HOOKED, "object": "lead", "triggers": [trigger]})
    first = await call(api, json={"who": "ada@example.com"})
    assert first.headers["everstep-outcome"] == "no_record"
    await create_lead(api, values={"email": "ada@example.com"})
    again = await replayed(api, first)
    assert again.headers["everstep-outcome"] == "started"
    assert (await delivery(api, first))["outcome"] == "not_started"


async def test_a_get_is_replayed_by_its_query(api: httpx2.AsyncClient, engine: Engine, automation_id: str) -> None:
    first = await api.get("/webhooks/hooked/form?seats=%C3%A4")
    again = await replayed(api, await replayed(api, first))
    assert (await engine.ended(UUID(again.json()["execution_id"])))["variables"]["seats"] == "ä"


async def test_bytes_are_replayed_as_they_came(api: httpx2.AsyncClient, automation_id: str) -> None:
    content = bytes(range(256))
    first = await call(api, content=content, params={"x": "\0"})
    found = await delivery(api, await replayed(api, first))
    assert (base64.b64decode(found["body"]), found["query"]) == (content, "x=%00")


async def test_what_is_gone_cannot_be_replayed(api: httpx2.AsyncClient, automation_id: str) -> None:
    first = await call(api)
    path = f"/webhook-deliveries/{first.headers['everstep-delivery']}/replay"
    await api.put("/automations/hooked", json={**HOOKED, "triggers": [{**TRIGGER, "method": "GET"}]})
    refused(await api.post(path), 405, "wrong_method")
    await api.put("/automations/hooked", json={**HOOKED, "triggers": [], "variables": []})
    refused(await api.post(path), 404, "webhook_not_found")
    refused(await api.post(f"/webhook-deliveries/{uuid4()}/replay"), 404, "delivery_not_found")
    assert len((await api.get(LIST)).json()["items"]) == 1
