"""The remote codec: what Temporal keeps, in clear for those who may see it."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from activities.settings import Settings
from store.database import Database
from tests.api.asking import refused
from tests.fixtures.api import gateway
from tests.keys import ADMIN_KEY, CONVERTER, key_for

UI = "http://127.0.0.1:8233"


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Without a key of its own."""
    async with gateway(settings.model_copy(update={"web_ui_url": f"{UI}/namespaces"})) as client:
        del client.headers["authorization"]
        client.headers["origin"] = UI
        yield client


async def payloads(value: Any) -> dict[str, Any]:
    [sealed] = await CONVERTER.encode([value])
    metadata = {name: base64.b64encode(data).decode() for name, data in sealed.metadata.items()}
    return {"payloads": [{"metadata": metadata, "data": base64.b64encode(sealed.data).decode()}]}


def read(answer: httpx2.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [json.loads(base64.b64decode(each["data"])) for each in answer.json()["payloads"]]


async def test_payloads_are_decrypted_for_whoever_may_view_all_automations(
    browser: httpx2.AsyncClient, database: Database
) -> None:
    body, viewer = await payloads({"step": "wait"}), await key_for(database, "automations:view")
    limited = await key_for(database, "automations:view@automation/other")
    assert read(await browser.post("/codec/decode", json=body, headers=viewer)) == [{"step": "wait"}]
    refused(await browser.post("/codec/decode", json=body, headers=limited), 403, "scope_missing")
    refused(await browser.post("/codec/decode", json=body), 401, "key_missing")


async def test_what_is_encoded_decodes_again_and_what_is_plain_stays(browser: httpx2.AsyncClient, database: Database) -> None:
    viewer = await key_for(database, "automations:view")
    plain = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": base64.b64encode(b'"hi"').decode()}]}
    encoded = (await browser.post("/codec/encode", json=plain, headers=viewer)).json()
    assert encoded["payloads"][0]["data"] != plain["payloads"][0]["data"]
    assert (await browser.post("/codec/decode", json=encoded, headers=viewer)).json() == plain
    assert (await browser.post("/codec/decode", json=plain, headers=viewer)).json() == plain


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"payloads": 3}', b'{"payloads": [{"metadata": "x"}]}'])
async def test_what_is_no_list_of_payloads_is_refused(body: bytes, browser: httpx2.AsyncClient, database: Database) -> None:
    viewer = await key_for(database, "automations:view")
    answer = await browser.post("/codec/decode", content=body, headers={**viewer, "content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) in ((400, "invalid_payloads"), (400, "invalid_json"))


async def test_what_another_key_encrypted_is_told_as_such(browser: httpx2.AsyncClient, database: Database) -> None:
    body, viewer = await payloads("hi"), await key_for(database, "automations:view")
    body["payloads"][0]["data"] = base64.b64encode(b"\x01" + bytes(50)).decode()
    refused(await browser.post("/codec/decode", json=body, headers=viewer), 422, "cannot_be_decrypted")


async def test_a_session_begins_with_a_key_and_ends_with_it(
    browser: httpx2.AsyncClient, api: httpx2.AsyncClient, database: Database
) -> None:
    body, viewer = await payloads("hi"), await key_for(database, "automations:view", name="reader")
    key = viewer["Authorization"].removeprefix("Bearer ")
    assert "API key" in (await browser.get("/codec/sign-in")).text
    signed_in = await browser.post("/codec/sign-in", data={"key": key})
    cookie = signed_in.headers["set-cookie"]
    assert signed_in.status_code == 303
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/codec", "Max-Age=43200"))
    assert key not in cookie
    assert UI in (await browser.get("/codec/sign-in")).text
    assert read(await browser.post("/codec/decode", json=body)) == ["hi"]
    [row] = [each for each in (await api.get("/api-keys")).json()["items"] if each["name"] == "reader"]
    assert (await api.post(f"/api-keys/{row['id']}/revoke")).is_success
    refused(await browser.post("/codec/decode", json=body), 401, "key_revoked")
    assert "Sign in" in (await browser.get("/codec/sign-in")).text


async def test_signing_out_ends_the_session_in_this_browser(browser: httpx2.AsyncClient) -> None:
    await browser.post("/codec/sign-in", data={"key": ADMIN_KEY})
    await browser.post("/codec/sign-out")
    refused(await browser.post("/codec/decode", json=await payloads("hi")), 401, "key_missing")


@pytest.mark.parametrize("cookie", ["", "nonsense", "AAAA", base64.urlsafe_b64encode(b"\x01" + bytes(60)).decode()])
async def test_a_made_up_session_is_none(cookie: str, browser: httpx2.AsyncClient) -> None:
    browser.cookies.set("everstep_codec", cookie, path="/codec")
    answer = await browser.post("/codec/decode", json=await payloads("hi"))
    assert (answer.status_code, answer.json()["code"]) in ((401, "session_over"), (401, "key_missing"))


async def test_a_key_that_may_not_read_is_refused_on_the_page(browser: httpx2.AsyncClient, database: Database) -> None:
    writer = await key_for(database, "events:write")
    answer = await browser.post("/codec/sign-in", data={"key": writer["Authorization"].removeprefix("Bearer ")})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "lacks the scope automations:view" in answer.text
    assert (await browser.post("/codec/sign-in", data={"key": "<script>"})).status_code == 401
    assert (await browser.post("/codec/sign-in", data={})).status_code == 401


async def test_only_the_web_ui_may_ask_from_a_browser(browser: httpx2.AsyncClient) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-namespace"}
    allowed = await browser.options("/codec/decode", headers=asked)
    assert allowed.headers["access-control-allow-origin"] == UI
    assert allowed.headers["access-control-allow-credentials"] == "true"
    other = await browser.options("/codec/decode", headers={**asked, "origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


async def test_without_an_encryption_key_there_is_no_codec(settings: Settings) -> None:
    async with gateway(settings.model_copy(update={"encryption_keys": None})) as api:
        refused(await api.post("/codec/decode", json={"payloads": []}), 409, "no_encryption_key")
        refused(await api.get("/codec/sign-in"), 409, "no_encryption_key")
