"""Saving, reading and switching automations."""

from typing import Any

import httpx2
import pytest

from tests.api.asking import save_lead

WELCOME = {
    "api_name": "welcome",
    "name": "Welcome",
    "object": "lead",
    "steps": [{"type": "change_field_value", "changes": [{"field": "note", "value": "Hello {{ record.name }}"}]}],
}
YAML = """
api_name: welcome
name: Welcome
steps:
  - {type: delay, days: 1, at: 09:00}
"""


async def put(api: httpx2.AsyncClient, document: Any, **parts: Any) -> httpx2.Response:
    return await api.put("/automations/welcome", json=document, **parts)


async def test_saved_automation_comes_back_with_ids_and_revision(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    saved = await put(api, WELCOME)
    assert saved.status_code == 201
    assert saved.headers["etag"] == '"1"'
    assert saved.json()["document"]["steps"][0]["id"] == "change_field_value-1"
    read = (await api.get("/automations/welcome")).json()
    assert read["revision"] == 1
    assert not read["active"]


async def test_saving_again_raises_the_revision_and_keeps_what_ran_before(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await put(api, WELCOME)
    again = await put(api, {**WELCOME, "name": "Welcome back"})
    assert again.status_code == 200
    assert again.json()["revision"] == 2
    assert again.json()["name"] == "Welcome back"


async def test_yaml_is_read_by_the_rules_of_1_2(api: httpx2.AsyncClient) -> None:
    answer = await api.put("/automations/welcome", content=YAML, headers={"content-type": "application/yaml"})
    assert answer.status_code == 201
    assert answer.json()["document"]["steps"][0]["at"].startswith("09:00")


@pytest.mark.parametrize("guard", [{"headers": {"If-Match": '"1"'}}, {"params": {"last_revision": 1}}])
async def test_save_over_a_newer_revision_is_refused(api: httpx2.AsyncClient, guard: dict[str, Any]) -> None:
    await save_lead(api)
    await put(api, WELCOME)
    await put(api, {**WELCOME, "name": "Welcome back"})
    refused = await put(api, WELCOME, **guard)
    assert refused.status_code == 412
    assert refused.json()["code"] == "revision_changed"


async def test_all_mistakes_of_a_document_are_answered_at_once(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    steps = [{"type": "delay"}, {"type": "dance"}, {"type": "go_to_step", "step": "nowhere"}]
    refused = await put(api, {**WELCOME, "colour": "red", "steps": steps})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    found = {(error["path"], error["code"]) for error in refused.json()["errors"]}
    assert {("colour", "unknown_key"), ("steps[1].type", "unknown_step_type"), ("steps[2].step", "unknown_step")} <= found
    assert any(path.startswith("steps[0]") for path, _ in found)
    assert (await api.get("/automations/welcome")).status_code == 404


async def test_document_under_another_name_is_refused(api: httpx2.AsyncClient) -> None:
    refused = await api.put("/automations/goodbye", json={"api_name": "welcome", "name": "Welcome"})
    assert refused.json()["errors"][0] | {"sentence": ""} == {"path": "api_name", "code": "other_api_name", "sentence": ""}


async def test_starting_an_automation_that_is_not_there_yet_is_a_warning(api: httpx2.AsyncClient) -> None:
    step = {"type": "start_automation", "automations": ["later"], "on": "global"}
    saved = await put(api, {"api_name": "welcome", "name": "Welcome", "steps": [step]})
    assert saved.status_code == 201
    assert [(warning["path"], warning["code"]) for warning in saved.json()["warnings"]] == [
        ("steps[0].automations[0]", "unknown_automation")
    ]


async def test_a_schedule_whose_last_time_has_passed_is_a_warning(api: httpx2.AsyncClient) -> None:
    tick = {"type": "schedule", "rrule": "FREQ=DAILY;UNTIL=20200101"}
    saved = await put(api, {"api_name": "welcome", "name": "Welcome", "triggers": [tick]})
    assert saved.status_code == 201
    assert ("triggers[0].rrule", "schedule_over") in [(each["path"], each["code"]) for each in saved.json()["warnings"]]


async def test_automation_stays_with_its_object(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await put(api, WELCOME)
    refused = await put(api, {"api_name": "welcome", "name": "Welcome", "steps": []})
    assert (refused.status_code, refused.json()["code"]) == (409, "object_changed")


async def test_activating_twice_is_activating_once(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await put(api, WELCOME)
    for _ in range(2):
        answer = await api.post("/automations/welcome/activate")
        assert (answer.status_code, answer.json()["active"]) == (200, True)
        assert answer.json()["document"]["active"] is True
    assert (await api.post("/automations/welcome/deactivate")).json()["active"] is False
    assert (await api.post("/automations/nobody/activate")).json()["code"] == "automation_not_found"


async def test_list_pages_by_name(api: httpx2.AsyncClient) -> None:
    for name in ("c-third", "a-first", "b-second"):
        await api.put(f"/automations/{name}", json={"api_name": name, "name": name})
    first = (await api.get("/automations", params={"size": 2})).json()
    second = (await api.get("/automations", params={"size": 2, "cursor": first["next_cursor"]})).json()
    names = [automation["api_name"] for automation in first["items"] + second["items"]]
    assert names == ["a-first", "b-second", "c-third"]
    assert second["next_cursor"] is None


async def test_text_that_is_no_document_says_where(api: httpx2.AsyncClient) -> None:
    refused = await api.put("/automations/welcome", content="a: [1", headers={"content-type": "application/yaml"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_yaml")


async def test_save_that_does_not_speak_of_listening_leaves_it_on(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    await put(api, {**WELCOME, "active": True})
    assert (await put(api, WELCOME)).json()["active"] is True
    assert (await put(api, {**WELCOME, "active": False})).json()["active"] is False
    assert (await put(api, WELCOME)).json()["active"] is False
