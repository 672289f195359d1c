"""What is asked of executions: kept with who and why, and refused where it could mean several things or none."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest
from temporalio.client import Client

from activities.telling import tell_once
from api.executions.requesting import ask as request
from automations.executions import Request
from store.audit import Actor
from store.executions import lock_execution
from store.requests import ask_executions
from tests.api.test_executions import ask, state, waiting
from tests.engine import Engine, until
from tests.keys import CONVERTER

LANES = {
    "id": "fork",
    "type": "branch",
    "lanes": [
        {"name": "left", "steps": [{"id": "rest", "type": "delay", "days": 1}]},
        {"name": "right", "steps": [{"id": "doze", "type": "delay", "days": 2}]},
    ],
}
FORKED = {"api_name": "forked", "name": "Forked", "active": True, "steps": [LANES]}


async def forked(api: httpx2.AsyncClient, engine: Engine) -> dict[str, Any]:
    """An execution both of whose lanes wait."""
    saved = await api.put("/automations/forked", json=FORKED)
    assert saved.status_code < 300, saved.text
    started = (await api.post("/automations/forked/executions", json={})).json()

    async def both_wait() -> bool:
        row = await engine.execution(UUID(started["id"]))
        return [lane["state"] for lane in row["lanes"].values() if not lane.get("forked")] == ["paused", "paused"]

    await until(both_wait)
    return started


async def put_in(engine: Engine, execution: dict[str, Any], reason: str) -> None:
    async with engine.database.connection() as connection:
        await connection.execute("update executions set pause_reason = $2 where id = $1", UUID(execution["id"]), reason)


async def test_the_history_says_who_asked_what_and_why(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    assert (await api.get(f"/executions/{execution['id']}/history")).json()["requests"] == []
    await ask(api, execution, "pause", by="ada@example.com", why="lunch")
    await state(api, execution, "paused", "manual")
    assert (await ask(api, execution, "retry", by="bob@example.com")).status_code == 409
    await ask(api, execution, "resume")
    await state(api, execution, "paused", "delay")
    await ask(api, execution, "skip", by="ada@example.com", why="enough", step="rest")
    await state(api, execution, "completed")
    asked = (await api.get(f"/executions/{execution['id']}/history")).json()["requests"]
    assert [(each["kind"], each["asked_by"], each["why"], each["step_id"], each["path"]) for each in asked] == [
        ("pause", "ada@example.com", "lunch", None, None),
        ("resume", "test", "", None, None),
        ("skip", "ada@example.com", "enough", "rest", None),
    ]
    assert [each["asked_at"] for each in asked] == sorted(each["asked_at"] for each in asked)


async def test_a_skip_says_which_of_several_steps_it_means(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await forked(api, engine)
    refused = await ask(api, execution, "skip")
    assert (refused.status_code, refused.json()["code"]) == (409, "several_steps")
    assert "doze, rest" in refused.json()["detail"]
    assert (await ask(api, execution, "skip", step="doze")).status_code == 202

    async def one_is_left() -> bool:
        row = await engine.execution(UUID(execution["id"]))
        return [lane["step"] for lane in row["lanes"].values() if not lane.get("forked")] == ["rest"]

    await until(one_is_left)
    assert (await ask(api, execution, "skip")).status_code == 202
    await state(api, execution, "completed")


async def test_a_step_on_which_no_lane_stands_is_refused_with_those_on_which_one_does(
    api: httpx2.AsyncClient, engine: Engine
) -> None:
    execution = await waiting(api, engine)
    refused = await ask(api, execution, "skip", step="end")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_there")
    assert "but on rest" in refused.json()["detail"]
    for kind in ("pause", "cancel"):
        refused = await ask(api, execution, kind, step="rest")
        assert (refused.status_code, refused.json()["code"]) == (422, "whole_execution")
        assert refused.json()["errors"][0]["path"] == "step"


async def test_pause_resume_and_cancel_reach_all_lanes(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await forked(api, engine)
    assert (await ask(api, execution, "pause")).status_code == 202
    await state(api, execution, "paused", "manual")
    assert (await ask(api, execution, "resume")).status_code == 202
    await state(api, execution, "paused", "delay")
    assert (await ask(api, execution, "cancel")).status_code == 202
    await state(api, execution, "canceled")


@pytest.mark.parametrize("kind", ["resume", "skip"])
async def test_what_a_kill_switch_holds_is_not_let_go_by_hand(api: httpx2.AsyncClient, engine: Engine, kind: str) -> None:
    execution = await waiting(api, engine)
    await put_in(engine, execution, "kill_switch")
    refused = await ask(api, execution, kind)
    assert (refused.status_code, refused.json()["code"]) == (409, "held_by_kill_switch")
    assert "once the kill switch is lifted" in refused.json()["detail"]
    assert (await ask(api, execution, "cancel")).status_code == 202
    await state(api, execution, "canceled")


@pytest.mark.parametrize(("reason", "paths"), [("condition_error", "yes or no"), ("goal", "met or not_met")])
async def test_a_skip_that_must_choose_is_asked_for_its_path(
    api: httpx2.AsyncClient, engine: Engine, reason: str, paths: str
) -> None:
    execution = await waiting(api, engine)
    await put_in(engine, execution, reason)
    for path in (None, "maybe"):
        refused = await ask(api, execution, "skip", path=path)
        assert (refused.status_code, refused.json()["code"]) == (422, "path_needed")
        assert refused.json()["errors"][0]["path"] == "path"
        assert paths in refused.json()["detail"]


async def test_what_a_step_asked_before_is_told_before(api: httpx2.AsyncClient, engine: Engine) -> None:
    """As when the worker that was to tell it died: the pause would come after the resume."""
    execution = await waiting(api, engine)
    id, pause = UUID(execution["id"]), Request(id="halt", kind="pause", by="automation halter", cause="step")
    async with engine.database.transaction() as connection:
        await lock_execution(connection, id)
        await ask_executions(connection, [(id, pause)], datetime.now(UTC))
    assert (await ask(api, execution, "resume")).status_code == 202
    assert await until(lambda: _signaled(engine, id, 2)) == ["pause", "resume"]
    await state(api, execution, "paused", "delay")
    async with engine.database.connection() as connection:
        assert await connection.fetchval("select count(*) from requests_to_tell") == 0


async def _away() -> Client:
    """Of a Temporal that nobody reaches."""
    return await Client.connect("127.0.0.1:1", lazy=True, data_converter=CONVERTER)


async def test_a_request_is_told_later_if_temporal_goes_away_once_it_is_written(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    id, ada = UUID(execution["id"]), Actor(None, "ada")
    for kind in ("pause", "resume", "skip"):
        asked = await request(engine.database, await _away(), engine.settings, id, kind, actor=ada, why="", path=None)
        assert not asked.told
    async with engine.database.connection() as connection:
        await connection.execute("update requests_to_tell set tell_at = now()")
    await until(lambda: _all_told(engine))
    await state(api, execution, "completed")


async def _all_told(engine: Engine) -> bool:
    await tell_once(engine.services)
    async with engine.database.connection() as connection:
        return await connection.fetchval("select count(*) = 0 from requests_to_tell")


async def test_a_request_that_nobody_hears_leaves_the_row_as_it_was(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    await (await engine.handle(UUID(execution["id"]))).terminate()
    assert (await ask(api, execution, "pause")).json()["code"] == "workflow_gone"
    row = await engine.execution(UUID(execution["id"]))
    assert (row["state"], row["request"]) == ("paused", None)
    assert await _all_told(engine)


async def _signaled(engine: Engine, execution: UUID, count: int) -> list[str] | None:
    """The signals in the history of its workflow, once there are so many."""
    history = await (await engine.handle(execution)).fetch_history()
    names = [event.workflow_execution_signaled_event_attributes.signal_name for event in history.events]
    found = [name for name in names if name]
    return found if len(found) >= count else None
