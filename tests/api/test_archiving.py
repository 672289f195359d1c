"""Archiving a record ends what runs on it, for good."""

from typing import Any
from uuid import UUID

import httpx2
import pytest

from activities.reconciling import Reconciler
from activities.settings import Settings
from tests.engine import Engine, until
from tests.fixtures.api import gateway
from tests.http_server import HttpServer
from tests.workflows.counting import COUNT, generous

REST = {"id": "rest", "type": "delay", "days": 1}
WRONG = {"id": "wrong", "type": "change_field_value", "changes": [{"field": "country", "value": "{{ record.name }}"}]}


async def on_record(engine: Engine, lead: UUID, *steps: Any, name: str = "subject") -> UUID:
    await engine.save(api_name=name, object="lead", steps=list(steps))
    return await engine.start(name, lead)


async def archive(api: httpx2.AsyncClient, lead: UUID) -> None:
    assert (await api.post(f"/records/{lead}/archive")).json()["archived_at"]


async def test_archiving_a_record_cancels_its_open_executions_and_no_others(api: httpx2.AsyncClient, engine: Engine) -> None:
    lead, other = await engine.lead(), await engine.lead("Grace")
    waiting = await on_record(engine, lead, REST)
    held = await on_record(engine, lead, WRONG, name="wrong")
    elsewhere = await on_record(engine, other, REST)
    for execution, reason in ((waiting, "delay"), (held, "error"), (elsewhere, "delay")):
        await engine.in_state(execution, "paused", reason=reason)
    unstarted = await engine.start(record=lead, launched=False)
    await archive(api, lead)
    for execution in (waiting, held, unstarted):
        row = await engine.ended(execution, "canceled")
        assert (row["cancel_reason"], row["request"]) == ("record_archived", None)
        assert "its record was archived" in row["reason"]
    assert (await engine.execution(elsewhere))["state"] == "paused"
    history = (await api.get(f"/executions/{waiting}/history")).json()
    assert [(asked["kind"], asked["asked_by"], asked["why"]) for asked in history["requests"]] == [
        ("cancel", "", "its record was archived")
    ]


async def test_unarchiving_brings_nothing_back(api: httpx2.AsyncClient, engine: Engine) -> None:
    lead = await engine.lead()
    execution = await on_record(engine, lead, REST)
    await engine.in_state(execution, "paused")
    await archive(api, lead)
    ended = await engine.ended(execution, "canceled")
    assert (await api.post(f"/records/{lead}/unarchive")).json()["archived_at"] is None
    assert await Reconciler(engine.services).sweep() == 0
    assert await engine.execution(execution) == ended
    again = await engine.start(record=lead)
    await engine.in_state(again, "paused", reason="delay")


async def test_a_busy_chain_takes_no_further_step_on_an_archived_record(api: httpx2.AsyncClient, engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[COUNT, {"id": "again", "type": "go_to_step", "step": "count"}])
    execution = await generous(engine, steps_per_run=5_000).start(record=lead)

    async def is_counting() -> bool:
        return (await engine.record(lead))["field_values"]["seats"] >= 20

    await until(is_counting)
    await archive(api, lead)
    seats = (await engine.record(lead))["field_values"]["seats"]
    row = await engine.ended(execution, "canceled")
    assert row["cancel_reason"] == "record_archived"
    assert (await engine.record(lead))["field_values"]["seats"] == seats


async def test_archiving_reaches_into_a_long_step(api: httpx2.AsyncClient, engine: Engine, http: HttpServer) -> None:
    http.hold()
    lead = await engine.lead()
    execution = await on_record(engine, lead, {"id": "call", "type": "http_request", "timeout_seconds": 60, "url": http.url})
    await http.was_asked()
    await archive(api, lead)
    await engine.ended(execution, "canceled", seconds=5)
    await http.was_hung_up_on()


async def test_archiving_needs_no_temporal_and_is_made_up_for(engine: Engine, settings: Settings) -> None:
    lead = await engine.lead()
    execution = await on_record(engine, lead, REST)
    await engine.in_state(execution, "paused")
    async with gateway(settings.model_copy(update={"temporal_address": "127.0.0.1:1"})) as api:
        await archive(api, lead)
        assert (await api.get(f"/executions/{execution}")).json()["requested"] == "cancel"
    async with engine.database.connection() as connection:
        await connection.execute("update executions set requested_at = now() - interval '1 minute'")
    assert await Reconciler(engine.services).signal_again() == 1
    assert (await engine.ended(execution, "canceled"))["cancel_reason"] == "record_archived"


async def test_archiving_again_tells_again_and_asks_only_once(api: httpx2.AsyncClient, engine: Engine) -> None:
    lead = await engine.lead()
    execution = await on_record(engine, lead, REST)
    await engine.in_state(execution, "paused")
    for _ in range(2):
        await archive(api, lead)
    await engine.ended(execution, "canceled")
    assert len((await api.get(f"/executions/{execution}/history")).json()["requests"]) == 1


@pytest.mark.parametrize("way", ["by hand", "webhook", "automation"])
async def test_nothing_starts_on_an_archived_record(api: httpx2.AsyncClient, engine: Engine, way: str) -> None:
    lead = await engine.lead(email="ada@example.com")
    hook = {"id": "hook", "type": "webhook", "name": "form", "auth": "none", "record": {"email": "$.email"}}
    await engine.save(api_name="child", object="lead", triggers=[hook], steps=[])
    await archive(api, lead)
    if way == "by hand":
        refused = await api.post("/automations/child/executions", json={"record_id": str(lead)})
        assert (refused.status_code, refused.json()["code"]) == (422, "record_archived")
    elif way == "webhook":
        called = await api.post("/webhooks/child/form", json={"email": "ada@example.com"})
        assert (called.status_code, called.json()["execution_id"]) == (200, None)
        async with engine.database.connection() as connection:
            assert await connection.fetchval("select reason from evaluations") == "no_record"
    else:
        parent = await started_in_between(engine, lead)
        assert (await engine.steps(parent))[0]["error"]["code"] == "record_archived"
    assert (await api.get("/executions", params={"automation": "child"})).json()["items"] == []


async def started_in_between(engine: Engine, lead: UUID) -> UUID:
    """By an execution that was made when its record was not archived yet, and that no cancel has reached."""
    go = {"id": "go", "type": "start_automation", "automations": ["child"]}
    await engine.save(api_name="parent", object="lead", steps=[go])
    async with engine.database.connection() as connection:
        await connection.execute("update records set archived_at = null")
    parent = await engine.start("parent", lead, launched=False)
    async with engine.database.connection() as connection:
        await connection.execute("update records set archived_at = now()")
    await engine.due(parent)
    await engine.in_state(parent, "paused", reason="error")
    return parent
