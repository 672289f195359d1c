"""What a save means to open executions: told before it, and paused with it."""

import asyncio
import json
from typing import Any
from uuid import UUID

import httpx2
import pytest

from api.automations.affected import pause_affected
from api.automations.saving import read_draft, save
from store.audit import Actor
from tests.api.asking import refused
from tests.builders import branch, condition, delay, go_to, stop, update, variable
from tests.engine import Engine, until

Json = dict[str, Any]


def subject(*steps: Json, **parts: Any) -> Json:
    return {"api_name": "subject", "name": "Subject", "active": True, "steps": list(steps), **parts}


async def put(api: httpx2.AsyncClient, document: Json, **params: Any) -> Json:
    saved = await api.put("/automations/subject", json=document, params=params)
    assert saved.status_code < 300, saved.text
    return saved.json()


async def started(api: httpx2.AsyncClient, **body: Any) -> str:
    answer = await api.post("/automations/subject/executions", json=body)
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


async def impact(api: httpx2.AsyncClient, document: Json, **params: Any) -> Json:
    answer = await api.post("/automations/subject/impact", json=document, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def waits_at(engine: Engine, execution: str, *steps: str) -> None:
    async def found() -> bool:
        row = await engine.execution(UUID(execution))
        lanes = [lane for lane in row["lanes"].values() if not lane.get("forked")] or [{"step": row["step_id"], **dict(row)}]
        return sorted(lane["step"] for lane in lanes if lane["state"] == "paused") == sorted(steps)

    await until(found, says=f"waits at {steps}")


async def history(api: httpx2.AsyncClient, execution: str) -> Json:
    return (await api.get(f"/executions/{execution}/history")).json()


async def test_executions_are_told_of_by_what_they_may_still_come_to(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(delay("first"), delay("second"), stop("end")))
    early, late = await started(api), await started(api)
    for execution in (early, late):
        await waits_at(engine, execution, "first")
    await api.post(f"/executions/{late}/skip")
    await waits_at(engine, late, "second")
    found = await impact(api, subject(delay("first", days=3), delay("second")))
    assert (found["changed"], found["deleted"], found["revision"]) == (["first"], ["end"], 1)
    assert found["total"] == 2
    assert found["executions"] == [
        {
            "id": early,
            "state": "paused",
            "pause_reason": "delay",
            "steps": ["first"],
            "affected": ["end", "first"],
            "stands_on": True,
        },
        {"id": late, "state": "paused", "pause_reason": "delay", "steps": ["second"], "affected": ["end"], "stands_on": False},
    ]
    assert (await api.get("/automations/subject")).json()["revision"] == 1


async def test_what_an_execution_has_left_behind_does_not_affect_it(api: httpx2.AsyncClient, engine: Engine) -> None:
    two = [variable("seats"), variable("old")]
    await put(api, subject(delay("first"), condition("big", [delay("yes")], [delay("no")]), variables=two))
    execution = await started(api)
    await waits_at(engine, execution, "first")
    await api.post(f"/executions/{execution}/skip")
    await waits_at(engine, execution, "no")
    steps = [delay("first", days=9), condition("big", [delay("yes", days=9)], [delay("no")])]
    found = await impact(api, subject(*steps, variables=[variable("seats", {"static": 2})]))
    assert (found["changed"], found["deleted"], found["executions"]) == (["first", "v-seats", "yes"], ["v-old"], [])


async def test_a_loop_leads_back_to_what_is_behind(api: httpx2.AsyncClient, engine: Engine) -> None:
    loop = [condition("big", [stop("end")], []), delay("rest"), go_to("again", "big")]
    await put(api, subject(*loop, variables=[variable("seats")]))
    execution = await started(api)
    await waits_at(engine, execution, "rest")
    found = await impact(api, subject(condition("big", [stop("end", "cancel")], []), *loop[1:], variables=[variable("seats")]))
    assert [each["affected"] for each in found["executions"]] == [["end"]]


async def test_each_lane_counts(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(branch("fork", [delay("a")], [delay("b"), delay("c")]), stop("end")))
    execution = await started(api)
    await waits_at(engine, execution, "a", "b")
    found = await impact(api, subject(branch("fork", [delay("a")], [delay("b"), delay("c", days=2)]), stop("end")))
    assert found["executions"][0]["steps"] == ["a", "b"]
    assert (found["executions"][0]["affected"], found["executions"][0]["stands_on"]) == (["c"], False)


async def test_a_step_that_is_gone_already_stands_for_the_next_one_that_is_left(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(delay("first"), delay("second"), stop("end")))
    execution = await started(api)
    await waits_at(engine, execution, "first")
    await put(api, subject(delay("second"), stop("end")))
    found = await impact(api, subject(delay("second", days=5), stop("end")))
    assert (found["executions"][0]["steps"], found["executions"][0]["stands_on"]) == (["second"], True)


async def test_executions_come_a_page_at_a_time_with_their_number(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(delay("first")))
    executions = [await started(api) for _ in range(3)]
    changed = subject(delay("first", days=2))
    first = await impact(api, changed, size=2)
    rest = await impact(api, changed, size=2, after=first["executions"][-1]["id"])
    assert [each["id"] for each in first["executions"] + rest["executions"]] == executions
    assert (first["total"], rest["total"]) == (3, 3)


async def test_ids_that_are_made_up_stay_as_the_save_would_keep_them(api: httpx2.AsyncClient, engine: Engine) -> None:
    nameless = {"type": "delay", "days": 1}
    await put(api, subject(nameless))
    execution = await started(api)
    await waits_at(engine, execution, "delay-1")
    found = await impact(api, subject({"type": "delay", "days": 7}, nameless))
    assert (found["changed"], found["deleted"], found["executions"]) == ([], [], [])


async def test_mistakes_are_those_of_the_save(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(delay("first")))
    for body in (subject(delay("first", days=-1)), subject(go_to("x", "nowhere")), {**subject(), "api_name": "other"}):
        saved = await api.put("/automations/subject", json=body)
        asked = await api.post("/automations/subject/impact", json=body)
        assert refused(asked, 422, "invalid_document") == saved.json()
    refused(await api.post("/automations/subject/impact", content="a: 1\na: 2"), 400, "invalid_yaml")


async def test_an_automation_that_is_new_affects_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    found = await impact(api, subject(delay("first")))
    assert (found["revision"], found["executions"], found["total"]) == (None, [], 0)


async def test_a_save_pauses_what_it_affects_and_nothing_else(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(delay("first"), delay("second"), stop("end")))
    early, late, done = await started(api), await started(api), await started(api)
    for execution in (late, done):
        await waits_at(engine, execution, "first")
        await api.post(f"/executions/{execution}/skip")
        await waits_at(engine, execution, "second")
    await api.post(f"/executions/{done}/cancel")
    await engine.in_state(UUID(done), "canceled")
    saved = await put(
        api,
        subject(delay("first", days=2), delay("second"), stop("end")),
        pause_affected=True,
        by="ada@example.com",
        why="new text",
    )
    assert (saved["paused"], saved["already_paused"]) == ([early], [])
    row = await engine.in_state(UUID(early), "paused", reason="manual")
    assert row["reason"] == "paused by ada@example.com: new text"
    assert (await history(api, early))["requests"][0] | {"asked_at": None} == {
        "kind": "pause", "asked_by": "ada@example.com", "why": "new text", "step_id": None, "path": None, "asked_at": None,
    }  # fmt: skip
    assert (await engine.execution(UUID(late)))["pause_reason"] == "delay"
    await api.post(f"/executions/{early}/resume")
    await engine.in_state(UUID(early), "paused", reason="delay")


async def test_what_waits_for_a_person_is_left_and_said_to_be_paused(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(stop("hold", "pause"), delay("second")))
    held = await started(api)
    await engine.in_state(UUID(held), "paused", reason="automation")
    saved = await put(api, subject(stop("hold", "pause"), delay("second", days=2)), pause_affected=True)
    assert (saved["paused"], saved["already_paused"]) == ([], [held])
    assert (await engine.execution(UUID(held)))["pause_reason"] == "automation"


async def test_a_save_pauses_all_lanes(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(branch("fork", [delay("a")], [stop("hold", "pause")]), stop("end")))
    execution = await started(api)
    await waits_at(engine, execution, "a", "hold")
    saved = await put(
        api, subject(branch("fork", [delay("a")], [stop("hold", "pause")]), stop("end", "cancel")), pause_affected=True
    )
    assert saved["paused"] == [execution]
    await engine.in_state(UUID(execution), "paused", reason="manual")


async def test_a_save_that_changes_no_step_or_says_nothing_of_pausing_pauses_nothing(
    api: httpx2.AsyncClient, engine: Engine
) -> None:
    await put(api, subject(delay("first")))
    execution = await started(api)
    await waits_at(engine, execution, "first")
    assert (await put(api, subject(delay("first"), name="Other"), pause_affected=True))["paused"] == []
    assert (await put(api, subject(delay("first", days=3))))["paused"] == []
    assert (await history(api, execution))["requests"] == []


async def test_a_refused_save_pauses_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    await put(api, subject(delay("first")))
    execution = await started(api)
    await waits_at(engine, execution, "first")
    params = {"pause_affected": True, "last_revision": 7}
    refused(await api.put("/automations/subject", json=subject(delay("first", days=3)), params=params), 412, "revision_changed")
    assert (await history(api, execution))["requests"] == []


async def test_a_queued_execution_is_paused_before_its_first_step(api: httpx2.AsyncClient, engine: Engine) -> None:
    await engine.save(steps=[update("one", "seats"), delay("rest")], variables=[variable("seats")])
    queued = await engine.start(launched=False)
    saved = await put(
        api, subject(update("one", "seats", {"static": 9}), delay("rest"), variables=[variable("seats")]), pause_affected=True
    )
    assert saved["paused"] == [str(queued)]
    await engine.in_state(queued, "paused", reason="manual")
    assert await engine.visits(queued) == []


@pytest.mark.parametrize("delayed", [False, True])
async def test_no_execution_runs_the_changed_step_after_a_save_that_pauses(
    api: httpx2.AsyncClient, engine: Engine, delayed: bool
) -> None:
    """Busy chains of quick steps, and a save in their midst: each is paused, or had come past the step before."""
    steps = [update(f"s{number}", "seats") for number in range(40)]
    await put(api, subject(*steps, delay("rest"), variables=[variable("seats")]))
    executions = [await started(api) for _ in range(8)]

    async def under_way() -> bool:
        ran = [(await engine.execution(UUID(execution)))["steps_run"] for execution in executions]
        return max(ran) > 5

    if delayed:
        await until(under_way)
    changed = [*steps[:30], update("s30", "seats", {"static": 2}), *steps[31:]]
    saved = await put(api, subject(*changed, delay("rest"), variables=[variable("seats")]), pause_affected=True)
    for execution in executions:
        row = await engine.in_state(UUID(execution), "paused", reason="manual" if execution in saved["paused"] else "delay")
        ran = {run["step_id"]: run["revision"] for run in await engine.steps(UUID(execution))}
        assert row["pause_reason"] == "delay" or "s30" not in ran
        assert ran.get("s30", 1) == 1


async def test_a_save_and_a_step_that_starts_the_same_automation_do_not_wait_for_each_other(
    api: httpx2.AsyncClient, engine: Engine
) -> None:
    """The step holds its execution and refers to the automation; the save holds the automation and wants the execution."""
    await put(api, subject(delay("first")))
    execution = UUID(await started(api))
    await waits_at(engine, str(execution), "first")
    document = json.dumps(subject(delay("first", days=2))).encode()
    async with engine.database.transaction() as saving:
        saved = await save(saving, await read_draft(saving, document, "subject"), None)
        async with engine.database.transaction() as step:
            await step.execute("select from executions where id = $1 for update", execution)
            pausing = asyncio.create_task(pause_affected(saving, saved, actor=Actor(None, "ada"), why=""))
            await step.execute("select from automations where id = $1 for key share", saved.row["id"])
            await step.execute("update executions set reason = 'ran' where id = $1", execution)
        assert [row["id"] for row in (await pausing).rows] == [execution]
