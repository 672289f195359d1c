"""A writing request under an Idempotency-Key is done once, however often it is sent."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter
from temporalio.service import RPCError, RPCStatusCode

from activities.settings import Settings
from activities.sweeping import IDEMPOTENT_FOR
from api.middleware.idempotency import body_hash
from store.api_keys import find_api_key
from store.database import Database
from store.idempotent_requests import LEFT_AFTER, Answer, Claim, Named, claim_request, keep_answer, sweep_requests
from tests.api.asking import refused, save_lead
from tests.builders import stop
from tests.fixtures.api import gateway
from tests.keys import ADMIN_KEY, bearing, key_for

RECORDS = "/objects/lead/records"
ADA = {"name": "Ada"}


async def send(api: httpx2.AsyncClient, key: str, path: str = RECORDS, body: Any = None, **more: Any) -> httpx2.Response:
    headers = {"Idempotency-Key": key, **more.pop("headers", {})}
    return await api.request(more.pop("method", "POST"), path, json=ADA if body is None else body, headers=headers, **more)


async def leads(api: httpx2.AsyncClient) -> int:
    return len((await api.get(RECORDS)).json()["items"])


async def claimed(
    database: Database, key: str, path: str = RECORDS, body: Any = None, *, method: str = "POST", age: timedelta
) -> Claim:
    """What a process leaves that began a request so long ago and has said nothing since."""
    sent = json.dumps(ADA if body is None else body, ensure_ascii=False, separators=(",", ":")).encode()
    async with database.connection() as connection:
        caller = await find_api_key(connection, ADMIN_KEY)
        assert caller
        named = Named(caller["sender_id"], caller["id"], key, method, path, body_hash(bearing(ADMIN_KEY)["Authorization"], sent))
        claim = await claim_request(connection, named, datetime.now(UTC) - age)
    assert claim
    return claim


async def test_the_same_request_is_done_once_and_answered_alike(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    first, second = await send(api, "k1"), await send(api, "k1")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers.get("etag") == second.headers.get("etag")
    assert first.headers["content-type"] == second.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert await leads(api) == 1


async def test_a_refusal_is_an_answer_too(api: httpx2.AsyncClient) -> None:
    first = await send(api, "k1")
    refused(first, 404, "object_not_found")
    await save_lead(api)
    second = await send(api, "k1")
    assert (refused(second, 404, "object_not_found"), second.headers["idempotent-replayed"]) == (first.json(), "true")


@pytest.mark.parametrize(
    "other", [{"body": {"name": "Grace"}}, {"path": "/objects/account/records"}, {"params": {"size": 1}}, {"method": "PUT"}]
)
async def test_another_request_under_the_key_is_refused(other: dict[str, Any], api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await send(api, "k1")
    refused(await send(api, "k1", **other), 422, "idempotency_key_reused")
    assert await leads(api) == 1


async def test_ten_callers_at_once_have_one_effect(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    answers = await asyncio.gather(*(send(api, "k1") for _ in range(10)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.json()["id"] for answer in done}) == 1
    for answer in answers:
        if answer not in done:
            refused(answer, 409, "idempotency_key_in_use")
            assert int(answer.headers["retry-after"]) > 0
    assert await leads(api) == 1


async def test_the_keys_of_two_callers_are_no_business_of_each_other(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    await send(api, "k1")
    other = await send(api, "k1", headers=await key_for(database, "records:edit"))
    assert (other.status_code, "idempotent-replayed" in other.headers) == (201, False)
    assert await leads(api) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", b"\xfc"])
async def test_a_key_that_is_none_is_refused(key: Any, api: httpx2.AsyncClient) -> None:
    refused(await api.post(RECORDS, json=ADA, headers={"Idempotency-Key": key}), 422, "invalid_idempotency_key")


async def test_who_may_not_do_it_may_do_it_later(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    caller = await key_for(database, "records:view")
    refused(await send(api, "k1", headers=caller), 403, "scope_missing")
    async with database.connection() as connection:
        await connection.execute("update api_keys set scopes = '{records:edit}' where name = 'limited'")
    assert (await send(api, "k1", headers=caller)).status_code == 201


async def test_while_the_first_is_under_way_the_second_waits(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    await claimed(database, "k1", age=timedelta(0))
    refused(await send(api, "k1"), 409, "idempotency_key_in_use")


async def test_a_post_that_broke_off_before_it_wrote_anything_is_done(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    await claimed(database, "k1", age=LEFT_AFTER)
    refused(await send(api, "k1", body={"name": "Grace"}), 422, "idempotency_key_reused")
    assert [(await send(api, "k1")).status_code for _ in range(2)] == [201, 201]
    assert await leads(api) == 1


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/automations/subject/executions", {"resume_paused": True}, "request_in_doubt"),
        ("/executions/bulk/pause", {"filter": {"all": True}}, "already_done"),
    ],
)
async def test_what_may_be_done_in_part_is_in_doubt_and_what_is_done_at_once_is_done(
    path: str, body: dict[str, Any], code: str, api: httpx2.AsyncClient, database: Database
) -> None:
    await claimed(database, "k1", path, body, age=LEFT_AFTER)
    async with database.connection() as connection:
        await connection.execute("update idempotent_requests set written = true")
    for _ in range(2):
        refused(await send(api, "k1", path, body), 409, code)


async def test_a_put_that_broke_off_is_done_again(api: httpx2.AsyncClient, database: Database) -> None:
    business = {"name": "Everstep", "timezone": "UTC", "locale": "en"}
    await claimed(database, "k1", "/business", business, method="PUT", age=LEFT_AFTER)
    first = await send(api, "k1", "/business", business, method="PUT")
    assert (first.status_code, "idempotent-replayed" in first.headers) == (200, False)
    assert (await send(api, "k1", "/business", business, method="PUT")).headers["idempotent-replayed"] == "true"


async def executions(api: httpx2.AsyncClient) -> list[str]:
    return [each["id"] for each in (await api.get("/executions", params={"automation": "subject"})).json()["items"]]


async def put_subject(api: httpx2.AsyncClient) -> str:
    document = {"api_name": "subject", "name": "Subject", "active": True, "steps": [stop("end")]}
    assert (await api.put("/automations/subject", json=document)).status_code == 201
    return "/automations/subject/executions"


async def test_a_start_whose_answer_was_lost_finds_its_execution(api: httpx2.AsyncClient, database: Database) -> None:
    path = await put_subject(api)
    claim = await claimed(database, "k1", path, {"by": "ada"}, age=LEFT_AFTER)
    first = await send(api, "k1", path, {"by": "ada"})
    assert (first.status_code, first.json()["id"]) == (202, str(claim.made_id))
    async with database.connection() as connection:
        await connection.execute("update idempotent_requests set status = null, began_at = $1", datetime.now(UTC) - LEFT_AFTER)
    second = await send(api, "k1", path, {"by": "ada"})
    assert (second.status_code, second.json()["id"]) == (202, str(claim.made_id))
    assert await executions(api) == [str(claim.made_id)]


async def test_a_start_that_was_cut_short_happens_once_whoever_takes_it_over(api: httpx2.AsyncClient, database: Database) -> None:
    path = await put_subject(api)
    claim = await claimed(database, "k1", path, {"by": "ada"}, age=LEFT_AFTER)
    answers = await asyncio.gather(*(send(api, "k1", path, {"by": "ada"}) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert await executions(api) == [str(claim.made_id)]


async def test_what_comes_too_late_takes_nothing_back(database: Database) -> None:
    claim = await claimed(database, "k1", age=LEFT_AFTER)
    async with database.connection() as connection:
        await connection.execute("update idempotent_requests set began_at = now()")
        await keep_answer(connection, claim, Answer(201, {}, b"late"))
        assert await connection.fetchval("select status from idempotent_requests") is None


async def test_an_answer_that_holds_a_secret_is_not_kept(api: httpx2.AsyncClient, database: Database) -> None:
    body = {"name": "reader", "scopes": ["records:view"]}
    first = await send(api, "k1", "/api-keys", body)
    assert (first.status_code, first.headers["cache-control"]) == (201, "no-store")
    found = refused(await send(api, "k1", "/api-keys", body), 409, "already_done")
    assert "/api-keys" in found["detail"]
    async with database.connection() as connection:
        assert await connection.fetchval("select body from idempotent_requests") is None
        assert await connection.fetchval("select count(*) from api_keys where name = 'reader'") == 1


async def test_events_and_webhooks_have_keys_of_their_own(api: httpx2.AsyncClient, database: Database) -> None:
    await send(api, "k1", "/events", {})
    await send(api, "k1", "/webhooks/nobodys/form", {})
    await api.get(RECORDS, headers={"Idempotency-Key": "k1"})
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from idempotent_requests") == 0


async def test_an_answer_is_forgotten_after_a_day(database: Database) -> None:
    await claimed(database, "old", age=IDEMPOTENT_FOR + timedelta(minutes=1))
    await claimed(database, "new", age=IDEMPOTENT_FOR - timedelta(minutes=1))
    async with database.connection() as connection:
        before = datetime.now(UTC) - IDEMPOTENT_FOR
        assert [await sweep_requests(connection, before), await sweep_requests(connection, before)] == [1, 0]
        assert await connection.fetchval("select idempotency_key from idempotent_requests") == "new"


BROKEN = APIRouter()


@BROKEN.post("/broken/{how}")
@BROKEN.put("/broken/{how}")
async def broken(how: str) -> None:
    raise {
        "bug": ZeroDivisionError("a secret"),
        "temporal": RPCError("gone", RPCStatusCode.UNAVAILABLE, b""),
        "database": ConnectionRefusedError("a secret"),
    }[how]


@pytest.fixture
async def broken_api(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with gateway(settings, routers=[BROKEN]) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "how", "then"),
    [
        ("POST", "bug", (500, "internal_error")),
        ("POST", "database", (503, "database_unavailable")),
        ("POST", "temporal", (503, "temporal_unavailable")),
        ("PUT", "bug", (500, "internal_error")),
        ("PUT", "database", (503, "database_unavailable")),
    ],
)
async def test_what_went_wrong_before_anything_was_written_may_be_tried_again(
    method: str, how: str, then: tuple[int, str], broken_api: httpx2.AsyncClient
) -> None:
    first = await send(broken_api, "k1", f"/broken/{how}", method=method)
    assert first.status_code >= 500
    refused(await send(broken_api, "k1", f"/broken/{how}", method=method), *then)
