"""Branches: lanes that run side by side and come together again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.builders import Json, change, condition, delay, go_to, request, stop
from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.steps.showing import also_shows
from tests.workflows.counting import COUNT, counting
from tests.workflows.skipping import over_the_waits


def branch(id: str, *lanes: Sequence[Json], **named: Sequence[Json]) -> Json:
    unnamed = [{"steps": list(steps)} for steps in lanes]
    return {
        "id": id,
        "type": "branch",
        "lanes": [*unnamed, *({"name": name, "steps": list(steps)} for name, steps in named.items())],
    }


async def began(engine: Engine, *steps: Json, **document: object) -> UUID:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=list(steps), **document)
    return await engine.start(record=lead)


async def seen(engine: Engine, execution: UUID) -> list[tuple[str, str]]:
    """Lane and step of each visit, in order."""
    return [(row["lane"], row["step_id"]) for row in await engine.steps(execution)]


@also_shows("branch", "lanes.name", where=["record"])
async def test_all_lanes_run_and_what_follows_runs_once_after_them(engine: Engine) -> None:
    execution = await began(
        engine,
        branch("fork", sales=[change("a", status="x"), change("b", seats=1)], support=[change("c", budget="5")]),
        change("end", country="DE"),
    )
    await engine.ended(execution)
    visits = await seen(engine, execution)
    assert visits[0] == ("", "fork")
    assert visits[-1] == ("", "end")
    assert sorted(visits[1:-1]) == [("fork:sales", "a"), ("fork:sales", "b"), ("fork:support", "c")]
    assert [visit for visit in visits if visit[0] == "fork:sales"] == [("fork:sales", "a"), ("fork:sales", "b")]
    assert [status for _, status in await engine.visits(execution)] == ["completed"] * 5


async def test_a_lane_goes_on_while_another_waits(skipping_engine: Engine) -> None:
    execution = await began(
        skipping_engine, branch("fork", [delay("wait", days=2)], [change("now", status="done")]), change("end", seats=3)
    )
    await over_the_waits(skipping_engine, execution)
    visits = await seen(skipping_engine, execution)
    assert visits.index(("fork:2", "now")) < visits.index(("", "end"))
    row = await skipping_engine.execution(execution)
    assert row["lanes"] == {}


async def test_while_one_lane_waits_and_the_others_ended_the_execution_is_paused(engine: Engine) -> None:
    execution = await began(
        engine, branch("fork", [delay("wait", days=2)], [change("now", status="done")]), change("end", seats=3)
    )
    row = await engine.in_state(execution, "paused", reason="delay")
    assert row["step_id"] == "wait"
    assert row["lanes"].keys() == {"", "fork:1"}
    await engine.order(execution, "skip")
    row = await engine.ended(execution)
    assert row["steps_run"] == 4


async def test_a_lane_that_fails_pauses_while_the_other_goes_on(engine: Engine) -> None:
    execution = await began(
        engine, branch("fork", [change("wrong", gone=1)], [change("a", status="x"), change("b", seats=2)]), change("end", seats=3)
    )
    await until(lambda: _lanes(engine, execution, {"", "fork:1"}))
    row = await engine.in_state(execution, "paused", reason="error")
    assert row["step_id"] == "wrong"
    assert ("fork:2", "b") in await seen(engine, execution)
    assert ("", "end") not in await seen(engine, execution)
    await engine.order(execution, "skip")
    await engine.ended(execution)


async def _lanes(engine: Engine, execution: UUID, lanes: set[str]) -> bool:
    return (await engine.execution(execution))["lanes"].keys() == lanes


async def test_a_request_that_names_a_step_reaches_that_lane_only(engine: Engine) -> None:
    execution = await began(engine, branch("fork", [delay("one", days=1)], [delay("two", days=1)]))
    await engine.in_state(execution, "paused", reason="delay")
    await until(lambda: _standing(engine, execution, "fork:2"))
    await engine.order(execution, "skip", step="two")
    await until(lambda: _lanes(engine, execution, {"", "fork:1"}))
    await engine.order(execution, "skip", step="one")
    await engine.ended(execution)


async def _standing(engine: Engine, execution: UUID, lane: str) -> bool:
    lanes = (await engine.execution(execution))["lanes"]
    return lane in lanes and lanes[lane]["state"] == "paused"


async def test_a_stop_in_a_lane_ends_the_whole_execution(engine: Engine) -> None:
    execution = await began(
        engine, branch("fork", [delay("wait", days=2)], [stop("end", "cancel", reason="enough")]), change("after", seats=3)
    )
    row = await engine.ended(execution, "canceled")
    assert (row["reason"], row["cancel_reason"], row["lanes"]) == ("enough", "step", {})
    assert sorted(status for _, status in await engine.visits(execution)) == ["canceled", "canceled", "completed"]


async def test_lanes_nest_and_join_from_the_inside_out(engine: Engine) -> None:
    inner = branch("inner", left=[change("l", status="x")], right=[change("r", seats=1)])
    execution = await began(
        engine, branch("outer", a=[inner, change("joined", seats=2)], b=[change("b", budget="1")]), change("end", country="AT")
    )
    await engine.ended(execution)
    visits = await seen(engine, execution)
    assert visits[-1] == ("", "end")
    joined = visits.index(("outer:a", "joined"))
    assert {("outer:a/inner:left", "l"), ("outer:a/inner:right", "r")} <= set(visits[:joined])


async def test_a_branch_whose_lanes_are_empty_is_passed(engine: Engine) -> None:
    execution = await began(engine, branch("fork", [], []), change("end", seats=3))
    await engine.ended(execution)
    assert await seen(engine, execution) == [("", "fork"), ("", "end")]


async def test_a_branch_at_the_end_of_an_automation_ends_it_with_its_last_lane(engine: Engine) -> None:
    execution = await began(engine, branch("fork", [change("a", status="x")], []))
    assert (await engine.ended(execution))["steps_run"] == 2


async def test_a_loop_inside_a_lane_stays_in_it(engine: Engine) -> None:
    again = condition("enough", [], [go_to("again", "count")], **{"if": {"field": "seats", "op": ">=", "value": 3}})
    execution = await began(engine, branch("fork", [COUNT, again], [change("b", status="x")]), change("end", seats=3))
    await engine.ended(execution)
    visits = await seen(engine, execution)
    assert [step for lane, step in visits if lane == "fork:1"] == ["count", "enough", "again"] * 2 + ["count", "enough"]


async def test_fifty_lanes_write_one_record_without_losing_a_change(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    lanes = [[counting(f"add-{number}")] for number in range(50)]
    await engine.save(object="lead", steps=[branch("fork", *lanes)])
    execution = await engine.start(record=lead)
    row = await engine.ended(execution, seconds=60)
    assert row["steps_run"] == 51
    assert (await engine.record(lead))["field_values"]["seats"] == 50


async def test_calls_of_lanes_are_out_at_the_same_time(engine: Engine, http: HttpServer) -> None:
    http.hold()
    execution = await began(engine, branch("fork", *([request(f"call-{n}", http.url)] for n in range(4))))
    await http.was_asked(4)
    http.let_go()
    await engine.ended(execution)
    assert len(http.asked) == 4


async def test_a_deleted_branch_lets_its_lanes_end_and_goes_on_after_it(engine: Engine) -> None:
    execution = await began(
        engine, branch("fork", [delay("one", days=1), change("x", status="x")], [delay("two", days=1)]), change("end", seats=3)
    )
    await until(lambda: _standing(engine, execution, "fork:2"))
    await engine.save(object="lead", steps=[change("end", seats=3)])
    await engine.order(execution, "skip")
    await engine.ended(execution)
    assert [step for _, step in await seen(engine, execution)][-1] == "end"
    assert "x" not in {step for _, step in await seen(engine, execution)}


async def test_a_pause_holds_all_lanes_and_a_resume_lets_them_go_on(engine: Engine) -> None:
    execution = await began(engine, branch("fork", [delay("one", days=1)], [delay("two", days=1)]))
    await until(lambda: _standing(engine, execution, "fork:1"))
    await until(lambda: _standing(engine, execution, "fork:2"))
    await engine.order(execution, "pause")
    row = await engine.in_state(execution, "paused", reason="manual")
    await engine.order(execution, "resume")
    row = await engine.in_state(execution, "paused", reason="delay")
    await engine.order(execution, "cancel")
    row = await engine.ended(execution, "canceled")
    assert row["cancel_reason"] == "person"


async def test_open_lanes_are_carried_when_the_workflow_continues_as_new(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    again = condition("enough", [], [go_to("again", "count")], **{"if": {"field": "seats", "op": ">=", "value": 20}})
    lanes = [[COUNT, again], [delay("wait", days=1), change("woken", status="woken")], [change("wrong", gone=1)]]
    await engine.save(object="lead", steps=[branch("fork", *lanes), change("end", seats=3)])
    short = Engine(engine.database, engine.client, engine.settings.model_copy(update={"steps_per_run": 10}))
    execution = await short.start(record=lead)
    await until(lambda: _lanes(engine, execution, {"", "fork:2", "fork:3"}))
    description = await (await engine.handle(execution)).describe()
    assert description.raw_description.workflow_execution_info.first_run_id != description.run_id
    await engine.order(execution, "skip", step="wait")
    await engine.order(execution, "skip", step="wrong")
    await engine.ended(execution)
    visits = [step for _, step in await seen(engine, execution)]
    assert visits.count("count") == 20
    assert visits.count("woken") == 1
    assert visits[-1] == "end"


async def test_beneath_a_pause_it_is_kept_what_a_lane_waits_for_besides(engine: Engine) -> None:
    execution = await began(engine, branch("fork", [change("wrong", gone=1)], [delay("wait", days=1)]))
    await until(lambda: _standing(engine, execution, "fork:1"))
    await until(lambda: _standing(engine, execution, "fork:2"))
    await engine.order(execution, "pause")
    row = await engine.in_state(execution, "paused", reason="manual")
    lanes = (await until(lambda: _all_by_hand(engine, execution)))["lanes"]
    assert (lanes["fork:1"]["beneath"], lanes["fork:2"]["beneath"]) == ("error", "delay")
    assert "no field gone" in lanes["fork:1"]["beneath_reason"]
    await engine.order(execution, "resume")
    row = await engine.in_state(execution, "paused", reason="error")
    assert "beneath" not in row["lanes"]["fork:1"]


async def _all_by_hand(engine: Engine, execution: UUID) -> Any:
    row = await engine.execution(execution)
    walked = [standing for lane, standing in row["lanes"].items() if lane]
    return row if all(standing.get("pause_reason") == "manual" for standing in walked) else None
