"""Message templates: saved whole, checked when they are saved, guarded against lost updates."""

from typing import Any

import httpx2
import pytest

from store.database import Database
from tests.api.asking import refused
from tests.keys import key_for

WELCOME = {"channel": "email", "name": "Welcome", "subject": "Welcome, {{ record.name }}", "body": "Hello"}


async def put(api: httpx2.AsyncClient, name: str = "welcome", *, headers: Any = None, **parts: Any) -> httpx2.Response:
    return await api.put(f"/message-templates/{name}", json={**WELCOME, **parts}, headers=headers)


async def test_a_template_is_saved_read_listed_changed_and_deleted(api: httpx2.AsyncClient) -> None:
    made = await put(api)
    assert (made.status_code, made.headers["etag"], made.json()["revision"]) == (201, '"1"', 1)
    again = await put(api)
    assert (again.status_code, again.json()["revision"]) == (200, 1)
    changed = await put(api, html="<p>Hello {{ record.owner.name }}</p>", headers={"If-Match": '"1"'})
    assert (changed.json()["revision"], changed.json()["html"]) == (2, "<p>Hello {{ record.owner.name }}</p>")
    refused(await put(api, headers={"If-Match": '"1"'}), 412, "revision_changed")
    refused(await put(api, "other", headers={"If-Match": '"1"'}), 412, "revision_changed")
    assert (await api.get("/message-templates/welcome")).json() == changed.json()
    await put(api, "code", channel="text", subject="")
    names = [item["api_name"] for item in (await api.get("/message-templates")).json()["items"]]
    texts = [item["api_name"] for item in (await api.get("/message-templates?channel=text")).json()["items"]]
    assert (names, texts) == (["code", "welcome"], ["code"])
    page = (await api.get("/message-templates?size=1")).json()
    rest = (await api.get("/message-templates", params={"size": 1, "cursor": page["next_cursor"]})).json()
    assert [page["items"][0]["api_name"], rest["items"][0]["api_name"], rest["next_cursor"]] == ["code", "welcome", None]
    refused(await api.delete("/message-templates/welcome", headers={"If-Match": '"1"'}), 412, "revision_changed")
    assert (await api.delete("/message-templates/welcome")).status_code == 204
    refused(await api.delete("/message-templates/welcome"), 404, "message_template_not_found")
    refused(await api.get("/message-templates/welcome"), 404, "message_template_not_found")
    actions = [entry["action"] for entry in (await api.get("/audit")).json()["items"]]
    assert actions.count("message_template.saved") == 3
    assert actions.count("message_template.deleted") == 1


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ({"subject": "{{ record.name", "body": "{% for x in y %}", "html": "{{ nothing.at }}"}, {
            "subject": "invalid_template", "body": "invalid_template", "html": "invalid_template",
        }),
        ({"body": "{{ secrets.token }}"}, {"body": "invalid_template"}),
        ({"subject": " "}, {"subject": "missing_key"}),
        ({"body": " "}, {"body": "missing_key"}),
        ({"channel": "text", "html": "<p>"}, {"subject": "invalid_value", "html": "invalid_value"}),
    ],
    ids=["unreadable", "secret", "no subject", "empty", "no mail"],
)  # fmt: skip
async def test_all_that_is_wrong_is_answered_at_once(api: httpx2.AsyncClient, parts: Any, wrong: dict[str, str]) -> None:
    found = refused(await put(api, **parts), 422, "invalid_message_template")
    assert {error["path"]: error["code"] for error in found["errors"]} == wrong
    refused(await api.get("/message-templates/welcome"), 404, "message_template_not_found")


async def test_a_key_for_one_automation_reads_templates_and_saves_none(api: httpx2.AsyncClient, database: Database) -> None:
    await put(api)
    limited = await key_for(database, "automations:edit@automation/demo-request")
    assert (await api.get("/message-templates/welcome", headers=limited)).status_code == 200
    refused(await put(api, headers=limited), 403, "scope_missing")
