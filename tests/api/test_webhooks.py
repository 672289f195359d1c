"""Webhooks: any payload starts."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings

from store.database import Database
from tests.api.asking import LEAD, create_lead, refused, save_lead
from tests.api.test_payloads import BODIES, CONTENT_TYPES
from tests.engine import Engine

GLOBAL = {
    "api_name": "hooked",
    "name": "Hooked",
    "active": True,
    "triggers": [
        {"id": "t", "type": "webhook", "name": "form", "auth": "none", "extract": {"seats": "$.company.seats"}},
        {"id": "g", "type": "webhook", "name": "ping", "method": "GET", "auth": "none", "extract": {"seats": "$.seats"}},
    ],
    "variables": [
        {
            "id": "v",
            "name": "seats",
            "type": "number",
            "sources": [{"webhook": "form", "value": "seats"}, {"webhook": "ping", "value": "seats"}],
        },
        {"id": "b", "name": "body", "sources": [{"webhook": "form", "body": True}]},
    ],
}


async def called(api: httpx2.AsyncClient, engine: Engine, **parts: Any) -> Any:
    """The finished execution's row."""
    await api.put("/automations/hooked", json=GLOBAL)
    answer = await api.post("/webhooks/hooked/form", **parts)
    assert answer.status_code == 200, answer.text
    return await engine.ended(UUID(answer.json()["execution_id"]))


async def test_extracted_values_reach_the_variables(api: httpx2.AsyncClient, engine: Engine) -> None:
    row = await called(api, engine, json={"company": {"seats": 12}})
    assert row["variables"]["seats"] == "12"
    assert row["trigger"]["event_at"] <= row["trigger"]["evaluated_at"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"company": {"seats":',
        b"",
        b"\x00\xff\xfe",
        b"null",
        b'"\\ud800"',
        b"[" * 10_000,
        b'{"company": {"seats": {"a": 1}}}'[:-1],
    ],
    ids=["broken", "nothing", "binary", "null", "half a character", "deep", "cut"],
)
async def test_broken_payload_still_starts_its_execution(api: httpx2.AsyncClient, engine: Engine, body: bytes) -> None:
    row = await called(api, engine, content=body, headers={"content-type": "application/json"})
    assert row["variables"]["seats"] is None


async def test_missing_value_surfaces_at_the_variable_that_needs_it(api: httpx2.AsyncClient, engine: Engine) -> None:
    document = {**GLOBAL, "variables": [{**GLOBAL["variables"][0], "required": True}]}
    await api.put("/automations/hooked", json=document)
    answer = await api.post("/webhooks/hooked/form", content=b"no json")
    row = await engine.in_state(UUID(answer.json()["execution_id"]), "paused", reason="error")
    assert "seats" in row["reason"]


