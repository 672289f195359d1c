"""An execution that is over is taken up at an earlier step, as a new execution that is linked to it."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from store.step_runs import list_step_runs
from tests.api.asking import create_lead, refused, save_lead
from tests.builders import branch, change, condition, delay, request, start, stop, update, variable, webhook
from tests.engine import Engine
from tests.http_server import HttpServer

Json = dict[str, Any]


async def put(api: httpx2.AsyncClient, *steps: Json, **parts: Any) -> None:
    document = {"api_name": "subject", "name": "Subject", "active": True, "steps": list(steps), **parts}
    saved = await api.put("/automations/subject", json=document)
    assert saved.status_code < 300, saved.text


async def over(api: httpx2.AsyncClient, engine: Engine, state: str = "completed", **body: Any) -> str:
    """An execution that has run to its end."""
    started = await api.post("/automations/subject/executions", json=body)
    assert started.status_code == 202, started.text
    await engine.ended(UUID(started.json()["id"]), state)
    return started.json()["id"]


async def restart(api: httpx2.AsyncClient, execution: str, step: str, **body: Any) -> Json:
    answer = await api.post(f"/executions/{execution}/restart", json={"step": step, **body})
    assert answer.status_code == 202, answer.text
    return answer.json()


async def values(api: httpx2.AsyncClient, execution: str) -> Json:
    return {each["name"]: each["value"] for each in (await api.get(f"/executions/{execution}/variables")).json()}


TWO = [variable("seats", {"static": 5}), variable("size", {"static": 1})]


async def test_it_goes_on_from_the_step_with_the_variables_as_they_were_at_the_end(
    api: httpx2.AsyncClient, engine: Engine
) -> None:
    steps = [update("one", "seats", {"static": 7}), update("two", "size", {"variable": "seats"}), stop("end")]
    await put(api, *steps, variables=TWO)
    old = await over(api, engine)
    new = await restart(api, old, "two", by="ada@example.com", why="once more", variables={"seats": 9})
    assert (new["restarted_from"], new["root_id"], new["id"] != old) == (old, old, True)
    await engine.ended(UUID(new["id"]))
    assert await engine.visits(UUID(new["id"])) == [("two", "completed"), ("end", "completed")]
    assert (await values(api, old), await values(api, new["id"])) == ({"seats": "7", "size": "7"}, {"seats": "9", "size": "9"})


async def test_both_histories_say_who_restarted_it_and_why(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, stop("end"))
    old = await over(api, engine)
    new = await restart(api, old, "end", by="ada@example.com", why="once more")
    trigger = (await api.get(f"/executions/{new['id']}/history")).json()["trigger"]
    assert trigger["type"] == "manual"
    assert (trigger["restarted_from"], trigger["restarted_by"], trigger["restarted_why"]) == (old, "ada@example.com", "once more")
    assert trigger["event_at"] < trigger["restarted_at"]
    asked = (await api.get(f"/executions/{old}/history")).json()["requests"]
    assert [(each["kind"], each["asked_by"], each["why"], each["step_id"]) for each in asked] == [
        ("restart", "ada@example.com", "once more", "end")
    ]
    assert (await api.get(f"/executions/{old}")).json()["restarted_as"] == [new["id"]]


async def test_it_runs_the_newest_document(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, stop("broken", "fail"), variables=TWO)
    old = await over(api, engine, "failed")
    await put(api, {**stop("broken", "fail"), "skip": True}, update("more", "size", {"static": 3}), variables=TWO)
    new = await restart(api, old, "broken")
    await engine.ended(UUID(new["id"]))
    assert await engine.visits(UUID(new["id"])) == [("broken", "skipped"), ("more", "completed")]


async def test_variables_are_taken_anew_where_it_begins_with_their_step(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, update("one", "seats", {"static": 7}), variables=TWO)
    old = await over(api, engine, variables={"size": 4})
    new = await restart(api, old, "v-seats", variables={"seats": 8})
    await engine.ended(UUID(new["id"]))
    runs = {run["step_id"]: run["output"] for run in await engine.steps(UUID(new["id"]))}
    assert runs == {"v-seats": {"seats": "8"}, "v-size": {"size": "4"}, "one": {"seats": "7"}}


async def test_a_step_of_a_lane_goes_on_in_the_main_lane(api: httpx2.AsyncClient, engine: Engine) -> None:
    fork = branch("fork", [update("a", "seats"), update("b", "seats")], [update("c", "size")])
    await put(api, fork, stop("end"), variables=TWO)
    old = await over(api, engine)
    new = await restart(api, old, "a")
    await engine.ended(UUID(new["id"]))
    async with engine.database.connection() as connection:
        runs = await list_step_runs(connection, UUID(new["id"]))
    assert [(run["step_id"], run["lane"]) for run in runs] == [("a", ""), ("b", ""), ("end", "")]


async def test_a_branch_in_a_lane_forks_again(api: httpx2.AsyncClient, engine: Engine) -> None:
    inner = branch("inner", [update("a", "seats")], [update("b", "size")])
    await put(api, branch("outer", [inner, update("c", "seats")], []), stop("end"), variables=TWO)
    old = await over(api, engine)
    new = await restart(api, old, "inner")
    await engine.ended(UUID(new["id"]))
    assert sorted(step for step, _ in await engine.visits(UUID(new["id"]))) == ["a", "b", "c", "end", "inner"]


async def test_what_started_it_is_still_known(api: httpx2.AsyncClient, engine: Engine) -> None:
    hook = {**webhook(), "extract": {"seats": "$.seats"}}
    said = update("say", "seats", {"static": "{{ trigger.body.seats }}"})
    await put(api, said, triggers=[hook], variables=[variable("seats", {"webhook": "form", "value": "seats"})])
    called = await api.post("/webhooks/subject/form", json={"seats": 33})
    old = called.json()["execution_id"]
    await engine.ended(UUID(old))
    new = await restart(api, old, "say", variables={"seats": 1})
    await engine.ended(UUID(new["id"]))
    assert await values(api, new["id"]) == {"seats": "33"}
    assert new["trigger"]["webhook"] == "form"


async def test_priority_and_chain_are_kept(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, stop("end"))
    parent = {"api_name": "parent", "name": "Parent", "active": True, "priority": "low", "steps": [start("child", "subject")]}
    assert (await api.put("/automations/parent", json=parent)).status_code == 201
    root = (await api.post("/automations/parent/executions", json={})).json()["id"]
    await engine.ended(UUID(root))
    child = (await api.get("/executions", params={"automation": "subject"})).json()["items"][0]
    await engine.ended(UUID(child["id"]))
    new = await restart(api, child["id"], "end")
    kept = ("priority", "root_id", "parent_id", "depth")
    assert [new[name] for name in kept] == [child[name] for name in kept] == ["low", root, root, 1]


async def test_a_restart_does_not_count_as_a_start_of_the_chain(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, start("again", "other"))
    other = {"api_name": "other", "name": "Other", "active": True, "steps": [stop("end")]}
    await api.put("/automations/other", json=other)
    execution = await over(api, engine)
    for _ in range(engine.settings.max_starts_in_chain - 1):
        execution = (await restart(api, execution, "again"))["id"]
        await engine.ended(UUID(execution))
    started = (await api.get("/executions", params={"automation": "other"})).json()["items"]
    for each in started:
        await engine.ended(UUID(each["id"]))
        await restart(api, each["id"], "end")
    assert (await engine.steps(UUID(execution)))[0]["status"] == "completed"


async def test_a_restart_can_be_restarted(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, stop("end"))
    first = await over(api, engine)
    second = await restart(api, first, "end")
    await engine.ended(UUID(second["id"]))
    third = await restart(api, second["id"], "end")
    assert (third["restarted_from"], third["root_id"]) == (second["id"], first)
    await engine.ended(UUID(third["id"]))


async def test_a_call_is_another_one_to_the_other_side(api: httpx2.AsyncClient, engine: Engine, http: HttpServer) -> None:
    await put(api, request("call", f"{http.url}/200"))
    old = await over(api, engine)
    new = await restart(api, old, "call")
    await engine.ended(UUID(new["id"]))
    assert len({asked.headers["idempotency-key"] for asked in http.asked}) == 2


async def test_a_failed_execution_goes_on_where_it_failed_once_the_cause_is_mended(
    api: httpx2.AsyncClient, engine: Engine
) -> None:
    await save_lead(api)
    lead = (await create_lead(api)).json()
    await put(api, change("note", note="seen"), stop("broken", "fail"), object="lead")
    old = await over(api, engine, "failed", record_id=lead["id"])
    await put(api, change("note", note="seen"), stop("broken", "pause"), change("rest", note="done"), object="lead", active=False)
    new = await restart(api, old, "broken")
    assert new["record_id"] == lead["id"]
    await engine.in_state(UUID(new["id"]), "paused", reason="automation")
    await api.post(f"/executions/{new['id']}/resume")
    await engine.ended(UUID(new["id"]))
    assert (await api.get(f"/records/{lead['id']}")).json()["values"]["note"] == "done"


async def test_an_open_execution_is_not_restarted(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, delay("rest"))
    open_one = (await api.post("/automations/subject/executions", json={})).json()["id"]
    await engine.in_state(UUID(open_one), "paused", reason="delay")
    found = refused(await api.post(f"/executions/{open_one}/restart", json={"step": "rest"}), 409, "still_open")
    assert "cancel it first" in found["detail"]
    await api.post(f"/executions/{open_one}/cancel")
    await engine.ended(UUID(open_one), "canceled")
    await engine.in_state(UUID((await restart(api, open_one, "rest"))["id"]), "paused", reason="delay")


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"step": "nowhere"}, "unknown_step", "step"),
        ({"step": "yes"}, "step_not_run", "step"),
        ({"step": "end", "variables": {"seats": "many", "colour": 1}}, "invalid_start", "variables.seats"),
        ({"step": "not a step"}, "invalid_request", "step"),
        ({}, "invalid_request", "step"),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_place(
    api: httpx2.AsyncClient, engine: Engine, body: Json, code: str, path: str
) -> None:
    await put(api, condition("big", [stop("yes")]), stop("end"), variables=TWO)
    old = await over(api, engine)
    found = refused(await api.post(f"/executions/{old}/restart", json=body), 422, code)
    assert found["errors"][0]["path"] == path
    assert len((await api.get("/executions")).json()["items"]) == 1


async def test_a_deleted_step_and_an_archived_record_and_a_kill_switch_refuse_a_restart(
    api: httpx2.AsyncClient, engine: Engine
) -> None:
    await save_lead(api)
    lead = (await create_lead(api)).json()
    await put(api, stop("end"), object="lead")
    old = await over(api, engine, record_id=lead["id"])
    switch = {"scope": "automation", "key": "subject", "mode": "cancel", "by": "ada", "why": "wild"}
    switch = (await api.put("/kill-switches", json=switch)).json()
    refused(await api.post(f"/executions/{old}/restart", json={"step": "end"}), 409, "killed")
    await api.post(f"/kill-switches/{switch['id']}/lift", json={"by": "ada", "why": "tame"})
    await api.post(f"/records/{lead['id']}/archive")
    refused(await api.post(f"/executions/{old}/restart", json={"step": "end"}), 409, "record_archived")
    await api.post(f"/records/{lead['id']}/unarchive")
    await put(api, stop("other"), object="lead")
    refused(await api.post(f"/executions/{old}/restart", json={"step": "end"}), 422, "unknown_step")
    refused(await api.post(f"/executions/{uuid4()}/restart", json={"step": "end"}), 404, "execution_not_found")
