"""Kill switches and running executions: held at the next step, canceled wherever they stand, and going on when lifted."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from activities import switching
from activities.chores import sweeping
from activities.switching import sweep
from activities.telling import tell_once
from store.kill_switches import lift_kill_switch, list_kill_switches, list_standing_switches, set_kill_switch
from tests.builders import branch, change, condition, delay, go_to, request, stop
from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.keys import CONVERTER

SOON = {"id": "rest", "type": "delay", "until": "2020-01-01T00:00:00Z"}
"""Over at once."""


async def switch(engine: Engine, scope: str = "automation", key: str = "subject", mode: str = "hold") -> UUID:
    async with engine.database.transaction() as connection:
        row, _ = await set_kill_switch(
            connection, scope, key, mode=mode, by="ada@example.com", why="it runs wild", now=datetime.now(UTC)  # type: ignore[arg-type]
        )  # fmt: skip
    return row["id"]


async def lift(engine: Engine, switch_id: UUID, ago: timedelta = timedelta(0)) -> None:
    async with engine.database.connection() as connection:
        now = datetime.now(UTC) - ago
        assert await lift_kill_switch(connection, switch_id, by="bob@example.com", why="mended", now=now)


async def swept(engine: Engine, execution: UUID, state: str = "completed") -> Any:
    """The execution's row in that state, after as many rounds as that takes."""

    async def reached() -> Any:
        await sweep(engine.services)
        row = await engine.execution(execution)
        return row if row["state"] == state else None

    return await until(reached, says=state)


async def waiting(engine: Engine, count: int) -> list[UUID]:
    """Executions in a delay."""
    await engine.save(steps=[delay("rest")])
    executions = [await engine.start() for _ in range(count)]
    for execution in executions:
        await engine.in_state(execution, "paused", reason="delay")
    return executions


async def held(engine: Engine, execution: UUID) -> Any:
    return await engine.in_state(execution, "paused", reason="kill_switch")


@pytest.mark.parametrize(("scope", "key"), [("all", ""), ("automation", "subject")])
async def test_a_cancel_ends_open_executions_in_every_state(engine: Engine, http: HttpServer, scope: str, key: str) -> None:
    http.answers = [500]
    for name, step in {"subject": delay("rest"), "retrying": request("call", http.url), "stopped": stop("stop", "pause")}.items():
        await engine.save(api_name=name, steps=[step])
    in_delay, unstarted = await engine.start(), await engine.start(launched=False)
    others = await engine.start("retrying"), await engine.start("stopped")
    await engine.in_state(in_delay, "paused", reason="delay")
    await engine.in_state(others[0], "retrying")
    await engine.in_state(others[1], "paused", reason="automation")
    await switch(engine, scope, key, "cancel")
    assert await sweep(engine.services) == (4 if scope == "all" else 2)
    for execution in (in_delay, unstarted, *(others if scope == "all" else ())):
        row = await engine.ended(execution, "canceled")
        assert "kill switch for" in row["reason"]
        assert "it runs wild" in row["reason"]
        assert row["cancel_reason"] == "kill_switch"
    assert await sweep(engine.services) == 0
    if scope == "automation":
        assert (await engine.execution(others[0]))["state"] == "retrying"


async def test_a_cancel_reaches_a_long_step(engine: Engine, http: HttpServer) -> None:
    http.hold()
    await engine.save(steps=[request("call", http.url)])
    execution = await engine.start()
    await http.was_asked()
    await switch(engine, mode="cancel")
    await sweep(engine.services)
    await engine.ended(execution, "canceled")
    await http.was_hung_up_on()


async def test_a_cancel_goes_through_all_executions_batch_by_batch(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "_BATCH", 2)
    monkeypatch.setattr(switching, "_AT_ONCE", 1)
    executions = await waiting(engine, 5)
    await switch(engine, mode="cancel")
    assert await sweep(engine.services) == 5
    for execution in executions:
        await engine.ended(execution, "canceled")


async def test_several_workers_that_sweep_at_once_cancel_each_execution_once(engine: Engine) -> None:
    executions = await waiting(engine, 10)
    await switch(engine, mode="cancel")
    reached = await asyncio.gather(*(sweep(engine.services) for _ in range(4)))
    for execution in executions:
        await engine.ended(execution, "canceled")
    assert sum(reached) == 10