async def test_query_of_a_get_is_the_payload(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    answer = await api.get("/webhooks/hooked/ping", params={"seats": "7"})
    row = await engine.ended(UUID(answer.json()["execution_id"]))
    assert row["variables"]["seats"] == "7"


async def test_wrong_method_and_unknown_webhook_are_refused(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    assert (await api.get("/webhooks/hooked/form")).status_code == 405
    assert (await api.post("/webhooks/hooked/other")).json()["code"] == "webhook_not_found"
    assert (await api.post("/webhooks/nobody/form")).status_code == 404


async def test_inactive_automation_takes_the_call_and_starts_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    saved = await api.put("/automations/hooked", json={**GLOBAL, "active": False})
    answer = await api.post("/webhooks/hooked/form", json={})
    assert answer.json() == {"execution_id": None, "automation_id": saved.json()["id"]}
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select outcome || ' ' || reason from evaluations") == "not_started inactive"


async def test_activating_again_starts_nothing_for_what_happened_meanwhile(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json={**GLOBAL, "active": False})
    await api.post("/webhooks/hooked/form", json={"company": {"seats": 1}})
    await api.post("/automations/hooked/activate")
    row = (await api.post("/webhooks/hooked/form", json={"company": {"seats": 2}})).json()
    await engine.ended(UUID(row["execution_id"]))
    listed = (await api.get("/executions", params={"automation": "hooked"})).json()["items"]
    assert [execution["id"] for execution in listed] == [row["execution_id"]]


async def test_record_is_found_by_email_or_the_call_starts_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    await save_lead(api)
    lead = (await api.post("/objects/lead/records", json={"name": "Ada", "values": {"email": "ada@example.com"}})).json()
    trigger = {"type": "webhook", "name": "form", "auth": "none", "record": {"email": "$.who"}}
    await api.put("/automations/hooked", json={**GLOBAL, "object": "lead", "triggers": [trigger], "variables": []})
    answer = await api.post("/webhooks/hooked/form", json={"who": "ada@EXAMPLE.com"})
    row = await engine.ended(UUID(answer.json()["execution_id"]))
    assert str(row["record_id"]) == lead["id"]
    assert (await api.post("/webhooks/hooked/form", json={"who": "eve@example.com"})).json()["execution_id"] is None
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from evaluations where reason = 'no_record'") == 1


async def test_oversized_payload_is_refused(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    assert (await api.post("/webhooks/hooked/form", content=b"x" * (1024 * 1024 + 1))).status_code == 413


async def outcome(api: httpx2.AsyncClient, answer: Any) -> tuple[str, str]:
    """Reason and sentence, as the delivery keeps them."""
    assert answer.status_code == 200, answer.text
    kept = (await api.get(f"/webhook-deliveries/{answer.headers['everstep-delivery']}")).json()
    assert answer.headers["everstep-outcome"] == (kept["reason"] or "started")
    assert (kept["execution_id"], kept["outcome"] == "started") == (answer.json()["execution_id"], kept["reason"] is None)
    return kept["reason"] or "started", kept["detail"] or ""


PARTS = {
    **GLOBAL,
    "triggers": [
        {
            "type": "webhook", "name": "form", "auth": "none", "raw_body": True,
            "extract": {"ref": {"from": "query", "path": "$.ref"}, "seats": {"from": "body", "path": "$.seats"}},
        }
    ],
    "variables": [
        {"name": "ref", "sources": [{"webhook": "form", "value": "ref"}]},
        {"name": "seats", "type": "number", "sources": [{"webhook": "form", "value": "seats"}]},
        {"name": "raw", "sources": [{"webhook": "form", "raw": True}]},
        {"name": "query", "sources": [{"webhook": "form", "query": True}]},
        {"name": "told", "sources": [{"static": "{{ trigger.query.ref }} {{ trigger.raw }} {{ trigger.body.seats }}"}]},
    ],
}  # fmt: skip


async def test_query_and_raw_body_of_a_post_can_be_read(api: httpx2.AsyncClient, engine: Engine) -> None:
    saved = await api.put("/automations/hooked", json=PARTS)
    assert saved.json()["document"]["triggers"][0]["extract"] == PARTS["triggers"][0]["extract"]
    answer = await api.post("/webhooks/hooked/form", params={"ref": "r7"}, content=b'{"seats":  4}')
    row = await engine.ended(UUID(answer.json()["execution_id"]))
    assert row["variables"] == {
        "ref": "r7", "seats": "4", "raw": '{"seats":  4}', "query": '{"ref": "r7"}', "told": 'r7 {"seats":  4} 4',
    }  # fmt: skip


async def test_an_extracted_path_that_matches_nothing_leaves_a_blank_and_is_told(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    answer = await api.post("/webhooks/hooked/form", json={"company": {}})
    row = await engine.ended(UUID(answer.json()["execution_id"]))
    assert (row["variables"]["seats"], row["trigger"]["not_found"]) == (None, ["seats"])


async def test_xml_reaches_the_variables_like_json(api: httpx2.AsyncClient, engine: Engine) -> None:
    row = await called(api, engine, content=b"<company><seats>12</seats></company>", headers={"content-type": "application/xml"})
    assert row["variables"]["seats"] == "12"


async def test_a_name_may_take_both_methods(api: httpx2.AsyncClient, engine: Engine) -> None:
    both = [{"type": "webhook", "name": "form", "auth": "none", "method": method} for method in ("GET", "POST")]
    await api.put("/automations/hooked", json={**GLOBAL, "triggers": both, "variables": []})
    for call in (api.get, api.post):
        row = await engine.ended(UUID((await call("/webhooks/hooked/form")).json()["execution_id"]))
        assert row["trigger"]["type"] == "webhook"


async def test_a_nul_in_the_query_is_no_reason_to_refuse_a_call(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/hooked", json=GLOBAL)
    answer = await api.get("/webhooks/hooked/ping?x=%00&seats=3")
    assert (await engine.ended(UUID(answer.json()["execution_id"])))["variables"]["seats"] == "3"


@given(content=BODIES, content_type=CONTENT_TYPES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_payload_of_any_type_starts(api: httpx2.AsyncClient, hooked: None, content: bytes, content_type: str) -> None:
    header = {b"content-type": content_type.encode("latin-1").replace(b"\r", b"").replace(b"\n", b"")}
    answer = await api.post("/webhooks/hooked/form", content=content, headers=header)
    assert (answer.status_code, answer.headers["everstep-outcome"]) == (200, "started"), answer.text


@pytest.fixture
async def hooked(api: httpx2.AsyncClient) -> None:
    await api.put("/automations/hooked", json=GLOBAL)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"<!DOCTYPE a [" + b'<!ENTITY l0 "ha">' + b'<!ENTITY l1 "&l0;&l0;">]><a>&l1;</a>', "text/xml"),
        (b"<a>" * 100_000, "application/xml"),
        (b"[" * 200_000 + b"]" * 200_000, "application/json"),
        (b"x" * 500_000 + b"\n" + b"1\n" * 100_000, "text/csv"),
        (b"a=1&" * 200_000, "application/x-www-form-urlencoded"),
    ],
    ids=["bomb", "deep xml", "deep json", "wide csv", "long form"],
)
async def test_a_payload_that_means_harm_starts_like_any_other(
    api: httpx2.AsyncClient, hooked: None, content: bytes, content_type: str
) -> None:
    answer = await api.post("/webhooks/hooked/form", content=content, headers={"content-type": content_type})
    assert (await outcome(api, answer))[0] == "started"


async def test_two_mebibytes_are_refused(api: httpx2.AsyncClient, hooked: None) -> None:
    refused(await api.post("/webhooks/hooked/form", content=b"x" * 2 * 1024 * 1024), 413, "body_too_large")


async def lead_hook(api: httpx2.AsyncClient, *, record: Any = None, **trigger: Any) -> str:
    """The id of the one lead that the webhook may find."""
    await save_lead(api)
    lead = await create_lead(api, name="Ada", values={"email": "ada@example.com", "seats": 5}, stage="New")
    named = {"type": "webhook", "name": "form", "auth": "none", "record": record or {"email": "$.who"}, **trigger}
    body = {"api_name": "hooked", "name": "Hooked", "active": True, "object": "lead", "triggers": [named]}
    saved = await api.put("/automations/hooked", json=body)
    assert saved.status_code in (200, 201), saved.text
    return lead.json()["id"]


@pytest.mark.parametrize(
    ("record", "body"),
    [
        ({"id": "$.id"}, lambda id: {"id": id}),
        ({"name": "$.name"}, lambda id: {"name": " ada "}),
        ({"email": "$.who"}, lambda id: {"who": "ada@EXAMPLE.com"}),
        ({"id": {"from": "query", "path": "$.id"}}, lambda id: {"id": "nobody"}),
    ],
    ids=["id", "name", "email", "query"],
)
async def test_the_record_is_named_by_id_name_or_email(api: httpx2.AsyncClient, record: Any, body: Any) -> None:
    lead = await lead_hook(api, record=record)
    answer = await api.post("/webhooks/hooked/form", json=body(lead), params={"id": lead})
    execution = (await api.get(f"/executions/{answer.json()['execution_id']}")).json()
    assert execution["record_id"] == lead


@pytest.mark.parametrize(
    ("record", "body", "says"),
    [
        ({"email": "$.who"}, {"who": "eve@example.com"}, "There is no lead of the email eve@example.com."),
        ({"email": "$.who"}, {"who": "no address"}, "There is no lead of the email no address."),
        ({"email": "$.who"}, {"other": 1}, "The body of the call has no email of a lead at $.who."),
        ({"email": "$.who"}, {"who": {"a": 1}}, "The body of the call has no email of a lead at $.who."),
        ({"id": "$.who"}, {"who": "no id"}, "There is no lead of the id no id."),
        ({"name": "$.who"}, {"who": 7}, "There is no lead of the name 7."),
        ({"id": {"from": "query", "path": "$.x"}}, {}, "The query of the call has no id of a lead at $.x."),
    ],
)
async def test_a_call_that_names_no_record_says_so(api: httpx2.AsyncClient, record: Any, body: Any, says: str) -> None:
    await lead_hook(api, record=record)
    assert await outcome(api, await api.post("/webhooks/hooked/form", json=body)) == ("no_record", says)


async def test_a_filter_asks_about_the_record_as_it_is_now(api: httpx2.AsyncClient, engine: Engine) -> None:
    lead = await lead_hook(
        api, filter={"all": [{"field": "seats", "op": ">", "value": 9}, {"field": "stage", "op": "=", "value": "New"}]}
    )
    answer = await api.post("/webhooks/hooked/form", json={"who": "ada@example.com"})
    reason, says = await outcome(api, answer)
    assert reason == "filtered"
    assert "seats > 9" in says
    assert "seats = 5" in says
    await api.patch(f"/records/{lead}", json={"values": {"seats": 10}})
    answer = await api.post("/webhooks/hooked/form", json={"who": "ada@example.com"})
    assert (await engine.ended(UUID(answer.json()["execution_id"])))["record_id"] == UUID(lead)


async def test_a_filter_that_broke_after_the_save_starts_nothing_and_says_why(api: httpx2.AsyncClient) -> None:
    await lead_hook(api, filter={"field": "seats", "op": "=", "value": 5})
    fields = [field for field in LEAD["fields"] if field["name"] != "seats"]
    assert (await save_lead(api, fields=fields)).status_code == 200
    reason, says = await outcome(api, await api.post("/webhooks/hooked/form", json={"who": "ada@example.com"}))
    assert reason == "error"
    assert "seats" in says


async def test_a_filter_has_no_place_in_a_global_automation(api: httpx2.AsyncClient) -> None:
    trigger = {"type": "webhook", "name": "form", "auth": "none", "filter": {"field": "seats", "op": "=", "value": 5}}
    saved = await api.put("/automations/hooked", json={**GLOBAL, "triggers": [trigger], "variables": []})
    assert saved.status_code == 422
    assert [error["path"] for error in saved.json()["errors"]] == ["triggers[0].filter"]


async def test_a_skipped_trigger_takes_the_call_and_starts_nothing(api: httpx2.AsyncClient) -> None:
    trigger = {"type": "webhook", "name": "form", "auth": "none", "skip": True}
    await api.put("/automations/hooked", json={**GLOBAL, "triggers": [trigger], "variables": []})
    assert (await outcome(api, await api.post("/webhooks/hooked/form")))[0] == "skipped"


async def test_a_quiet_call_names_the_window_and_the_firing(api: httpx2.AsyncClient) -> None:
    trigger = {"type": "webhook", "name": "form", "auth": "none", "throttle": "15m"}
    await api.put("/automations/hooked", json={**GLOBAL, "triggers": [trigger], "variables": []})
    first = await api.post("/webhooks/hooked/form")
    kept = (await api.get(f"/webhook-deliveries/{first.headers['everstep-delivery']}")).json()
    reason, says = await outcome(api, await api.post("/webhooks/hooked/form"))
    fired = datetime.fromisoformat(kept["received_at"])
    assert reason == "throttled"
    assert "quiet for 15m" in says
    assert f"{fired:%Y-%m-%d %H:%M:%S} UTC" in says


async def test_the_evaluation_tells_of_record_time_and_sentence(api: httpx2.AsyncClient, database: Database) -> None:
    lead = await lead_hook(api, filter={"field": "seats", "op": ">", "value": 9})
    await api.post("/webhooks/hooked/form", json={"who": "ada@example.com"})
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "select v.*, e.record_id as of, e.evaluated_at as told from evaluations v join events e on e.id = event_id"
        )
    assert row is not None
    assert (str(row["record_id"]), row["of"], row["reason"]) == (lead, row["record_id"], "filtered")
    assert "seats > 9" in row["detail"]
    assert row["event_at"] <= row["evaluated_at"] == row["told"]
