"""Signed webhooks: secrets, their rotation, and what is refused."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import uvicorn

from activities.settings import Settings
from api.app import create_app
from api.webhooks.signatures import signature
from deploy.temporal import TemporalDevServer
from store.database import Database
from store.ids import new_id
from store.webhook_secrets import NewWebhookSecret, insert_webhook_secret, list_live_secrets
from tests.api.asking import refused
from tests.engine import until

SECRETS = "/automations/signed/webhooks/form/secrets"
SIGNED = {
    "api_name": "signed",
    "name": "Signed",
    "active": True,
    "triggers": [
        {"type": "webhook", "name": "form", "auth": "signature"},
        {"type": "webhook", "name": "form", "auth": "signature", "method": "GET"},
    ],
}


@pytest.fixture
async def automation_id(api: httpx2.AsyncClient) -> UUID:
    return UUID((await api.put("/automations/signed", json=SIGNED)).json()["id"])


async def make(api: httpx2.AsyncClient, **body: Any) -> Any:
    answer = await api.post(SECRETS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def call(api: httpx2.AsyncClient, secret: str, *, content: bytes = b'{"a": 1}', at: float = 0) -> httpx2.Response:
    seconds = str(int(datetime.now(UTC).timestamp() + at))
    header = {"Everstep-Signature": f"t={seconds},v1={signature(secret, seconds, content)}"}
    return await api.post("/webhooks/signed/form", content=content, headers=header)


async def test_a_secret_is_told_once(api: httpx2.AsyncClient, automation_id: UUID) -> None:
    made = await make(api)
    assert made["secret"].startswith("whsec_")
    assert (made["hint"], made["retires_at"]) == (made["secret"][-4:], None)
    listed = (await api.get(SECRETS)).json()
    assert listed == [{key: made[key] for key in ("id", "hint", "created_at", "retires_at")}]


async def test_a_signed_call_starts_and_others_leave_nothing_behind(
    api: httpx2.AsyncClient, automation_id: UUID, database: Database
) -> None:
    refused(await call(api, "whsec_any"), 401, "no_secret")
    secret = (await make(api))["secret"]
    refused(await api.post("/webhooks/signed/form"), 401, "signature_missing")
    refused(await api.post("/webhooks/signed/form", headers={"Everstep-Signature": "x"}), 401, "signature_malformed")
    refused(await call(api, secret + "x"), 401, "signature_wrong")
    refused(await call(api, secret, at=-310), 401, "signature_expired")
    refused(await call(api, secret, at=310), 401, "signature_expired")
    async with database.connection() as connection:
        for table in ("events", "evaluations", "executions", "webhook_deliveries"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0
    answer = await call(api, secret)
    assert answer.headers["everstep-outcome"] == "started"
    assert (await call(api, secret, at=-290)).status_code == 200
    assert (await call(api, secret, at=290)).status_code == 200
    assert (await call(api, secret, content=b"\xff\0 no json")).status_code == 200


async def test_of_a_get_the_query_is_signed(api: httpx2.AsyncClient, automation_id: UUID) -> None:
    secret = (await make(api))["secret"]
    seconds, query = str(int(datetime.now(UTC).timestamp())), "b=2&a=%C3%A4"
    header = {"Everstep-Signature": f"t={seconds},v1={signature(secret, seconds, query.encode())}"}
    assert (await api.get(f"/webhooks/signed/form?{query}", headers=header)).status_code == 200
    refused(await api.get(f"/webhooks/signed/form?{query}&c=3", headers=header), 401, "signature_wrong")


async def test_two_secrets_are_live_during_a_rotation(api: httpx2.AsyncClient, automation_id: UUID) -> None:
    first = await make(api)
    second = await make(api)
    assert [(await call(api, made["secret"])).status_code for made in (first, second)] == [200, 200]
    listed = (await api.get(SECRETS)).json()
    assert [each["id"] for each in listed] == [second["id"], first["id"]]
    grace = datetime.fromisoformat(listed[1]["retires_at"]) - datetime.fromisoformat(second["created_at"])
    assert grace == timedelta(hours=24)
    third = await make(api)
    assert [(await call(api, made["secret"])).status_code for made in (first, second, third)] == [401, 200, 200]


async def test_without_grace_the_secret_before_retires_at_once(api: httpx2.AsyncClient, automation_id: UUID) -> None:
    first = await make(api)
    second = await make(api, grace_hours=0)
    assert [(await call(api, made["secret"])).status_code for made in (first, second)] == [401, 200]
    refused(await api.post(SECRETS, json={"grace_hours": -1}), 422, "invalid_request")
    refused(await api.post(SECRETS, json={"grace": 1}), 422, "invalid_request")


def sealed(hint: str) -> NewWebhookSecret:
    return NewWebhookSecret(new_id(), b"", hint)


async def test_a_secret_retires_when_its_grace_is_over(api: httpx2.AsyncClient, automation_id: UUID, database: Database) -> None:
    now, hour = datetime(2026, 3, 1, 12, tzinfo=UTC), timedelta(hours=1)
    async with database.connection() as connection:
        for secret, made in (("old", now - hour), ("new", now)):
            await insert_webhook_secret(connection, automation_id, "form", sealed(secret), grace=hour, now=made)
        for after, live in ((timedelta(0), ["new", "old"]), (hour - timedelta(seconds=1), ["new", "old"]), (hour, ["new"])):
            rows = await list_live_secrets(connection, automation_id, "form", now + after)
            assert [row["hint"] for row in rows] == live


async def test_another_rotation_lets_no_secret_live_longer(
    api: httpx2.AsyncClient, automation_id: UUID, database: Database
) -> None:
    now, hour = datetime(2026, 3, 1, 12, tzinfo=UTC), timedelta(hours=1)
    async with database.connection() as connection:
        await insert_webhook_secret(connection, automation_id, "form", sealed("a"), grace=hour, now=now)
        row = await insert_webhook_secret(connection, automation_id, "form", sealed("b"), grace=hour, now=now)
        await connection.execute("delete from webhook_secrets where id = $1", row["id"])
        await insert_webhook_secret(connection, automation_id, "form", sealed("c"), grace=24 * hour, now=now)
        rows = await list_live_secrets(connection, automation_id, "form", now)
    assert [(row["hint"], row["retires_at"]) for row in rows] == [("c", None), ("a", now + hour)]


async def test_of_secrets_made_at_once_two_are_live(api: httpx2.AsyncClient, automation_id: UUID, database: Database) -> None:
    made = await asyncio.gather(*(make(api) for _ in range(8)))
    listed = (await api.get(SECRETS)).json()
    assert len(listed) == 2
    assert listed[0]["id"] in {each["id"] for each in made}
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from webhook_secrets") == 2


async def test_a_secret_can_be_taken_away(api: httpx2.AsyncClient, automation_id: UUID) -> None:
    made = await make(api)
    assert (await api.delete(f"{SECRETS}/{made['id']}")).status_code == 204
    refused(await call(api, made["secret"]), 401, "no_secret")
    refused(await api.delete(f"{SECRETS}/{made['id']}"), 404, "secret_not_found")
    refused(await api.delete(f"{SECRETS}/{uuid4()}"), 404, "secret_not_found")


async def test_secrets_are_those_of_a_webhook_that_is_there(api: httpx2.AsyncClient, automation_id: UUID) -> None:
    for path in ("/automations/signed/webhooks/other/secrets", "/automations/nobody/webhooks/form/secrets"):
        refused(await api.post(path), 404, "webhook_not_found")
        refused(await api.get(path), 404, "webhook_not_found")


EXAMPLE = r"""
body='{"contact": {"email": "ada@example.com"}}'
now=$(date +%s)
signature=$(printf '%s.%s' "$now" "$body" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/^.*= *//')
curl -sS "$GATEWAY/webhooks/signed/form" -H 'Content-Type: application/json' \
  -H "Everstep-Signature: t=$now,v1=$signature" --data-binary "$body" -D -
"""


@contextlib.asynccontextmanager
async def listening(settings: Settings) -> AsyncIterator[str]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None))
        serving = asyncio.create_task(server.serve([door]))

        async def started() -> bool:
            return server.started

        await until(started)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await serving


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="there is no curl or openssl here")
async def test_a_call_can_be_signed_with_curl_and_openssl(
    api: httpx2.AsyncClient, automation_id: UUID, settings: Settings, temporal: TemporalDevServer
) -> None:
    secret = (await make(api))["secret"]
    async with listening(settings.model_copy(update={"temporal_address": temporal.address})) as gateway:
        called = await asyncio.create_subprocess_exec(
            "bash", "-c", EXAMPLE, env={"SECRET": secret, "GATEWAY": gateway, "PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await called.communicate()
    assert b"everstep-outcome: started" in said, said