async def test_a_cancel_is_told_later_if_temporal_goes_away_once_it_is_written(engine: Engine) -> None:
    executions = await waiting(engine, 3)
    await switch(engine, mode="cancel")
    away = await Client.connect("127.0.0.1:1", lazy=True, data_converter=CONVERTER)
    with pytest.raises((RPCError, RuntimeError)):
        await sweep(replace(engine.services, temporal=away))
    async with engine.database.connection() as connection:
        assert await connection.fetchval("update requests_to_tell set tell_at = now() returning true")
    assert await tell_once(engine.services) == 3
    for execution in executions:
        assert (await engine.ended(execution, "canceled"))["cancel_reason"] == "kill_switch"


async def test_a_hold_is_let_go_later_if_temporal_is_away_when_its_switch_is_lifted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.save(steps=[stop("end")])
    found = await switch(engine)
    execution = await engine.start()
    await held(engine, execution)
    await lift(engine, found)
    away = await Client.connect("127.0.0.1:1", lazy=True, data_converter=CONVERTER)
    with pytest.raises((RPCError, RuntimeError)):
        await sweep(replace(engine.services, temporal=away))
    monkeypatch.setattr(switching, "_TELL_AGAIN", timedelta(0))
    await swept(engine, execution)


async def test_a_cancel_closes_an_execution_whose_workflow_is_gone(engine: Engine) -> None:
    await engine.save(steps=[delay("rest")])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    await (await engine.handle(execution)).terminate()
    await switch(engine, mode="cancel")
    await sweep(engine.services)
    row = await engine.execution(execution)
    assert (row["state"], row["cancel_reason"], row["finished_at"] is not None) == ("canceled", "kill_switch", True)
    assert "gone from Temporal" in row["reason"]


async def test_while_it_is_kept_up_a_cancel_catches_what_starts_later(engine: Engine) -> None:
    keeping = asyncio.create_task(*sweeping(engine.services, timedelta(milliseconds=20)))
    await engine.save(steps=[delay("rest")])
    await switch(engine, mode="cancel")
    await engine.ended(await engine.start(), "canceled")
    keeping.cancel()


@pytest.mark.parametrize(("scope", "key"), [("all", ""), ("automation", "subject"), ("step_type", "change_field_value")])
async def test_a_held_execution_says_why_and_goes_on_when_the_switch_is_lifted(engine: Engine, scope: str, key: str) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[change("set", status="done")])
    standing = await switch(engine, scope, key)
    execution = await engine.start(record=lead)
    row = await held(engine, execution)
    assert row["step_id"] == "set"
    assert row["reason"].startswith(f"Held by the kill switch for {'everything' if scope == 'all' else ''}")
    assert "(set by ada@example.com at " in row["reason"]
    assert "it runs wild" in row["reason"]
    assert await engine.visits(execution) == [("set", "held")]
    assert await sweep(engine.services) == 0
    await lift(engine, standing)
    await swept(engine, execution)
    assert (await engine.record(lead))["field_values"]["status"] == "done"
    await sweep(engine.services)
    assert await engine.visits(execution) == [("set", "held"), ("set", "completed")]
    assert all(run["finished_at"] for run in await engine.steps(execution))


async def test_other_automations_and_step_types_are_not_held(engine: Engine) -> None:
    await engine.save(steps=[SOON])
    await engine.save(api_name="other", steps=[SOON])
    await switch(engine)
    await switch(engine, "step_type", "http_request")
    await engine.ended(await engine.start("other"))
    await held(engine, await engine.start())


async def test_an_execution_that_waits_is_held_at_its_next_step(engine: Engine) -> None:
    shortly = delay("rest", until=(datetime.now(UTC) + timedelta(seconds=1)).isoformat())
    await engine.save(steps=[shortly, stop("after")])
    standing = await switch(engine, "step_type", "stop_execution")
    execution = await engine.start()
    assert (await held(engine, execution))["step_id"] == "after"
    await lift(engine, standing)
    await swept(engine, execution)
    assert await engine.visits(execution) == [("rest", "completed"), ("after", "held"), ("after", "completed")]


