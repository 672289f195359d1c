"""Executions by the API: start, look, pause, resume, cancel."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from api.executions import executions
from tests.api.asking import save_lead
from tests.engine import Engine, until

WAITING = {
    "api_name": "waiting",
    "name": "Waiting",
    "active": True,
    "variables": [
        {"id": "v", "name": "days", "type": "number", "sources": [{"static": 2}]},
        {"id": "w", "name": "who", "sources": [{"static": "nobody"}]},
    ],
    "steps": [
        {"id": "rest", "type": "delay", "for": {"variable": "days", "unit": "days"}},
        {"id": "end", "type": "stop_execution"},
    ],
}


async def waiting(api: httpx2.AsyncClient, engine: Engine, **body: Any) -> dict[str, Any]:
    await api.put("/automations/waiting", json=WAITING)
    started = await api.post("/automations/waiting/executions", json=body)
    assert started.status_code == 202, started.text
    await engine.in_state(UUID(started.json()["id"]), "paused", reason="delay")
    return started.json()


async def state(api: httpx2.AsyncClient, execution: dict[str, Any], wanted: str, reason: str | None = None) -> dict[str, Any]:
    async def found() -> Any:
        view = (await api.get(f"/executions/{execution['id']}")).json()
        return view if (view["state"], view["pause_reason"]) == (wanted, reason) else None

    return await until(found, says=f"{wanted} {reason}")


async def ask(api: httpx2.AsyncClient, execution: dict[str, Any], kind: str, **body: Any) -> httpx2.Response:
    return await api.post(f"/executions/{execution['id']}/{kind}", json=body)


async def test_execution_waits_where_its_document_says_and_shows_why(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine, variables={"who": "Ada"})
    view = await state(api, execution, "paused", "delay")
    assert view["step_id"] == "rest"
    assert view["waiting_until"] > view["created_at"]
    history = (await api.get(f"/executions/{execution['id']}/history")).json()
    assert [(run["step_id"], run["status"]) for run in history["step_runs"]] == [
        ("v", "completed"),
        ("w", "completed"),
        ("rest", "waiting"),
    ]
    assert history["trigger"]["type"] == "manual"
    variables = (await api.get(f"/executions/{execution['id']}/variables")).json()
    assert [(variable["name"], variable["value"]) for variable in variables] == [("days", "2"), ("who", "Ada")]


async def test_pause_resume_and_cancel_take_effect_and_say_by_whom(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    assert (await ask(api, execution, "pause", by="ada@example.com", why="lunch")).status_code == 202
    paused = await state(api, execution, "paused", "manual")
    assert paused["reason"] == "paused by ada@example.com: lunch"
    assert (await ask(api, execution, "resume")).status_code == 202
    await state(api, execution, "paused", "delay")
    assert (await ask(api, execution, "cancel", by="ada@example.com")).status_code == 202
    canceled = await state(api, execution, "canceled")
    assert "ada@example.com" in canceled["reason"]
    history = (await api.get(f"/executions/{execution['id']}/history")).json()
    assert history["step_runs"][-1]["status"] == "canceled"


async def test_resume_right_after_pause_is_understood(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    await ask(api, execution, "pause")
    assert (await ask(api, execution, "resume")).status_code == 202
    await state(api, execution, "paused", "delay")


async def test_what_does_not_apply_answers_409_with_the_state_found(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    for kind in ("resume", "retry"):
        refused = await ask(api, execution, kind)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_applicable")
        assert refused.json()["errors"][0]["code"] == "paused"
    await ask(api, execution, "cancel")
    await state(api, execution, "canceled")
    for kind in ("pause", "resume", "cancel", "skip", "retry"):
        assert (await ask(api, execution, kind)).status_code == 409


async def test_skip_passes_over_a_wait(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    assert (await ask(api, execution, "skip")).status_code == 202
    await state(api, execution, "completed")


async def test_unknown_execution_answers_404(api: httpx2.AsyncClient, engine: Engine) -> None:
    for path in ("", "/history", "/variables"):
        assert (await api.get(f"/executions/{uuid4()}{path}")).json()["code"] == "execution_not_found"
    assert (await api.post(f"/executions/{uuid4()}/pause")).status_code == 404


async def test_start_says_everything_that_does_not_fit(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/waiting", json=WAITING)
    refused = await api.post("/automations/waiting/executions", json={"variables": {"days": "many", "colour": "red"}})
    assert refused.status_code == 422
    assert {error["path"] for error in refused.json()["errors"]} == {"variables.days", "variables.colour"}
    refused = await api.post("/automations/waiting/executions", json={"record_id": str(uuid4())})
    assert refused.json()["code"] == "global_automation"
    assert (await api.get("/executions")).json()["items"] == []


async def test_inactive_automation_is_not_started(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/waiting", json={**WAITING, "active": False})
    refused = await api.post("/automations/waiting/executions", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "automation_inactive")


async def test_record_automation_needs_a_record_of_its_object(api: httpx2.AsyncClient, engine: Engine) -> None:
    await save_lead(api)
    await api.put("/automations/on-lead", json={"api_name": "on-lead", "name": "On a lead", "object": "lead", "active": True})
    assert (await api.post("/automations/on-lead/executions", json={})).json()["code"] == "record_required"
    body = {"record_id": str(uuid4())}
    assert (await api.post("/automations/on-lead/executions", json=body)).json()["code"] == "unknown_record"


async def test_list_filters_by_automation_and_state_newest_first(api: httpx2.AsyncClient, engine: Engine) -> None:
    first, second = await waiting(api, engine), await waiting(api, engine)
    await ask(api, first, "cancel")
    await state(api, first, "canceled")
    everything = (await api.get("/executions", params={"automation": "waiting"})).json()["items"]
    assert [execution["id"] for execution in everything] == [second["id"], first["id"]]
    paused = (await api.get("/executions", params={"state": "paused"})).json()["items"]
    assert [execution["id"] for execution in paused] == [second["id"]]


async def test_cancel_closes_what_a_terminated_workflow_left(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    await (await engine.handle(UUID(execution["id"]))).terminate()
    refused = await ask(api, execution, "skip")
    assert (refused.status_code, refused.json()["code"]) == (409, "workflow_gone")
    assert (await ask(api, execution, "cancel")).status_code == 202
    assert "terminated" in (await state(api, execution, "canceled"))["reason"]


async def test_a_page_of_the_history_ends_before_it_grows_too_large(
    api: httpx2.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "PAGE_BYTES", 1_500)
    names = ["one", "two", "three", "four"]
    large = [{"id": name, "name": name, "sources": [{"static": name[0] * 600}]} for name in names]
    document = {"api_name": "large", "name": "Large", "active": True, "variables": large}
    assert (await api.put("/automations/large", json=document)).status_code == 201
    started = (await api.post("/automations/large/executions", json={})).json()
    await engine.ended(UUID(started["id"]))
    found, after = list[list[str]](), 0
    while after is not None:
        page = (await api.get(f"/executions/{started['id']}/history", params={"after": after})).json()
        found.append([run["step_id"] for run in page["step_runs"]])
        after = page["next_after"]
    assert [step for page in found for step in page] == names
    assert len(found) == 4
