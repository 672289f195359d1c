"""What people do is kept: who did it, with which key, and what it changed."""

import hashlib
from typing import Any
from uuid import UUID

import httpx2
import pytest

from store.audit import Actor, Deed, write_audit
from store.database import Database
from tests.api.asking import create_lead, refused, save_lead
from tests.api.audited_routes import AUDITED, UNAUDITED
from tests.api.gateway_routes import all_routes
from tests.builders import delay, document, stop, webhook
from tests.engine import Engine
from tests.keys import bearing, key_for

Json = dict[str, Any]


def test_every_writing_route_is_audited_or_says_why_not() -> None:
    assert {str(route) for route in all_routes() if route.writes} == {*AUDITED, *UNAUDITED}


async def audit(api: httpx2.AsyncClient, **parameters: Any) -> list[Json]:
    """Newest first."""
    answer = await api.get("/audit", params={"size": 200, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def newest(api: httpx2.AsyncClient, action: str, target: str | None = None) -> Json:
    found = (await audit(api, size=1))[0]
    assert (found["action"], found["target"]) == (action, target or found["target"])
    return found


async def ok(answer: httpx2.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def put_subject(api: httpx2.AsyncClient, *steps: Json, **parts: Any) -> Json:
    body = document(api_name="subject", active=True, steps=list(steps), **parts)
    return await ok(await api.put("/automations/subject", json=body))


async def begin(api: httpx2.AsyncClient, engine: Engine, **body: Any) -> str:
    """An execution that waits."""
    started = await ok(await api.post("/automations/subject/executions", json=body))
    await engine.in_state(UUID(started["id"]), "paused", reason="delay")
    return started["id"]


async def define(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    assert (await newest(api, "object.saved", "lead"))["before"] is None
    await ok(await api.put("/employees/ada@example.com", json={"name": "Ada"}))
    await ok(await api.put("/employees/ada@example.com", json={"name": "Ada L."}))
    found = await newest(api, "employee.saved", "ada@example.com")
    assert (found["before"]["name"], found["after"]["name"]) == ("Ada", "Ada L.")
    business = await ok(await api.get("/business"))
    await ok(await api.put("/business", json={**business, "timezone": "Europe/Vienna"}))
    assert (await newest(api, "business.saved"))["after"]["timezone"] == "Europe/Vienna"
    await put_subject(api, delay("rest"), stop("end"), triggers=[webhook(), webhook("s", "signed", auth="signature")])
    await ok(await api.post("/automations/subject/deactivate"))
    found = await newest(api, "automation.deactivated", "subject")
    assert (found["before"], found["after"]) == ({"active": True}, {"active": False})
    await ok(await api.post("/automations/subject/activate"))
    await newest(api, "automation.activated", "subject")


async def operate(api: httpx2.AsyncClient, engine: Engine, database: Database) -> None:
    first = await begin(api, engine, by="ada@example.com")
    assert (await newest(api, "execution.started", first))["actor"] == "ada@example.com"
    for verb, action in (("pause", "paused"), ("resume", "resumed")):
        await ok(await api.post(f"/executions/{first}/{verb}", json={"why": "lunch"}))
        assert (await newest(api, f"execution.{action}", first))["why"] == "lunch"
        await engine.in_state(UUID(first), "paused", reason="manual" if verb == "pause" else "delay")
    await ok(await api.post(f"/executions/{first}/skip", json={"by": "bob"}))
    found = await newest(api, "execution.skipped", first)
    assert (found["actor"], found["key_name"]) == ("bob", "test")
    assert found["before"] == {"state": "paused", "pause_reason": "delay"}
    await engine.ended(UUID(first))
    again = await ok(await api.post(f"/executions/{first}/restart", json={"step": "rest"}))
    assert (await newest(api, "execution.restarted", first))["after"] == {"execution_id": again["id"], "step": "rest"}
    await engine.in_state(UUID(again["id"]), "paused")
    async with database.connection() as connection:
        await connection.execute("update executions set state = 'retrying', pause_reason = null where id = $1", UUID(again["id"]))
    await ok(await api.post(f"/executions/{again['id']}/retry"))
    await newest(api, "execution.retried", again["id"])
    await ok(await api.post(f"/executions/{again['id']}/cancel", json={"why": "enough"}))
    await newest(api, "execution.canceled", again["id"])
    other = await begin(api, engine)
    bulk = await ok(await api.post("/executions/bulk/cancel", json={"ids": [other], "by": "bob"}))
    assert (await newest(api, "bulk_request.begun", bulk["id"]))["actor"] == "bob"
    async with engine.bulk_requesting():
        await engine.ended(UUID(other), "canceled")
    assert (await newest(api, "execution.canceled", other))["actor"] == "bob"
    bulk = await ok(await api.post("/executions/bulk/cancel", json={"ids": [other]}))
    await ok(await api.post(f"/bulk-requests/{bulk['id']}/cancel", json={"by": "ada", "why": "wrong list"}))
    assert (await newest(api, "bulk_request.canceled", bulk["id"]))["actor"] == "ada"
    recovery = await ok(await api.post("/recoveries", json={"decision": "start_again", "by": "ada"}))
    assert (await newest(api, "recovery.begun", recovery["id"]))["after"] == {"decision": "start_again"}


async def start_in_bulk(api: httpx2.AsyncClient) -> None:
    await ok(await api.put("/automations/leads", json=document(api_name="leads", object="lead", active=True, steps=[delay("d")])))
    begun = await ok(await api.post("/automations/leads/bulk-starts", json={"all": True}))
    assert (await newest(api, "bulk_start.begun", begun["id"]))["after"] == {"automation": "leads", "all": True}
    await ok(await api.post(f"/bulk-starts/{begun['id']}/cancel", json={"by": "ada", "why": "wrong list"}))
    assert (await newest(api, "bulk_start.canceled", begun["id"]))["actor"] == "ada"


async def switch(api: httpx2.AsyncClient) -> None:
    body = {"scope": "automation", "key": "leads", "mode": "hold", "why": "it runs wild"}
    stands = await ok(await api.put("/kill-switches", json=body))
    assert await ok(await api.put("/kill-switches", json=body)) == stands
    assert stands["set_by"] == "test"
    assert len(await audit(api, action="kill_switch.set")) == 1
    await ok(await api.post(f"/kill-switches/{stands['id']}/lift", json={"why": "mended"}))
    found = await newest(api, "kill_switch.lifted", stands["id"])
    assert (found["before"]["key"], found["why"]) == ("leads", "mended")


async def tend_webhooks(api: httpx2.AsyncClient) -> None:
    made = await ok(await api.post("/automations/subject/webhooks/signed/secrets"))
    found = await newest(api, "webhook_secret.made", "subject/signed")
    assert made["secret"] not in str(found)
    await ok(await api.delete(f"/automations/subject/webhooks/signed/secrets/{made['id']}"))
    await newest(api, "webhook_secret.deleted", "subject/signed")
    delivery = (await api.post("/webhooks/subject/form", json={})).headers["everstep-delivery"]
    again = await api.post(f"/webhook-deliveries/{delivery}/replay")
    assert (await newest(api, "delivery.replayed", delivery))["after"]["delivery_id"] == again.headers["everstep-delivery"]


async def tend_keys(api: httpx2.AsyncClient) -> None:
    made = await ok(await api.post("/api-keys", json={"name": "sync", "scopes": ["events:write"]}))
    said = {"name": "sync", "scopes": ["events:write"], "requests_per_minute": None, "expires_at": None}
    assert (await newest(api, "key.made", made["id"]))["after"] == said
    new = await ok(await api.post(f"/api-keys/{made['id']}/rotate"))
    assert (await newest(api, "key.rotated", made["id"]))["after"]["key_id"] == new["id"]
    await ok(await api.post(f"/api-keys/{made['id']}/revoke", json={"why": "it leaked"}))
    assert (await newest(api, "key.revoked", made["id"]))["why"] == "it leaked"


async def tend_secrets(api: httpx2.AsyncClient) -> None:
    await ok(await api.put("/secrets/crm_token", json={"value": "told to nobody"}))
    assert "told to nobody" not in str(await newest(api, "secret.saved", "crm_token"))
    await ok(await api.delete("/secrets/crm_token"))
    await newest(api, "secret.deleted", "crm_token")


async def tend_messages(api: httpx2.AsyncClient) -> None:
    texts = {"channel": "text", "name": "Hello", "body": "Hello {{ record.name }}"}
    await ok(await api.put("/message-templates/hello", json=texts))
    assert (await newest(api, "message_template.saved", "hello"))["after"]["body"] == texts["body"]
    await ok(await api.delete("/message-templates/hello"))
    await newest(api, "message_template.deleted", "hello")
    await ok(await api.put("/suppressions/email/ada@example.com", json={}))
    await ok(await api.delete("/suppressions/email/ada@example.com"))
    kept = await ok(await api.post("/files", params={"name": "a.txt"}, content=b"a", headers={"content-type": "text/plain"}))
    await newest(api, "file.kept", kept["id"])
    await ok(await api.delete(f"/files/{kept['id']}"))
    await newest(api, "file.deleted", kept["id"])


async def remove(api: httpx2.AsyncClient) -> None:
    await ok(await api.post("/automations/subject/duplicate", json={"api_name": "twin"}))
    await newest(api, "automation.saved", "twin")
    await ok(await api.delete("/automations/twin", params={"why": "not needed"}))
    found = await newest(api, "automation.deleted", "twin")
    assert (found["before"]["api_name"], found["after"], found["why"]) == ("twin", None, "not needed")
    record = (await create_lead(api)).json()["id"]
    await ok(await api.delete(f"/records/{record}"))
    await newest(api, "record.deleted", record)


async def test_each_deed_is_audited_as_the_table_says(api: httpx2.AsyncClient, engine: Engine, database: Database) -> None:
    await define(api)
    await operate(api, engine, database)
    await start_in_bulk(api)
    await switch(api)
    await tend_webhooks(api)
    await tend_keys(api)
    await tend_secrets(api)
    await tend_messages(api)
    await remove(api)
    assert {each["action"] for each in await audit(api)} == set(AUDITED.values())


async def test_a_save_is_audited_with_the_document_before_and_after(api: httpx2.AsyncClient) -> None:
    await put_subject(api, delay("rest"))
    first = await newest(api, "automation.saved", "subject")
    assert (first["before"], first["after"]["steps"][0]["id"]) == (None, "rest")
    await put_subject(api, stop("end"))
    second = await newest(api, "automation.saved", "subject")
    assert second["before"] == first["after"]
    assert [step["id"] for step in second["after"]["steps"]] == ["end"]


async def test_executions_that_a_save_pauses_are_audited_one_by_one(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put_subject(api, delay("rest"), stop("end"))
    execution = await begin(api, engine)
    body = document(api_name="subject", active=True, steps=[delay("rest"), stop("end", "fail")])
    await ok(await api.put("/automations/subject", params={"pause_affected": True, "by": "ada"}, json=body))
    [found] = await audit(api, kind="execution", target=execution, action="execution.paused")
    assert found["actor"] == "ada"
    history = await ok(await api.get(f"/executions/{execution}/history"))
    assert [request["asked_by"] for request in history["requests"]] == ["ada"]


async def test_what_did_not_happen_is_not_audited(api: httpx2.AsyncClient) -> None:
    await put_subject(api, delay("rest"))
    before = await audit(api)
    assert (
        await api.put("/automations/subject", params={"last_revision": 9}, json=document(api_name="subject"))
    ).status_code == 412
    assert (await api.post("/automations/subject/activate")).status_code == 200
    assert (await api.post("/automations/subject/executions", json={"variables": {"who": 1}})).status_code == 422
    assert (await api.post("/automations/nobody/executions", json={})).status_code == 404
    assert await audit(api) == before


async def test_a_call_without_a_name_is_that_of_its_key(api: httpx2.AsyncClient, database: Database, engine: Engine) -> None:
    await put_subject(api, delay("rest"), stop("end"))
    api.headers.update(await key_for(database, "executions:operate", name="night shift"))
    execution = await begin(api, engine)
    history = await ok(await api.get(f"/executions/{execution}/history"))
    assert history["trigger"]["by"] == "night shift"
    assert history["started"].startswith("Started by hand by night shift, on ")
    assert history["acts_as"] == "system"
    assert "not limited by the permissions" in history["acting"]
    await ok(await api.post(f"/executions/{execution}/cancel"))
    history = await ok(await api.get(f"/executions/{execution}/history"))
    assert [request["asked_by"] for request in history["requests"]] == ["night shift"]


async def test_a_crm_activity_is_done_by_the_key_unless_somebody_is_named(api: httpx2.AsyncClient) -> None:
    await save_lead(api)
    record = (await create_lead(api)).json()["id"]
    for by, told in ((None, "test"), ("ada", "ada")):
        body = {"type": "call", "status": "completed", **({"by": by} if by else {})}
        assert (await ok(await api.post(f"/records/{record}/activities", json=body)))["by"] == told


async def test_the_log_is_asked_by_what_was_done_and_to_what(api: httpx2.AsyncClient, database: Database) -> None:
    await save_lead(api)
    await put_subject(api, stop("end"))
    other = await key_for(database, "admin", name="other")
    await ok(await api.put("/automations/second", json=document(api_name="second"), headers=other))
    everything = await audit(api)
    assert [each["target"] for each in everything] == ["second", "subject", "lead"]
    asked = [
        ({"kind": "automation"}, ["second", "subject"]),
        ({"target": "subject"}, ["subject"]),
        ({"action": "object.saved"}, ["lead"]),
        ({"key_id": everything[0]["key_id"]}, ["second"]),
        ({"since": everything[1]["at"]}, ["second", "subject"]),
        ({"until": everything[1]["at"]}, ["lead"]),
        ({"kind": "automation", "until": everything[0]["at"]}, ["subject"]),
        ({"kind": "planet"}, []),
    ]
    for parameters, targets in asked:
        assert [each["target"] for each in await audit(api, **parameters)] == targets, parameters
    page = await ok(await api.get("/audit", params={"size": 2}))
    rest = await ok(await api.get("/audit", params={"size": 2, "cursor": page["next_cursor"]}))
    assert page["items"] + rest["items"] == everything


@pytest.mark.parametrize("wrong", [{"since": "yesterday"}, {"key_id": "x"}, {"kind": "x" * 99}, {"size": 0}])
async def test_a_question_that_makes_no_sense_is_refused(api: httpx2.AsyncClient, wrong: Json) -> None:
    [error] = refused(await api.get("/audit", params=wrong), 422, "invalid_request")["errors"]
    assert error["path"] in wrong


async def test_what_is_large_is_told_entry_by_entry(api: httpx2.AsyncClient) -> None:
    noise = hashlib.shake_128(b"what cannot be compressed").hexdigest(12_000)
    steps = [delay(f"s{n}", description=noise[n * 400 : n * 400 + 400]) for n in range(60)]
    await put_subject(api, *steps, stop("end"))
    found = await newest(api, "automation.saved", "subject")
    assert (found["after"], found["shortened"]) == (None, True)
    whole = await ok(await api.get(f"/audit/{found['id']}"))
    assert [step["id"] for step in whole["after"]["steps"]][-1] == "end"
    assert whole["shortened"] is False
    refused(await api.get(f"/audit/{UUID(int=1)}"), 404, "audit_entry_not_found")


async def test_what_is_done_beside_the_gateway_has_no_key(api: httpx2.AsyncClient, database: Database) -> None:
    async with database.transaction() as connection:
        await write_audit(connection, Actor(None, "the database's owner"), Deed("key.made", "key", "x"))
    found = await newest(api, "key.made", "x")
    assert (found["key_id"], found["key_name"], found["actor"]) == (None, None, "the database's owner")


async def test_the_log_is_for_administrators(api: httpx2.AsyncClient) -> None:
    refused(await api.get("/audit", headers=bearing("esk_nobody")), 401, "key_invalid")