async def test_a_host_is_not_called_while_a_switch_stands_for_it(engine: Engine, http: HttpServer) -> None:
    name = [{"id": "v", "name": "host", "type": "string", "sources": [{"static": "127.0.0.1"}]}]
    call = request("call", f"http://{{{{ variables.host }}}}:{http.port}/")
    await engine.save(variables=name, steps=[call])
    elsewhere = await switch(engine, "host", "example.com")
    standing = await switch(engine, "host", "127.0.0.1")
    execution = await engine.start()
    assert (await held(engine, execution))["step_id"] == "call"
    assert http.asked == []
    await lift(engine, standing)
    await swept(engine, execution)
    assert len(http.asked) == 1
    await lift(engine, elsewhere)


async def test_a_redirect_to_a_host_is_not_followed_while_a_switch_stands_for_it(engine: Engine, http: HttpServer) -> None:
    http.answers = [(302, "", {"Location": f"http://2130706433:{http.port}/"}), 200]
    await engine.save(steps=[request("call", http.url, redirects=1)])
    standing = await switch(engine, "host", "2130706433")
    execution = await engine.start()
    assert (await held(engine, execution))["step_id"] == "call"
    assert len(http.asked) == 1
    await lift(engine, standing)
    await swept(engine, execution)
    assert len(http.asked) == 2


@pytest.mark.parametrize(("scope", "key"), [("step_type", "http_request"), ("host", "127.0.0.1")])
async def test_a_cancel_for_a_step_type_or_a_host_ends_what_comes_to_it(
    engine: Engine, http: HttpServer, scope: str, key: str
) -> None:
    await engine.save(steps=[request("call", http.url)])
    await engine.save(api_name="other", steps=[delay("rest")])
    waiting = await engine.start("other")
    await switch(engine, scope, key, "cancel")
    execution = await engine.start()
    row = await engine.ended(execution, "canceled")
    assert row["reason"].startswith("Canceled by the kill switch for")
    assert row["cancel_reason"] == "kill_switch"
    assert await engine.visits(execution) == [("call", "canceled")]
    assert http.asked == []
    assert await sweep(engine.services) == 0
    await engine.in_state(waiting, "paused", reason="delay")


async def test_a_skipped_step_of_a_switched_off_type_is_passed_over(engine: Engine, http: HttpServer) -> None:
    await engine.save(steps=[request("call", http.url, skip=True)])
    await switch(engine, "step_type", "http_request")
    await engine.ended(await engine.start())


async def test_what_one_switch_lets_go_another_one_may_hold(engine: Engine) -> None:
    await engine.save(steps=[SOON])
    first = await switch(engine)
    execution = await engine.start()
    await held(engine, execution)
    second = await switch(engine, "all", "")
    await lift(engine, first)

    async def held_by_the_other() -> bool:
        await sweep(engine.services)
        row = await engine.execution(execution)
        return row["pause_reason"] == "kill_switch" and "for everything" in row["reason"]

    await until(held_by_the_other)
    await lift(engine, second)
    await swept(engine, execution)


async def test_a_hold_that_becomes_a_cancel_ends_what_it_held(engine: Engine) -> None:
    await engine.save(steps=[SOON])
    await switch(engine, "step_type", "delay")
    execution = await engine.start()
    await held(engine, execution)
    await switch(engine, "step_type", "delay", "cancel")
    await swept(engine, execution, "canceled")


async def test_a_held_execution_can_be_canceled(engine: Engine) -> None:
    await engine.save(steps=[SOON])
    await switch(engine)
    execution = await engine.start()
    await held(engine, execution)
    await engine.order(execution, "cancel")
    await engine.ended(execution, "canceled")


async def test_a_loop_is_held_again_by_the_next_switch(engine: Engine) -> None:
    steps = [
        SOON | {"id": "again"},
        condition("ask", [go_to("back", "again")], **{"if": {"variable": "seats", "op": "is_blank"}}),
    ]
    seats = [{"id": "v", "name": "seats", "type": "number", "sources": [{"static": ""}]}]
    await engine.save(variables=seats, steps=steps)
    execution = await engine.start()
    for _ in range(2):
        standing = await switch(engine)
        await held(engine, execution)
        await lift(engine, standing)
        await until(partial(_gone_on, engine, execution, (await engine.steps(execution))[-1]["sequence"]))
    await switch(engine, mode="cancel")
    await swept(engine, execution, "canceled")


