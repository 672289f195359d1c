"""Automations as files and as copies, lists of them, and what a save would say."""

from typing import Any

import httpx2
import pytest

from store.database import Database
from tests.api.asking import refused, save_lead
from tests.builders import delay, document, mail, start
from tests.keys import key_for

Json = dict[str, Any]

DEMO: Json = {
    "api_name": "demo",
    "name": "Demo",
    "object": "lead",
    "triggers": [{"id": "hook", "type": "webhook", "name": "form", "auth": "none", "record": {"email": "$.email"}}],
    "steps": [
        mail("tell", subject="yes", body="Dear Ada,\n\n{{ record.name }}: 09:00 # no comment\n"),
        delay("wait", at="09:00"),
    ],
}


async def put(api: httpx2.AsyncClient, raw: Json, **parts: Any) -> httpx2.Response:
    return await api.put(f"/automations/{raw['api_name']}", json=raw, **parts)


async def test_an_export_is_taken_back_and_changes_nothing(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    saved = await put(api, DEMO)
    exported = await api.get("/automations/demo/export")
    assert exported.headers["content-type"].startswith("application/yaml")
    assert exported.headers["etag"] == saved.headers["etag"] == '"1"'
    assert exported.text.startswith("api_name: demo\nname: Demo\nobject: lead\n")
    assert "body: |\n" in exported.text
    again = await api.put("/automations/demo", content=exported.content, headers={"content-type": "application/yaml"})
    assert (again.status_code, again.headers["etag"], again.json()["unchanged"]) == (200, '"1"', True)
    assert again.json()["document"] == saved.json()["document"]
    as_json = await api.get("/automations/demo/export", headers={"Accept": "application/json"})
    assert as_json.json() == saved.json()["document"]


async def test_a_save_that_says_the_same_makes_no_revision_and_no_entry_of_the_audit_log(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    for expected in (201, 200, 200):
        assert (await put(api, DEMO)).status_code == expected
    assert (await put(api, {**DEMO, "active": True})).json()["revision"] == 2
    beside_it = {"document": {}, "updated_at": "", "warnings": [], "hints": []}
    again, found = (await put(api, DEMO)).json(), (await api.get("/automations/demo")).json()
    assert again | beside_it == found | beside_it | {"unchanged": True}
    refused(await put(api, DEMO, headers={"If-Match": '"1"'}), 412, "revision_changed")


async def test_a_duplicate_has_the_same_steps_and_does_not_listen(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await put(api, {**DEMO, "active": True})
    made = await api.post("/automations/demo/duplicate", json={"api_name": "other"})
    assert made.status_code == 201, made.text
    copy = made.json()
    assert (copy["name"], copy["active"], copy["revision"], made.headers["etag"]) == ("Demo (copy)", False, 1, '"1"')
    original = (await api.get("/automations/demo")).json()["document"]
    assert copy["document"]["steps"] == original["steps"]
    assert copy["document"]["triggers"] == original["triggers"]
    refused(await api.post("/automations/demo/duplicate", json={"api_name": "other"}), 409, "automation_exists")
    refused(await api.post("/automations/nobody/duplicate", json={"api_name": "third"}), 404, "automation_not_found")
    refused(await api.post("/automations/demo/duplicate", json={"api_name": "No"}), 422, "invalid_request")
    named = await api.post("/automations/demo/duplicate", json={"api_name": "third", "name": "Third"})
    assert named.json()["name"] == "Third"


async def test_a_duplicate_needs_the_right_to_make_it(api: httpx2.AsyncClient, database: Database) -> None:
    await put(api, document())
    viewer = await key_for(database, "automations:view")
    refused(await api.post("/automations/demo/duplicate", json={"api_name": "b2"}, headers=viewer), 403, "scope_missing")


async def test_validation_says_what_a_save_says_and_changes_nothing(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    wrong = {**DEMO, "colour": "red", "steps": [{"type": "dance"}]}
    found = (await api.post("/automations/demo/validate", json=wrong)).json()
    assert found["valid"] is False
    saved = refused(await put(api, wrong), 422, "invalid_document")
    assert [(each["path"], each["code"]) for each in found["problems"]] == [
        (each["path"], each["code"]) for each in saved["errors"]
    ]
    ring = {"active": True, "steps": [start("other", "second")]}
    await put(api, document(api_name="second", active=True, steps=[start("first", "demo"), start("none", "nobody")]))
    found = (await api.post("/automations/demo/validate", json=document(**ring))).json()
    assert (found["valid"], [each["code"] for each in found["warnings"]]) == (True, ["automation_cycle"])
    assert (await api.get("/automations/demo")).status_code == 404
    found = (await api.post("/automations/validate", json=document(**ring))).json()
    assert found["valid"] is True
    other = (await api.post("/automations/other/validate", json=document())).json()
    assert [each["code"] for each in other["problems"]] == ["other_api_name"]
    no_text = (await api.post("/automations/validate", content="a: [1")).json()
    assert (no_text["valid"], no_text["problems"][0]["code"]) == (False, "invalid_yaml")


async def test_validation_says_that_an_automation_stays_with_its_object(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await put(api, DEMO)
    found = (await api.post("/automations/demo/validate", json=document())).json()
    assert [(each["path"], each["code"]) for each in found["problems"]] == [("object", "object_changed")]
    assert (await api.get("/automations/demo")).json()["revision"] == 1


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["a-first", "b-second", "c-third"]),
        ({"sort": "name"}, ["b-second", "c-third", "a-first"]),
        ({"sort": "-updated_at"}, ["c-third", "b-second", "a-first"]),
        ({"object": "lead"}, ["a-first"]),
        ({"object": "nothing"}, []),
        ({"active": True}, ["b-second"]),
        ({"name": "HR"}, ["c-third"]),
        ({"webhook": True}, ["a-first"]),
        ({"webhook": False}, ["b-second", "c-third"]),
    ],
)
async def test_a_list_is_filtered_and_sorted_page_by_page(params: Json, expected: list[str], api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await put(api, {**DEMO, "api_name": "a-first", "name": "zebra"})
    await put(api, document(api_name="b-second", name="Ape", active=True))
    await put(api, document(api_name="c-third", name="Shrew"))
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = (await api.get("/automations", params={**params, "size": 1, **({"cursor": cursor} if cursor else {})})).json()
        found += [each["api_name"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == expected
