"""Deleting an automation: what it leaves, and what it does not."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from activities.reconciling import Reconciler
from store.automations import delete_automation, read_automation
from store.database import Database
from tests.api.asking import refused
from tests.builders import change, delay, document, start, variable, webhook
from tests.engine import LEAD, Engine
from tests.keys import key_for

Json = dict[str, Any]
WAITING = document(active=True, variables=[variable("seats")], steps=[delay("wait")])


async def put(api: httpx2.AsyncClient, raw: Json) -> Json:
    saved = await api.put(f"/automations/{raw['api_name']}", json=raw)
    assert saved.status_code < 300, saved.text
    return saved.json()


async def started(api: httpx2.AsyncClient, **body: Any) -> str:
    answer = await api.post("/automations/demo/executions", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def test_a_deleted_automation_frees_its_name(api: httpx2.AsyncClient) -> None:
    first = await put(api, document(active=True, triggers=[webhook()]))
    gone = await api.delete("/automations/demo", params={"why": "not needed"})
    assert (gone.status_code, gone.json()["id"], gone.json()["canceled"]) == (200, first["id"], 0)
    refused(await api.get("/automations/demo"), 404, "automation_not_found")
    refused(await api.post("/webhooks/demo/form", json={}), 404, "webhook_not_found")
    refused(await api.delete("/automations/demo"), 404, "automation_not_found")
    refused(await api.post("/automations/demo/activate"), 404, "automation_not_found")
    assert (await api.get("/automations")).json()["items"] == []
    second = await put(api, document())
    assert (second["revision"], second["id"] == first["id"]) == (1, False)


async def test_open_executions_keep_it_unless_they_are_canceled(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, WAITING)
    execution = await started(api)
    await engine.in_state(UUID(execution), "paused", reason="delay")
    found = refused(await api.delete("/automations/demo"), 409, "executions_open")
    assert "1 open execution:" in found["detail"]
    gone = await api.delete("/automations/demo", params={"cancel_open": True, "why": "a mistake"})
    assert gone.json()["canceled"] == 1
    row = await engine.ended(UUID(execution), "canceled")
    assert (row["cancel_reason"], "a mistake" in row["reason"]) == ("person", True)


async def test_its_executions_are_read_as_they_were_beside_another_of_its_name(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, document(active=True, variables=[variable("seats", {"static": 7})], steps=[]))
    execution = await started(api)
    await engine.ended(UUID(execution))
    await api.delete("/automations/demo")
    await put(api, document(active=True, variables=[variable("other")], steps=[delay("v-seats")]))
    read = (await api.get(f"/executions/{execution}")).json()
    assert (read["automation"], read["automation_deleted"]) == ("demo", True)
    history = (await api.get(f"/executions/{execution}/history")).json()["step_runs"]
    assert [(run["step_id"], run["deleted"]) for run in history] == [("v-seats", False)]
    variables = (await api.get(f"/executions/{execution}/variables")).json()
    assert [(each["name"], each["value"]) for each in variables] == [("seats", "7")]
    assert (await api.get(f"/executions/{execution}/explain")).status_code == 200
    refused(await api.post(f"/executions/{execution}/restart", json={"step": "v-seats"}), 409, "automation_deleted")


async def test_nothing_of_it_listens_or_is_planned_any_more(api: httpx2.AsyncClient, database: Database) -> None:
    await api.put("/objects/lead", json=LEAD)
    listening = [
        {"id": "made", "type": "record_created"},
        {"id": "due", "type": "on_or_around_date", "field": "due"},
        {"id": "tick", "type": "schedule", "cron": "0 9 * * *"},
    ]
    await put(api, document(object="lead", active=True, triggers=listening, steps=[change("c", status="x")]))
    assert (await api.delete("/automations/demo")).status_code == 200
    async with database.connection() as connection:
        for table in ("listeners", "effects", "due_triggers", "due_scans", "schedules where definition is not null"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table


async def test_a_step_that_starts_it_fails_as_for_an_unknown_one(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, document(api_name="child", active=True))
    await put(api, document(active=True, steps=[start("call", "child")]))
    await api.delete("/automations/child")
    execution = await started(api)
    await engine.in_state(UUID(execution), "paused", reason="error")
    [run] = (await api.get(f"/executions/{execution}/history")).json()["step_runs"]
    assert run["error"]["code"] == "unknown_automation"


async def test_what_began_in_the_moment_of_the_deletion_is_ended_by_a_sweep(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, WAITING)
    execution = await started(api)
    await engine.in_state(UUID(execution), "paused", reason="delay")
    async with engine.database.transaction() as connection:
        row = await read_automation(connection, "demo")
        assert row
        await delete_automation(connection, row["id"], datetime.now(UTC))
    reconciler = Reconciler(engine.services)
    assert await reconciler.end_gone() == 1
    assert await reconciler.end_gone() == 0
    await engine.order(UUID(execution), "cancel")
    await engine.ended(UUID(execution), "canceled")


@pytest.mark.parametrize(("tag", "status"), [('"1"', 412), ('"2"', 200), ("*", 200), ("x", 400)])
async def test_a_deletion_heeds_what_its_author_saw(tag: str, status: int, api: httpx2.AsyncClient) -> None:
    await put(api, document())
    await put(api, document(name="New"))
    assert (await api.delete("/automations/demo", headers={"If-Match": tag})).status_code == status


async def test_a_deletion_needs_its_scope_and_is_kept_in_the_audit_log(api: httpx2.AsyncClient, database: Database) -> None:
    await put(api, document())
    editor, remover = await key_for(database, "automations:edit"), await key_for(database, "automations:remove", name="remover")
    refused(await api.delete("/automations/demo", headers=editor), 403, "scope_missing")
    assert (await api.delete("/automations/demo", headers=remover, params={"why": "old"})).status_code == 200
    async with database.connection() as connection:
        row = await connection.fetchrow("select actor, target, why from audit where action = 'automation.deleted'")
    assert row
    assert tuple(row) == ("remover", "demo", "old")