async def _gone_on(engine: Engine, execution: UUID, sequence: int) -> bool:
    await sweep(engine.services)
    return (await engine.execution(execution))["steps_run"] > sequence


async def test_a_lifted_switch_is_done_with_once_all_that_it_held_has_gone_on(engine: Engine) -> None:
    await engine.save(steps=[SOON])
    standing = await switch(engine)
    execution = await engine.start()
    await held(engine, execution)
    await lift(engine, standing, ago=timedelta(minutes=5))
    await swept(engine, execution)
    await sweep(engine.services)
    async with engine.database.connection() as connection:
        [row] = await list_kill_switches(connection)
        assert await list_standing_switches(connection) == []
    assert row["released_at"] is not None


async def test_a_lane_is_held_while_the_others_go_on(engine: Engine, http: HttpServer) -> None:
    lanes = [[request("call", http.url)], [delay("rest")], [request("second", http.url)], [SOON | {"id": "quick"}]]
    await engine.save(steps=[branch("fork", *lanes), SOON | {"id": "joined"}])
    by_type, by_host = await switch(engine, "step_type", "http_request"), await switch(engine, "host", "127.0.0.1")
    execution = await engine.start()

    async def held_steps(count: int) -> Any:
        standing = (await engine.execution(execution))["lanes"]
        held = sorted(each["step"] for each in standing.values() if each.get("pause_reason") == "kill_switch")
        return held if len(held) == count else None

    assert await until(lambda: held_steps(2)) == ["call", "second"]
    assert sorted(await engine.visits(execution))[:3] == [("call", "held"), ("fork", "waiting"), ("quick", "completed")]
    await lift(engine, by_type)

    async def held_by_host() -> bool:
        await sweep(engine.services)
        return [visit for visit in await engine.visits(execution) if visit[1] == "held"].count(("call", "held")) == 2

    await until(held_by_host)
    assert await until(lambda: held_steps(2))
    assert http.asked == []
    await lift(engine, by_host)
    await engine.ask(execution, "skip", step="rest")
    await swept(engine, execution)
    assert len(http.asked) == 2


async def test_nothing_but_its_lifting_lets_go_what_a_switch_holds(engine: Engine) -> None:
    await engine.save(steps=[SOON])
    standing = await switch(engine)
    execution = await engine.start()
    await held(engine, execution)
    for kind in ("resume", "skip", "retry"):
        await engine.ask(execution, kind)
    await lift(engine, standing)
    await swept(engine, execution)
    assert await engine.visits(execution) == [("rest", "held"), ("rest", "completed")]


async def test_a_lifted_switch_lifts_no_pause_of_a_person(
    engine: Engine, http: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "_TELL_AGAIN", timedelta(milliseconds=100))
    await engine.save(steps=[branch("fork", [request("call", http.url)], [delay("rest")])])
    standing = await switch(engine, "step_type", "http_request")
    execution = await engine.start()
    await until(lambda: _pause_reasons(engine, execution, "kill_switch", "delay"))
    await engine.order(execution, "pause")
    await until(lambda: _pause_reasons(engine, execution, "manual", "manual"))
    await lift(engine, standing)
    for _ in range(3):
        await sweep(engine.services)
    assert await _pause_reasons(engine, execution, "manual", "manual")
    await engine.ask(execution, "resume")
    await until(lambda: _pause_reasons(engine, execution, "delay", "kill_switch"))
    assert http.asked == []
    await engine.ask(execution, "skip", step="rest")
    await swept(engine, execution)
    assert len(http.asked) == 1


async def _pause_reasons(engine: Engine, execution: UUID, *reasons: str) -> bool:
    """Of the lanes that walk."""
    lanes = (await engine.execution(execution))["lanes"].values()
    return sorted(each["pause_reason"] for each in lanes if "pause_reason" in each) == sorted(reasons)
