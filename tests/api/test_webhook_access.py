"""Whom webhooks let in: by API key, by signature or all; and what a signed call that comes again is answered."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from api.webhooks.signatures import signature
from store.api_keys import NewKey, insert_api_key, new_key
from store.database import Database
from tests.api.asking import refused, save_lead
from tests.keys import bearing, key_for

SECRETS = "/automations/guarded/webhooks/form/secrets"


def document(auth: str | None = None, **parts: Any) -> dict[str, Any]:
    trigger = {"id": "t", "type": "webhook", "name": "form"} | ({"auth": auth} if auth else {})
    record = {"record": {"email": "$.who"}} if parts.get("object") else {}
    return {"api_name": "guarded", "name": "Guarded", "active": True, "triggers": [trigger | record], **parts}


async def save(api: httpx2.AsyncClient, auth: str | None = None, **parts: Any) -> None:
    answer = await api.put("/automations/guarded", json=document(auth, **parts))
    assert answer.status_code in (200, 201), answer.text


async def call(api: httpx2.AsyncClient, headers: dict[str, str], **parts: Any) -> httpx2.Response:
    """Without the key that the client bears by itself, unless the headers bring one."""
    return await api.post("/webhooks/guarded/form", headers={"Authorization": "", **headers}, **parts)


async def test_a_webhook_wants_an_api_key_unless_it_says_otherwise(api: httpx2.AsyncClient, database: Database) -> None:
    await save(api)
    refused(await call(api, {}), 401, "key_missing")
    refused(await call(api, bearing("esk_nobodys")), 401, "key_invalid")
    refused(await call(api, await key_for(database, "records:*", "executions:operate")), 403, "scope_missing")
    answer = await call(api, await key_for(database, "events:write"))
    assert (answer.status_code, answer.headers["everstep-outcome"]) == (200, "started")
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from webhook_deliveries") == 1
        assert await connection.fetchval("select count(*) from evaluations") == 1


async def test_why_a_key_is_not_valid_is_told(api: httpx2.AsyncClient, database: Database) -> None:
    await save(api, "api_key")
    now = datetime.now(UTC)
    async with database.connection() as connection:
        key = new_key()
        old = NewKey("old", ("events:write",), "the tests", now - timedelta(days=2), expires_at=now - timedelta(days=1))
        await insert_api_key(connection, old, key)
    refused(await call(api, bearing(key)), 401, "key_expired")
    async with database.connection() as connection:
        await connection.execute("update api_keys set revoked_at = now() where name = 'old'")
    refused(await call(api, bearing(key)), 401, "key_revoked")


async def test_a_key_for_one_object_calls_the_webhooks_of_its_automations_only(
    api: httpx2.AsyncClient, database: Database
) -> None:
    await save_lead(api)
    await save(api, object="lead")
    own, other = await key_for(database, "events:write@object/lead"), await key_for(database, "events:write@object/deal")
    assert (await call(api, own, json={"who": "ada@example.com"})).status_code == 200
    refused(await call(api, other, json={"who": "ada@example.com"}), 403, "scope_missing")
    await api.put("/automations/everywhere", json=document() | {"api_name": "everywhere"})
    refused(await api.post("/webhooks/everywhere/form", headers=own), 403, "scope_missing")


async def test_an_open_webhook_asks_for_no_key_and_minds_no_wrong_one(api: httpx2.AsyncClient) -> None:
    await save(api, "none")
    assert (await call(api, {})).status_code == 200
    assert (await call(api, bearing("esk_nobodys"))).status_code == 200


async def test_a_refused_call_leaves_a_line_in_the_log_without_what_it_brought(api: httpx2.AsyncClient) -> None:
    await save(api)
    with capture_logs() as logs:
        await call(api, bearing("esk_nobodys"), content=b"so secret")
    [line] = [each for each in logs if each["event"] == "webhook_refused"]
    assert (line["automation"], line["webhook"], line["why"]) == ("guarded", "form", "key_invalid")
    assert "secret" not in str(logs)
    assert "esk_nobodys" not in str(logs)


async def test_two_callers_may_name_their_calls_alike(api: httpx2.AsyncClient, database: Database) -> None:
    await save(api, "api_key")
    callers = [{**await key_for(database, "events:write", name=name), "Idempotency-Key": "42"} for name in ("shop", "mailer")]
    first = [(await call(api, caller)).json()["execution_id"] for caller in callers]
    again = [await call(api, caller) for caller in callers]
    assert len(set(first)) == 2
    assert [answer.json()["execution_id"] for answer in again] == first
    assert {answer.headers["idempotent-replayed"] for answer in again} == {"true"}


async def test_a_call_under_its_key_is_the_same_after_the_callers_key_was_rotated(api: httpx2.AsyncClient) -> None:
    await save(api, "api_key")
    made = (await api.post("/api-keys", json={"name": "shop", "scopes": ["events:write"]})).json()
    first = await call(api, {**bearing(made["key"]), "Idempotency-Key": "42"})
    made = (await api.post(f"/api-keys/{made['id']}/rotate")).json()
    assert (await call(api, {**bearing(made["key"]), "Idempotency-Key": "42"})).json() == first.json()


async def test_a_call_that_an_earlier_release_took_is_taken_no_second_time(api: httpx2.AsyncClient, database: Database) -> None:
    await save(api, "api_key")
    caller = {**await key_for(database, "events:write"), "Idempotency-Key": "42"}
    first = (await call(api, caller)).json()
    async with database.connection() as connection:
        await connection.execute("update webhook_deliveries set sender_id = null")
    assert (await call(api, caller)).json() == first


@pytest.mark.parametrize("auth", ["api_key", "none"])
async def test_only_a_signed_webhook_has_secrets(api: httpx2.AsyncClient, auth: str) -> None:
    await save(api, auth)
    refused(await api.post(SECRETS), 409, "not_signed")
    await save(api, "signature")
    assert (await api.post(SECRETS)).status_code == 201


async def signed(api: httpx2.AsyncClient, content: bytes = b"{}", *, seconds: float = 0) -> dict[str, str]:
    secret = (await api.post(SECRETS)).json()["secret"]
    return headers_of(secret, content, seconds)


def headers_of(secret: str, content: bytes, seconds: float = 0) -> dict[str, str]:
    at = str(int(datetime.now(UTC).timestamp() + seconds))
    return {"Everstep-Signature": f"t={at},v1={signature(secret, at, content)}"}


async def test_a_signed_call_that_comes_again_starts_nothing_new_under_whatever_key(
    api: httpx2.AsyncClient, database: Database
) -> None:
    await save(api, "signature")
    headers = await signed(api)
    first = await call(api, headers, content=b"{}")
    for more in ({}, {"Idempotency-Key": "another"}, {"webhook-id": "one more"}):
        again = await call(api, headers | more, content=b"{}")
        assert again.json() == first.json()
        assert (again.headers["idempotent-replayed"], again.headers["everstep-outcome"]) == ("true", "started")
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from executions") == 1
        assert await connection.fetchval("select count(*) from webhook_deliveries") == 1
        reasons = await connection.fetch("select reason, detail from evaluations where reason is not null")
    assert [row["reason"] for row in reasons] == ["duplicate"] * 3
    assert all("with the same signature" in row["detail"] for row in reasons)


async def test_of_a_signed_call_that_comes_several_times_at_once_one_starts(api: httpx2.AsyncClient, database: Database) -> None:
    await save(api, "signature")
    headers = await signed(api)
    answers = await asyncio.gather(*(call(api, headers, content=b"{}") for _ in range(6)))
    assert len({answer.json()["execution_id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from executions") == 1


async def test_during_a_rotation_it_is_the_same_call_by_either_signature(api: httpx2.AsyncClient) -> None:
    await save(api, "signature")
    old, new = [(await api.post(SECRETS)).json()["secret"] for _ in range(2)]
    at = str(int(datetime.now(UTC).timestamp()))
    both = ",".join(f"v1={signature(secret, at, b'{}')}" for secret in (old, new))
    first = await call(api, {"Everstep-Signature": f"t={at},{both}"}, content=b"{}")
    again = await call(api, {"Everstep-Signature": f"t={at},v1={signature(old, at, b'{}')}"}, content=b"{}")
    assert again.json() == first.json()
    assert "idempotent-replayed" in again.headers


async def test_another_body_or_another_second_is_another_call(api: httpx2.AsyncClient) -> None:
    await save(api, "signature")
    secret = (await api.post(SECRETS)).json()["secret"]
    calls = [(b"{}", 0), (b"[]", 0), (b"{}", 5)]
    answers = [await call(api, headers_of(secret, body, seconds), content=body) for body, seconds in calls]
    assert len({answer.json()["execution_id"] for answer in answers}) == 3


@pytest.mark.parametrize("seconds", [-600, 600])
async def test_a_call_by_a_clock_that_is_ten_minutes_off_is_refused(api: httpx2.AsyncClient, seconds: float) -> None:
    await save(api, "signature")
    refused(await call(api, await signed(api, seconds=seconds), content=b"{}"), 401, "signature_expired")
