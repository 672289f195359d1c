"""Executions explain themselves: where they are and why, on real ones."""

from typing import Any
from uuid import UUID, uuid4

import httpx2

from tests.api.asking import create_lead, refused, save_lead
from tests.builders import branch, condition, delay, modify, request, stop, variable
from tests.engine import Engine
from tests.http_server import HttpServer

Json = dict[str, Any]


async def started(api: httpx2.AsyncClient, *steps: Json, record: str | None = None, **parts: Any) -> str:
    document = {"api_name": "subject", "name": "Subject", "active": True, "steps": list(steps), **parts}
    saved = await api.put("/automations/subject", json=document)
    assert saved.status_code < 300, saved.text
    answer = await api.post("/automations/subject/executions", json={"record_id": record} if record else {})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def explained(api: httpx2.AsyncClient, execution: str) -> Json:
    answer = await api.get(f"/executions/{execution}/explain")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_delay_says_until_when_in_the_timezone_of_the_business(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/business", json={"name": "Acme", "timezone": "Europe/Berlin", "locale": "de"})
    wait = delay("rest", until="2030-07-01T07:00:00Z")
    execution = await started(api, wait)
    await engine.in_state(UUID(execution), "paused", reason="delay")
    found = await explained(api, execution)
    assert found["sentence"] == (
        "The execution waits until Monday 1 July 2030 at 09:00 CEST at step rest (until 2030-07-01T07:00:00+00:00)."
    )
    facts = found["facts"]
    assert (facts["step"], facts["until_local"], facts["can"]) == (
        "rest",
        "2030-07-01T09:00:00+02:00",
        ["pause", "cancel", "skip"],
    )


async def test_a_delay_that_a_holiday_moved_says_which(api: httpx2.AsyncClient, engine: Engine) -> None:
    business = {"name": "Acme", "timezone": "Europe/Berlin", "locale": "de", "calendar": {"country": "DE"}}
    assert (await api.put("/business", json=business)).status_code == 200
    wait = delay("rest", until="2037-12-25T08:00:00Z")
    execution = await started(api, wait, calendar={"skip_non_working_days": True})
    await engine.in_state(UUID(execution), "paused", reason="delay")
    found = await explained(api, execution)
    assert found["sentence"] == (
        "The execution waits until Monday 28 December 2037 at 09:00 CET at step rest (until 2037-12-25T08:00:00+00:00)."
        " It was moved there from Friday 25 December 2037 at 09:00 CET, which is no working day (Christmas Day)."
    )
    assert found["facts"]["moved"] == {
        "from": "2037-12-25T08:00:00+00:00",
        "passed": [
            {"date": "2037-12-25", "why": "Christmas Day"},
            {"date": "2037-12-26", "why": "Second Day of Christmas"},
            {"date": "2037-12-27", "why": "Sunday"},
        ],
    }


async def test_a_delay_by_a_variable_names_its_value(api: httpx2.AsyncClient, engine: Engine) -> None:
    wait = {"id": "rest", "type": "delay", "for": {"variable": "days", "unit": "days"}}
    execution = await started(api, wait, variables=[variable("days", {"static": 3})])
    await engine.in_state(UUID(execution), "paused", reason="delay")
    facts = (await explained(api, execution))["facts"]
    assert (facts["does"], facts["given"]) == ("days days", "3")


async def test_a_manual_pause_says_by_whom_and_that_the_clock_goes_on(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await started(api, delay("rest"))
    await engine.in_state(UUID(execution), "paused", reason="delay")
    await api.post(f"/executions/{execution}/pause", json={"by": "ada@example.com", "why": "lunch"})
    await engine.in_state(UUID(execution), "paused", reason="manual")
    found = await explained(api, execution)
    assert found["sentence"].startswith("The execution was paused by ada@example.com on ")
    assert ": lunch. It stands at step rest (1 day); its wait goes on meanwhile, until " in found["sentence"]
    assert (found["facts"]["by"], found["facts"]["why"]) == ("ada@example.com", "lunch")


async def test_a_failed_step_says_what_went_wrong(api: httpx2.AsyncClient, engine: Engine, http: HttpServer) -> None:
    http.answers = (404,)
    execution = await started(api, request("call", http.url))
    await engine.in_state(UUID(execution), "paused", reason="error")
    found = await explained(api, execution)
    assert "as step call (GET http" in found["sentence"]
    assert "404" in found["sentence"]
    assert (found["facts"]["code"], found["facts"]["attempts"]) == ("http_refused", 1)
    assert found["facts"]["can"] == ["resume", "cancel", "skip"]


async def test_a_retry_says_which_attempt_follows_and_when(api: httpx2.AsyncClient, engine: Engine, http: HttpServer) -> None:
    http.answers = (500,)
    execution = await started(api, request("call", http.url))
    row = await engine.in_state(UUID(execution), "retrying")
    found = await explained(api, execution)
    assert "Attempt 2 of 5 follows on " in found["sentence"]
    assert (found["facts"]["retry_at"], found["facts"]["code"]) == (row["retry_at"].isoformat(), "http_server_error")


async def test_a_running_step_says_since_when_and_that_it_is_to_pause(
    api: httpx2.AsyncClient, engine: Engine, http: HttpServer
) -> None:
    http.hold()
    execution = await started(api, request("call", http.url))
    await http.was_asked()
    assert (await explained(api, execution))["sentence"].startswith("The execution is running step call (GET http")
    await api.post(f"/executions/{execution}/pause", json={"by": "ada@example.com"})
    found = await explained(api, execution)
    assert found["sentence"].startswith("A pause was asked for by ada@example.com on ")
    assert found["facts"]["requested"] == {"kind": "pause", "by": "ada@example.com", "why": ""}
    http.let_go()
    await engine.ended(UUID(execution))


async def test_a_condition_that_cannot_be_decided_says_which_paths_there_are(api: httpx2.AsyncClient, engine: Engine) -> None:
    await save_lead(api)
    lead = (await create_lead(api)).json()["id"]
    asks = condition("big", [stop("end")], **{"if": {"field": "seats", "op": ">=", "value": 5}})
    execution = await started(api, delay("rest"), asks, record=lead, object="lead")
    await engine.in_state(UUID(execution), "paused", reason="delay")
    fields = [{"name": "note", "type": "longtext"}]
    assert (await api.put("/objects/lead", json={"api_name": "lead", "name": "Lead", "fields": fields})).status_code == 200
    await api.post(f"/executions/{execution}/skip")
    await engine.in_state(UUID(execution), "paused", reason="condition_error")
    found = await explained(api, execution)
    assert "step big (seats >= 5) could not be decided" in found["sentence"]
    assert (found["facts"]["code"], found["facts"]["paths"]) == ("unknown_field", ["yes", "no"])


async def test_what_a_kill_switch_holds_names_it(api: httpx2.AsyncClient, engine: Engine) -> None:
    switch = {"scope": "step_type", "key": "delay", "mode": "hold", "by": "bob@example.com", "why": "wild"}
    assert (await api.put("/kill-switches", json=switch)).status_code == 201
    execution = await started(api, delay("rest"))
    await engine.in_state(UUID(execution), "paused", reason="kill_switch")
    found = await explained(api, execution)
    assert found["sentence"].startswith("The execution is held before step rest (1 day) since ")
    assert "by the kill switch for step type delay, which bob@example.com set on " in found["sentence"]
    assert (found["facts"]["by"], found["facts"]["why"], found["facts"]["can"]) == ("bob@example.com", "wild", ["cancel"])


async def test_a_queued_execution_says_that_no_worker_has_it_yet(api: httpx2.AsyncClient, engine: Engine) -> None:
    await engine.save(steps=[delay("rest")])
    execution = await engine.start(launched=False)
    assert (await explained(api, str(execution)))["sentence"].startswith("The execution is queued since ")


async def test_lanes_are_explained_one_by_one(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await started(api, branch("fork", left=[delay("rest")], right=[stop("hold", "pause", reason="look at it")]))
    row = await engine.in_state(UUID(execution), "paused", reason="automation")
    assert row["lanes"]
    found = await explained(api, execution)
    assert found["sentence"].startswith("Step hold (pause) paused lane fork:right on ")
    assert found["sentence"].endswith(": look at it. Resume it to go on after the step. 1 more lane is under way.")
    assert [(each["lane"], each["pause_reason"]) for each in found["facts"]["lanes"]] == [
        ("fork:right", "automation"),
        ("fork:left", "delay"),
    ]
    shown = (await api.get(f"/executions/{execution}")).json()["lanes"]
    assert {(each["lane"], each["step_id"], each["pause_reason"]) for each in shown} == {
        ("fork:left", "rest", "delay"),
        ("fork:right", "hold", "automation"),
    }
    history = (await api.get(f"/executions/{execution}/history")).json()["step_runs"]
    assert {(run["step_id"], run["lane"]) for run in history} == {("fork", ""), ("rest", "fork:left"), ("hold", "fork:right")}


async def test_a_step_before_which_a_loop_stands_again_is_not_told_by_its_last_visit(
    api: httpx2.AsyncClient, engine: Engine
) -> None:
    await engine.save(steps=[delay("rest"), stop("end")])
    execution = await engine.start(launched=False)
    async with engine.database.connection() as connection:
        await connection.execute("update executions set workflow_started = true where id = $1", execution)
        await connection.execute(
            "insert into step_runs (execution_id, sequence, step_id, step_type, revision, status, attempt, started_at)"
            " values ($1, 1, 'rest', 'delay', 1, 'completed', 1, now())",
            execution,
        )
    assert (await explained(api, str(execution)))["sentence"].startswith("Step rest (1 day) is next since ")


async def test_an_end_says_how_it_came_to_it(api: httpx2.AsyncClient, engine: Engine, http: HttpServer) -> None:
    http.answers = (404,)
    execution = await started(api, {**request("call", http.url), "on_error": "continue"}, stop("end", reason="all done"))
    await engine.ended(UUID(execution))
    sentence = (await explained(api, execution))["sentence"]
    assert sentence.startswith("The execution completed on ")
    assert sentence.endswith(" after 2 step runs: all done. One step run did not succeed: call.")


async def test_a_failure_and_a_restart_are_told(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await started(api, stop("end", "fail", reason="no budget"))
    await engine.ended(UUID(execution), "failed")
    sentence = (await explained(api, execution))["sentence"]
    assert sentence.startswith("Step end ended the execution as failed on ")
    assert sentence.endswith(": no budget. Mend the cause and restart it from step end.")
    new = (await api.post(f"/executions/{execution}/restart", json={"step": "end"})).json()["id"]
    await engine.ended(UUID(new), "failed")
    assert (await explained(api, execution))["facts"]["restarted_as"] == [new]
    assert (await explained(api, new))["facts"]["restarted_from"] == execution


async def test_a_cancel_says_by_whom(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await started(api, delay("rest"))
    await engine.in_state(UUID(execution), "paused")
    await api.post(f"/executions/{execution}/cancel", json={"by": "ada@example.com", "why": "not needed"})
    await engine.ended(UUID(execution), "canceled")
    found = await explained(api, execution)
    assert found["sentence"].startswith("The execution was canceled by ada@example.com on ")
    assert (found["facts"]["cancel_reason"], found["facts"]["why"]) == ("person", "not needed")
    assert (await api.get(f"/executions/{execution}")).json()["cancel_reason"] == "person"


async def test_the_end_by_an_archived_record_is_told(api: httpx2.AsyncClient, engine: Engine) -> None:
    await save_lead(api)
    lead = (await create_lead(api)).json()["id"]
    execution = await started(api, delay("rest"), record=lead, object="lead")
    await engine.in_state(UUID(execution), "paused")
    await api.post(f"/records/{lead}/archive")
    await engine.ended(UUID(execution), "canceled")
    assert (await explained(api, execution))["sentence"].endswith("as its record was archived.")


async def test_an_unknown_execution_is_not_explained(api: httpx2.AsyncClient, engine: Engine) -> None:
    refused(await api.get(f"/executions/{uuid4()}/explain"), 404, "execution_not_found")


async def test_what_another_automation_did_to_it_is_told_with_its_name(api: httpx2.AsyncClient, engine: Engine) -> None:
    lead = str(await engine.lead())
    execution = await started(api, delay("rest", days=1), object="lead", record=lead)
    await engine.in_state(UUID(execution), "paused", reason="delay")

    async def told_after(action: str, state: str) -> tuple[str, Json]:
        await engine.save(api_name=action, object="lead", steps=[modify("stop-it", action, "subject")])
        other = await engine.start(action, record=UUID(lead))
        await engine.ended(other)
        await engine.in_state(UUID(execution), state, reason={"pause": "automation"}.get(action))
        return f"step stop-it of execution {other}", await explained(api, execution)

    why, found = await told_after("pause", "paused")
    assert found["sentence"].startswith("The execution was paused by automation pause on ")
    assert why in found["sentence"]
    assert (found["facts"]["by"], found["facts"]["can"]) == ("automation pause", ["resume", "cancel"])
    refusal = await api.post(f"/executions/{execution}/skip", json={})
    assert (refusal.status_code, refusal.json()["code"]) == (409, "not_applicable")
    assert (await api.get(f"/executions/{execution}")).json()["lanes"] == []
    why, found = await told_after("cancel", "canceled")
    assert found["sentence"].startswith("The execution was canceled by automation cancel on ")
    assert why in found["sentence"]
    assert (found["facts"]["cancel_reason"], found["facts"]["by"]) == ("step", "automation cancel")
    asked = (await api.get(f"/executions/{execution}/history")).json()["requests"]
    assert [each["asked_by"] for each in asked] == ["automation pause", "automation cancel"]
