"""Secrets: set, listed by name, and deleted unless automations use them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from activities.encryption import keyring_of, new_key
from activities.resealing import reseal
from activities.secrets import place_of, webhook_secret
from activities.settings import Settings
from store.audit import list_audit
from store.database import Database
from store.ids import new_id
from store.secrets import sealed_secrets
from store.webhook_secrets import list_live_secrets
from tests.api.asking import refused
from tests.fixtures.api import gateway
from tests.keys import ENCRYPTION_KEY, key_for

HOOK = {"id": "hook", "type": "webhook", "name": "form", "method": "POST", "auth": "signature"}


def document(**step: Any) -> dict[str, Any]:
    call = {"id": "call", "type": "http_request", "url": "https://example.com", **step}
    return {"api_name": "subject", "name": "Subject", "triggers": [HOOK], "steps": [call]}


async def save(api: httpx2.AsyncClient, **step: Any) -> httpx2.Response:
    return await api.put("/automations/subject", json=document(**step))


@pytest.fixture
async def keyless(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with gateway(settings.model_copy(update={"encryption_keys": None})) as client:
        yield client


async def test_a_secret_is_set_replaced_listed_and_never_told(api: httpx2.AsyncClient, database: Database) -> None:
    first = await api.put("/secrets/stripe_key", json={"value": "sk_live_1"})
    second = await api.put("/secrets/stripe_key", json={"value": "sk_live_2"})
    assert (first.status_code, second.status_code) == (201, 200)
    [listed] = (await api.get("/secrets")).json()["items"]
    assert listed == second.json()
    assert (listed["name"], listed["updated_by"]) == ("stripe_key", "test")
    assert listed["created_at"] == first.json()["created_at"] < listed["updated_at"]
    assert "sk_live" not in first.text + second.text
    async with database.connection() as connection:
        rows = await list_audit(connection, kind="secret")
        sealed = await sealed_secrets(connection, ["stripe_key"])
    assert [(row["action"], row["target"]) for row in rows] == [("secret.saved", "stripe_key")] * 2
    assert keyring_of(ENCRYPTION_KEY).open(sealed["stripe_key"], place_of("stripe_key")) == b"sk_live_2"


@pytest.mark.parametrize("value", ["abc", "  abc  ", "a\x00bcd", "x" * (64 * 1024 + 1), 4711, None])
async def test_a_value_that_cannot_be_a_secret_is_refused_without_repeating_it(value: Any, api: httpx2.AsyncClient) -> None:
    answer = await api.put("/secrets/key", json={"value": value})
    assert answer.status_code in (400, 422)
    assert len(answer.text) < 1_000


async def test_names_are_those_of_variables(api: httpx2.AsyncClient) -> None:
    refused(await api.put("/secrets/Stripe-Key", json={"value": "sk_live"}), 422, "invalid_request")


async def test_a_secret_in_use_is_deleted_only_by_force(api: httpx2.AsyncClient) -> None:
    refused(await api.delete("/secrets/token"), 404, "secret_not_found")
    await api.put("/secrets/token", json={"value": "hush-hush"})
    await save(api, headers={"Authorization": "Bearer {{ secrets.token }}"})
    problem = refused(await api.delete("/secrets/token"), 409, "secret_in_use")
    assert problem["errors"][0]["path"] == "automations/subject"
    assert (await api.delete("/secrets/token?force=true")).status_code == 204
    assert (await api.get("/secrets")).json()["items"] == []


async def test_without_an_encryption_key_nothing_secret_is_taken(keyless: httpx2.AsyncClient) -> None:
    problem = refused(await keyless.put("/secrets/token", json={"value": "hush-hush"}), 409, "no_encryption_key")
    assert "EVERSTEP_ENCRYPTION_KEYS" in problem["detail"]
    assert (await save(keyless)).status_code == 201
    refused(await keyless.post("/automations/subject/webhooks/form/secrets"), 409, "no_encryption_key")
    assert (await keyless.get("/secrets")).json()["items"] == []


async def test_only_an_admin_sets_secrets_and_only_editors_see_their_names(api: httpx2.AsyncClient, database: Database) -> None:
    viewer, editor = [await key_for(database, scope) for scope in ("automations:view", "automations:edit@object/lead")]
    refused(await api.put("/secrets/token", json={"value": "hush-hush"}, headers=editor), 403, "scope_missing")
    refused(await api.delete("/secrets/token", headers=editor), 403, "scope_missing")
    refused(await api.get("/secrets", headers=viewer), 403, "scope_missing")
    assert (await api.get("/secrets", headers=editor)).status_code == 200


async def test_a_save_warns_of_a_secret_that_is_not_there_yet(api: httpx2.AsyncClient) -> None:
    saved = await save(api, json={"deep": ["{{ secrets.token }}"]}, headers={"X": "{{ secrets.token }}"})
    found = [(each["code"], each["path"]) for each in saved.json()["warnings"] if "secret" in each["code"]]
    assert found == [("unknown_secret", "steps[0].headers.X"), ("unknown_secret", "steps[0].json.deep[0]")]
    await api.put("/secrets/token", json={"value": "hush-hush"})
    assert "unknown_secret" not in (await save(api, url="https://example.com/{{ secrets.token }}")).text


@pytest.mark.parametrize("text", ["{{ secrets }}", "{{ secrets.a | upper }}", "{{ secrets.a[0] }}", "{{ secrets[variables.x] }}"])
async def test_a_part_of_a_secret_is_refused(text: str, api: httpx2.AsyncClient) -> None:
    problem = refused(await save(api, body=text), 422, "invalid_document")
    assert [(each["path"], each["code"]) for each in problem["errors"]] == [("steps[0].body", "invalid_template")]


async def test_a_secret_outside_of_http_requests_is_refused(api: httpx2.AsyncClient) -> None:
    variable = {"id": "v", "name": "v", "type": "string", "sources": [{"static": "{{ secrets.token }}"}]}
    answer = await api.put("/automations/subject", json={**document(), "variables": [variable]})
    [found] = refused(answer, 422, "invalid_document")["errors"]
    assert (found["path"], found["code"]) == ("variables[0].sources[0].static", "secret_not_allowed")


async def _automation_id(api: httpx2.AsyncClient) -> UUID:
    return UUID((await save(api)).json()["id"])


async def test_webhook_secrets_of_the_time_before_are_sealed_when_a_gateway_starts_with_a_key(
    database: Database, settings: Settings, keyless: httpx2.AsyncClient
) -> None:
    automation_id, now = await _automation_id(keyless), datetime.now(UTC)
    async with database.connection() as connection:
        await connection.execute(
            """
            insert into webhook_secrets (id, automation_id, webhook, secret, hint, created_at)
            values ($1, $2, 'form', $3, $4, $5)
            """,
            new_id(), automation_id, "whsec_old", "_old", now,
        )  # fmt: skip
    async with gateway(settings) as api:
        assert (await api.get("/automations/subject/webhooks/form/secrets")).json()[0]["hint"] == "_old"
    async with database.connection() as connection:
        [row] = await list_live_secrets(connection, automation_id, "form", now)
    assert row["secret"] is None
    assert webhook_secret(row, settings.keyring) == "whsec_old"


async def test_a_new_first_key_takes_over_and_the_old_one_may_go(
    api: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    await api.put("/secrets/token", json={"value": "hush-hush"})
    automation_id, newest = await _automation_id(api), new_key()
    made = (await api.post("/automations/subject/webhooks/form/secrets")).json()
    both, alone = keyring_of(f"{newest},{ENCRYPTION_KEY}"), keyring_of(newest)
    assert [await reseal(database, ring) for ring in (alone, both, both)] == [0, 2, 0]
    async with database.connection() as connection:
        sealed = await sealed_secrets(connection, ["token"])
        [row] = await list_live_secrets(connection, automation_id, "form", datetime.now(UTC))
    assert alone.open(sealed["token"], place_of("token")) == b"hush-hush"
    assert webhook_secret(row, alone) == made["secret"]
