"""Requests that wait for what they ask for."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest

from activities.settings import Settings
from api.executions.waiting import has_taken, rests
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.api.asking import refused
from tests.api.test_bulk_starts import served
from tests.api.test_executions import WAITING, state, waiting
from tests.engine import Engine, until
from tests.fixtures.api import gateway
from tests.keys import ADMIN_KEY, bearing


async def asked(api: httpx2.AsyncClient, execution: Any, kind: str, *, wait: float = 20, **body: Any) -> httpx2.Response:
    return await api.post(f"/executions/{execution['id']}/{kind}", params={"wait": wait}, json=body)


async def test_a_start_waits_until_the_execution_rests_or_is_over(api: httpx2.AsyncClient, engine: Engine) -> None:
    await api.put("/automations/waiting", json=WAITING)
    rested = await api.post("/automations/waiting/executions", params={"wait": 20}, json={})
    assert (rested.status_code, rested.json()["state"], rested.json()["pause_reason"]) == (200, "paused", "delay")
    assert rested.headers["location"] == f"/executions/{rested.json()['id']}"
    await api.put("/automations/quick", json={"api_name": "quick", "name": "Quick", "active": True, "steps": []})
    over = await api.post("/automations/quick/executions", params={"wait": 20}, json={})
    assert (over.status_code, over.json()["state"]) == (200, "completed")


async def test_each_request_waits_until_it_is_done(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    for kind, found in (
        ("pause", ("paused", "manual")),
        ("resume", ("paused", "delay")),
        ("pause", ("paused", "manual")),
        ("cancel", ("canceled", None)),
    ):
        answered = await asked(api, execution, kind)
        view = answered.json()
        assert (answered.status_code, view["state"], view["pause_reason"], view["requested"]) == (200, *found, None)
    other = await waiting(api, engine)
    skipped = await asked(api, other, "skip")
    assert (skipped.status_code, skipped.json()["step_id"] != "rest") == (200, True)


async def test_without_a_wait_or_when_its_time_is_up_the_answer_is_202(
    api: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """Nobody works here."""
    await api.put("/automations/waiting", json=WAITING)
    for params in ({}, {"wait": 0.2}):
        started = await api.post("/automations/waiting/executions", params=params, json={})
        assert (started.status_code, started.json()["state"]) == (202, "active")
        assert started.headers["location"] == f"/executions/{started.json()['id']}"
    refused(await api.post("/automations/waiting/executions", params={"wait": 61}, json={}), 422, "invalid_request")


async def test_a_second_pause_while_one_stands_is_refused(api: httpx2.AsyncClient, database: Database) -> None:
    await api.put("/automations/waiting", json=WAITING)
    execution = (await api.post("/automations/waiting/executions", json={})).json()
    both = await asyncio.gather(*(api.post(f"/executions/{execution['id']}/pause") for _ in range(2)))
    assert sorted(each.status_code for each in both) == [202, 409]
    refused(next(each for each in both if each.status_code == 409), 409, "being_paused")


async def test_waiting_holds_no_connection(settings: Settings, temporal: TemporalDevServer, database: Database) -> None:
    """More wait than there are connections, and each is answered when its turn comes."""
    few = settings.model_copy(update={"temporal_address": temporal.address, "database_pool": 2})
    async with gateway(few) as api:
        await api.put("/automations/waiting", json=WAITING)
        path, params = "/automations/waiting/executions", {"wait": 30}
        waits = [asyncio.create_task(api.post(path, params=params, json={})) for _ in range(6)]

        async def all_began() -> bool:
            return (await api.get("/executions/count")).json()["count"] == 6

        await until(all_began)
        assert not any(each.done() for each in waits)
        async with database.connection() as connection:
            await connection.execute("update executions set state = 'completed', finished_at = now()")
        assert [each.status_code for each in await asyncio.gather(*waits)] == [200] * 6


async def test_a_caller_that_goes_away_ends_the_wait(settings: Settings, temporal: TemporalDevServer, database: Database) -> None:
    """The server waits for requests that are under way before it ends. Nobody works here."""
    reaching = settings.model_copy(update={"temporal_address": temporal.address})
    path, params = "/automations/waiting/executions", {"wait": 60}
    async with served(reaching) as url, httpx2.AsyncClient(base_url=url, headers=bearing(ADMIN_KEY)) as client:
        await client.put("/automations/waiting", json=WAITING)
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(path, params=params, json={}, timeout=1)
        assert (await client.get("/executions/count")).json()["count"] == 1


async def test_a_restart_waits_for_the_new_execution(api: httpx2.AsyncClient, engine: Engine) -> None:
    execution = await waiting(api, engine)
    await asked(api, execution, "cancel")
    again = await api.post(f"/executions/{execution['id']}/restart", params={"wait": 20}, json={"step": "rest"})
    assert (again.status_code, again.json()["restarted_from"]) == (200, execution["id"])
    assert (again.json()["state"], again.json()["pause_reason"]) == ("paused", "delay")
    assert (await state(api, again.json(), "paused", "delay"))["id"] == again.headers["location"].rpartition("/")[2]
    await engine.in_state(UUID(again.json()["id"]), "paused")


ROW: dict[str, Any] = {"state": "active", "pause_reason": None, "request": None, "version": 7, "finished_at": None}


@pytest.mark.parametrize(
    ("kind", "found", "is_done"),
    [
        ("resume", {}, False),
        ("resume", {"version": 8}, True),
        ("resume", {"version": 8, "state": "paused", "pause_reason": "manual"}, False),
        ("resume", {"version": 8, "state": "paused", "pause_reason": "delay"}, True),
        ("retry", {"version": 8, "state": "retrying"}, True),
        ("skip", {"finished_at": "now"}, True),
        ("pause", {"version": 9}, False),
        ("pause", {"state": "paused", "pause_reason": "delay"}, False),
        ("pause", {"state": "paused", "pause_reason": "manual"}, True),
        ("cancel", {"version": 9, "state": "paused"}, False),
    ],
)
def test_a_request_is_done_when_the_row_shows_it(kind: str, found: dict[str, Any], is_done: bool) -> None:
    assert has_taken(kind, 7)(ROW | found) is is_done


@pytest.mark.parametrize(
    ("found", "is_resting"),
    [({}, False), ({"state": "paused"}, True), ({"state": "retrying"}, True), ({"state": "paused", "request": {}}, False)],
)
def test_an_execution_rests_when_nothing_runs_and_nothing_is_asked(found: dict[str, Any], is_resting: bool) -> None:
    assert rests(ROW | found) is is_resting
