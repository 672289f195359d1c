"""API keys are told once, rotated with a time of grace, and never all revoked."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from structlog.testing import capture_logs

from store.api_keys import NewKey, insert_api_key, new_key
from store.database import Database
from tests.api.asking import refused
from tests.keys import bearing, key_for


async def make(api: httpx2.AsyncClient, *scopes: str, name: str = "crm sync", **parts: Any) -> dict[str, Any]:
    answer = await api.post("/api-keys", json={"name": name, "scopes": list(scopes), **parts})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def knows(api: httpx2.AsyncClient, key: str) -> httpx2.Response:
    return await api.get("/api-keys/self", headers=bearing(key))


async def own_id(api: httpx2.AsyncClient) -> str:
    return (await api.get("/api-keys/self")).json()["id"]


async def test_a_key_is_told_once_and_lets_in(api: httpx2.AsyncClient, database: Database) -> None:
    with capture_logs() as logs:
        made = await make(api, "records:*@object/lead", "automations:view", "automations:view", requests_per_minute=60)
    key = made.pop("key")
    assert key.startswith("esk_")
    assert key.endswith(made["hint"])
    assert (made["scopes"], made["created_by"]) == (["records:*@object/lead", "automations:view"], "test")
    assert (await knows(api, key)).status_code == 200
    assert key not in str(logs)
    told = [await api.get(path) for path in ("/api-keys", f"/api-keys/{made['id']}", "/audit")]
    async with database.connection() as connection:
        kept = await connection.fetch("select api_keys::text from api_keys union all select audit::text from audit")
    assert not any(key in text for text in [*(answer.text for answer in told), str(kept)])
    assert "hash" not in str([answer.json() for answer in told])


async def test_the_answer_with_a_key_is_kept_by_nobody_on_its_way(api: httpx2.AsyncClient) -> None:
    body = {"name": "x", "scopes": ["admin"]}
    answer = await api.post("/api-keys", json=body, headers={"Idempotency-Key": "k"})
    assert answer.headers["cache-control"] == "no-store"
    again = await api.post("/api-keys", json=body, headers={"Idempotency-Key": "k"})
    assert f"/api-keys/{answer.json()['id']}" in refused(again, 409, "already_done")["detail"]
    assert answer.json()["key"] not in again.text


async def test_a_key_is_asked_for_what_it_may_do(api: httpx2.AsyncClient) -> None:
    made = await make(api, "executions:operate@automation/demo", "events:write@object/lead", "records:view", expires_in_days=3)
    found = (await knows(api, made["key"])).json()
    assert found["may"] == [
        {"scope": "automations:view", "everywhere": False, "objects": [], "automations": ["demo"]},
        {"scope": "executions:operate", "everywhere": False, "objects": [], "automations": ["demo"]},
        {"scope": "records:view", "everywhere": True, "objects": [], "automations": []},
        {"scope": "events:write", "everywhere": False, "objects": ["lead"], "automations": []},
    ]
    assert found["expires_at"] == made["expires_at"]
    assert "key" not in found


async def test_every_scope_that_is_none_is_named(api: httpx2.AsyncClient) -> None:
    scopes = ["records:view", "records:eat", "admin@object/lead"]
    found = refused(await api.post("/api-keys", json={"name": "x", "scopes": scopes}), 422, "invalid_scope")
    assert [error["path"] for error in found["errors"]] == ["scopes[1]", "scopes[2]"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "admin"}, "scopes"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00Z", "expires_in_days": 1}, "body"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"key": "esk_mine"}, "key"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(api: httpx2.AsyncClient, wrong: dict[str, Any], path: str) -> None:
    answer = await api.post("/api-keys", json={"name": "x", "scopes": ["admin"], **wrong})
    assert answer.status_code == 422, answer.text
    assert [error["path"] for error in answer.json()["errors"]] == [path]


async def test_keys_are_listed_newest_first_a_page_at_a_time(api: httpx2.AsyncClient) -> None:
    made = [(await make(api, "events:write", name=f"key {n}"))["id"] for n in range(3)]
    await api.post(f"/api-keys/{made[1]}/revoke")
    page = (await api.get("/api-keys", params={"size": 2})).json()
    rest = (await api.get("/api-keys", params={"size": 2, "cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == [made[2], made[0], await own_id(api)]
    everything = (await api.get("/api-keys", params={"revoked": True})).json()["items"]
    assert [item["id"] for item in everything[:3]] == made[::-1]
    refused(await api.get(f"/api-keys/{uuid4()}"), 404, "key_not_found")


async def test_a_key_that_expired_is_refused(api: httpx2.AsyncClient, database: Database) -> None:
    key, now = new_key(), datetime.now(UTC)
    async with database.connection() as connection:
        await insert_api_key(connection, NewKey("old", ["admin"], "test", now, now - timedelta(seconds=1)), key)
    refused(await knows(api, key), 401, "key_expired")


async def test_a_revoked_key_is_refused_from_then_on(api: httpx2.AsyncClient) -> None:
    made = await make(api, "events:write")
    revoked = (await api.post(f"/api-keys/{made['id']}/revoke", json={"why": "it leaked"})).json()
    assert (revoked["revoked_by"], revoked["revoked_at"] is not None) == ("test", True)
    refused(await knows(api, made["key"]), 401, "key_revoked")
    refused(await api.post(f"/api-keys/{made['id']}/revoke"), 409, "already_revoked")
    refused(await api.post(f"/api-keys/{made['id']}/rotate"), 409, "already_revoked")
    refused(await api.post(f"/api-keys/{uuid4()}/revoke"), 404, "key_not_found")


async def test_the_last_admin_key_stays(api: httpx2.AsyncClient, database: Database) -> None:
    await make(api, "automations:*", "records:*")
    async with database.connection() as connection:
        await insert_api_key(connection, _expired(), new_key())
    own = await own_id(api)
    refused(await api.post(f"/api-keys/{own}/revoke"), 409, "last_admin_key")
    await make(api, "admin")
    assert (await api.post(f"/api-keys/{own}/revoke")).status_code == 200
    refused(await api.get("/automations"), 401, "key_revoked")


def _expired() -> NewKey:
    now = datetime.now(UTC)
    return NewKey("gone", ["admin"], "test", now, now - timedelta(days=1))


async def test_two_admin_keys_that_revoke_each_other_leave_one(api: httpx2.AsyncClient) -> None:
    first, second = await own_id(api), await make(api, "admin")
    answers = await asyncio.gather(
        api.post(f"/api-keys/{second['id']}/revoke"),
        api.post(f"/api-keys/{first}/revoke", headers=bearing(second["key"])),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 409])
    assert sorted([(await api.get("/automations")).status_code, (await knows(api, second["key"])).status_code]) == [200, 401]


async def test_a_rotated_key_is_taken_until_the_grace_time_is_over(api: httpx2.AsyncClient, database: Database) -> None:
    old = await make(api, "records:view@object/lead", requests_per_minute=7)
    answer = await api.post(f"/api-keys/{old['id']}/rotate", json={"grace_hours": 2})
    new = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert new["key"] != old["key"]
    assert [new[name] for name in ("name", "scopes", "requests_per_minute", "expires_at")] == [
        "crm sync", ["records:view@object/lead"], 7, None,
    ]  # fmt: skip
    found = (await knows(api, old["key"])).json()
    assert found["replaced_by"] == new["id"]
    left = datetime.fromisoformat(found["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=1) < left <= timedelta(hours=2)
    assert (await knows(api, new["key"])).status_code == 200
    refused(await api.post(f"/api-keys/{old['id']}/rotate"), 409, "already_rotated")


async def test_without_grace_a_rotated_key_is_refused_at_once(api: httpx2.AsyncClient) -> None:
    old = await make(api, "admin")
    assert (await api.post(f"/api-keys/{old['id']}/rotate", json={"grace_hours": 0})).status_code == 201
    refused(await knows(api, old["key"]), 401, "key_expired")


async def test_a_key_that_expires_is_rotated_into_one_that_lives_as_long(api: httpx2.AsyncClient) -> None:
    old = await make(api, "admin", expires_in_days=2)
    new = (await api.post(f"/api-keys/{old['id']}/rotate", json={"grace_hours": 24 * 30})).json()
    lives = datetime.fromisoformat(new["expires_at"]) - datetime.fromisoformat(new["created_at"])
    assert lives == timedelta(days=2)
    assert (await knows(api, old["key"])).json()["expires_at"] == old["expires_at"]


async def test_a_key_is_touched_once_a_minute(api: httpx2.AsyncClient, database: Database) -> None:
    key = await key_for(database, "admin")

    async def used() -> Any:
        async with database.connection() as connection:
            return await connection.fetchval("select last_used_at from api_keys where name = 'limited'")

    assert await used() is None
    await api.get("/automations", headers=key)
    first = await used()
    await api.get("/automations", headers=key)
    assert first is not None
    assert await used() == first
    async with database.connection() as connection:
        await connection.execute("update api_keys set last_used_at = last_used_at - interval '1 minute'")
    await api.get("/automations", headers=key)
    assert await used() >= first
