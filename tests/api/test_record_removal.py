"""A record that was deleted for good, and what is left of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from activities.planning import scan_once
from store.database import Database
from tests.api.asking import refused
from tests.builders import delay, document
from tests.engine import LEAD, Engine, until
from tests.keys import key_for

SECRET = "something that nobody may read again"


@pytest.fixture(autouse=True)
async def lead(api: httpx2.AsyncClient) -> None:
    await api.put("/objects/lead", json=LEAD)


async def made(api: httpx2.AsyncClient, **values: Any) -> str:
    answer = await api.post("/objects/lead/records", json={"name": SECRET, "values": values})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_deleted_record_is_there_no_more(api: httpx2.AsyncClient) -> None:
    record = await made(api, status=SECRET)
    gone = await api.delete(f"/records/{record}")
    assert (gone.status_code, gone.json()["id"], gone.json()["canceled"]) == (200, record, 0)
    for answer in (
        await api.get(f"/records/{record}"),
        await api.patch(f"/records/{record}", json={"name": "B"}),
        await api.post(f"/records/{record}/archive"),
        await api.post(f"/records/{record}/unarchive"),
        await api.get(f"/records/{record}/activities"),
        await api.post(f"/records/{record}/activities", json={"type": "call", "status": "completed"}),
        await api.delete(f"/records/{record}"),
    ):
        refused(answer, 404, "record_not_found")
    assert (await api.get("/objects/lead/records", params={"archived": True})).json()["items"] == []


async def test_what_was_written_of_it_is_wiped_everywhere_but_in_the_histories_of_executions(
    api: httpx2.AsyncClient, database: Database
) -> None:
    record = await made(api, status=SECRET)
    await api.patch(f"/records/{record}", json={"values": {"status": f"{SECRET}!"}})
    await api.post(
        f"/records/{record}/activities",
        json={"type": "call", "status": "scheduled", "note": SECRET, "due_at": "2031-01-01T00:00:00Z"},
    )
    await api.delete(f"/records/{record}", params={"why": "asked for"})
    async with database.connection() as connection:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in tables:
            held = await connection.fetchval(f"select count(*) from {table} t where t::text like '%{SECRET}%'")
            assert held == 0, table
        [activity] = await connection.fetch("select status from crm_activities")
        audit = await connection.fetchrow("select actor, target, why, before from audit where action = 'record.deleted'")
    assert activity["status"] == "canceled"
    assert audit
    assert tuple(audit) == ("test", record, "asked for", None)


async def test_its_open_executions_end_and_are_still_read(api: httpx2.AsyncClient, engine: Engine) -> None:
    record = await made(api)
    await api.put("/automations/demo", json=document(object="lead", active=True, steps=[delay("wait")]))
    execution = (await api.post("/automations/demo/executions", json={"record_id": record})).json()["id"]
    await engine.in_state(UUID(execution), "paused", reason="delay")
    assert (await api.delete(f"/records/{record}")).json()["canceled"] == 1
    row = await engine.ended(UUID(execution), "canceled")
    assert (row["cancel_reason"], "deleted" in row["reason"]) == ("record_archived", True)
    assert (await api.get(f"/executions/{execution}/history")).json()["step_runs"][0]["step_id"] == "wait"
    refused(await api.post("/automations/demo/executions", json={"record_id": record}), 422, "unknown_record")


async def test_neither_the_relay_nor_what_is_due_trips_over_it(api: httpx2.AsyncClient, engine: Engine) -> None:
    listening = [
        {"id": "changed", "type": "field_updated", "field": "status", "filter": {"field": "seats", "op": ">", "value": 1}},
        {"id": "due", "type": "on_or_around_date", "field": "due"},
    ]
    await api.put("/automations/demo", json=document(object="lead", active=True, triggers=listening, steps=[delay("wait")]))
    record, other = await made(api, due="2031-01-01"), await made(api, due="2031-01-01", seats=2)

    async def planned() -> int:
        async with engine.database.connection() as connection:
            return await connection.fetchval("select count(*) from due_triggers")

    async def all_planned() -> bool:
        return await planned() == 2

    await until(all_planned)
    async with engine.database.transaction() as connection:
        await connection.execute(
            'update records set field_values = field_values || \'{"status": "x"}\' where id = $1', UUID(record)
        )
    await api.patch(f"/records/{record}", json={"values": {"status": "y"}})
    await api.delete(f"/records/{record}")
    assert await planned() == 1
    await api.patch(f"/records/{other}", json={"values": {"status": "y"}})
    started = await engine.latest("demo")
    assert started["record_id"] == UUID(other)
    await scan_once(engine.services, datetime.now(UTC))


async def test_a_deletion_heeds_what_its_author_saw_and_needs_its_scope(api: httpx2.AsyncClient, database: Database) -> None:
    record = await made(api)
    refused(await api.delete(f"/records/{record}", headers={"If-Match": '"2"'}), 412, "record_changed")
    editor = await key_for(database, "records:edit")
    refused(await api.delete(f"/records/{record}", headers=editor), 403, "scope_missing")
    refused(await api.delete(f"/records/{uuid4()}"), 404, "record_not_found")
    assert (await api.delete(f"/records/{record}", headers={"If-Match": '"1"'})).status_code == 200


async def test_a_deleted_record_can_be_no_ones_relationship(api: httpx2.AsyncClient) -> None:
    fields = [*LEAD["fields"], {"name": "friend", "type": "relationship", "object": "lead"}]
    await api.put("/objects/lead", json={**LEAD, "fields": fields})
    record = await made(api)
    await api.delete(f"/records/{record}")
    answer = await api.post("/objects/lead/records", json={"name": "B", "values": {"friend": record}})
    assert refused(answer, 422, "invalid_record_values")["errors"][0]["code"] == "unknown_record"


async def test_etags_guard_changes(api: httpx2.AsyncClient) -> None:
    created = await api.post("/objects/lead/records", json={"name": "Ada"})
    address = f"/records/{created.json()['id']}"
    assert created.headers["etag"] == (await api.get(address)).headers["etag"] == '"1"'
    changed = await api.patch(address, json={"name": "B"}, headers={"If-Match": '"1"'})
    assert changed.headers["etag"] == '"2"'
    for answer in (
        await api.patch(address, json={"name": "C"}, headers={"If-Match": '"1"'}),
        await api.post(f"{address}/archive", headers={"If-Match": '"1"'}),
        await api.post(f"{address}/unarchive", headers={"If-Match": '"1"'}),
    ):
        refused(answer, 412, "record_changed")
    refused(await api.patch(address, json={}, headers={"If-Match": "?"}), 400, "invalid_etag")
    assert (await api.post(f"{address}/archive", headers={"If-Match": '"2"'})).headers["etag"] == '"3"'
