"""A goal waits for what happens to its record from then on: met once, or not met in time, whatever happens meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from temporalio.testing import WorkflowEnvironment

from activities.relaying import evaluate_events, relay_once, signal_met_goals
from automations.calendars import BusinessCalendar
from automations.fields import ObjectDefinition
from automations.messages import GoalMet
from store.business import Business, write_business
from store.objects import put_object
from store.records import archive_record, change_record
from tests.builders import Json, branch, change, condition, delay, go_to, goal, stop
from tests.engine import LEAD, Engine, until
from tests.steps.showing import also_shows
from tests.workflows.counting import COUNT
from tests.workflows.history import history_of
from tests.workflows.skipping import over_the_waits

YES, NO, AFTER = change("yes", seats=1), change("no", seats=2), change("after", country="DE")
GOAL = goal("booked", met=[YES], not_met=[NO])
MET = [("booked", "completed"), ("yes", "completed"), ("after", "completed")]
NOT_MET = [("booked", "completed"), ("no", "completed"), ("after", "completed")]


async def waiting(engine: Engine, *steps: Json, **document: Any) -> tuple[UUID, UUID]:
    """A record, and an execution on it that waits for a goal."""
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=list(steps) or [GOAL, AFTER], **document)
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="goal")
    return lead, execution


async def edit(engine: Engine, record: UUID, **values: Any) -> None:
    attributes = {key: values.pop(key) for key in ("stage", "name") if key in values}
    async with engine.database.connection() as connection:
        await change_record(connection, record, values=values, now=datetime.now(UTC), **attributes)


async def waits(engine: Engine) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from goal_waits order by execution_id, sequence")


async def all_evaluated(engine: Engine) -> bool:
    async with engine.database.connection() as connection:
        return await connection.fetchval("select not exists (select from events where evaluated_at is null)")


async def signals(engine: Engine, execution: UUID) -> int:
    return (await history_of(engine, execution)).kinds["WORKFLOW_EXECUTION_SIGNALED"]


@also_shows("goal", "triggers")
async def test_a_change_of_the_record_meets_the_goal_and_the_history_says_which(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    row = await engine.execution(execution)
    assert (row["waiting_until"], row["reason"]) == (None, "goal booked: status becomes Booked")
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert await engine.visits(execution) == MET
    output = (await engine.steps(execution))[0]["output"]
    met_by = output["met_by"]
    assert (output["path"], met_by["kind"], met_by["trigger"]["field"]) == ("met", "field_updated", "status")
    assert datetime.fromisoformat(met_by["event_at"]) <= datetime.fromisoformat(met_by["evaluated_at"])
    async with engine.database.connection() as connection:
        event = await connection.fetchrow("select * from events where id = $1", UUID(met_by["event"]))
    assert event is not None
    assert event["payload"] == {"old": {"status": None}, "new": {"status": "Booked"}}
    assert await waits(engine) == []


async def test_a_change_that_comes_by_the_gateway_meets_it_too(engine: Engine, api: httpx2.AsyncClient) -> None:
    lead, execution = await waiting(engine)
    await api.patch(f"/records/{lead}", json={"values": {"status": "booked"}})
    await engine.ended(execution)
    assert await engine.visits(execution) == MET


async def test_a_stage_meets_it_and_what_else_happens_does_not(engine: Engine) -> None:
    async with engine.database.connection() as connection:
        await put_object(connection, ObjectDefinition.model_validate({**LEAD, "stages": ["New", "Booked"]}))
    wanted = [{"type": "field_updated", "field": "seats", "to": 7}, {"type": "stage_updated", "to": "Booked"}]
    lead, execution = await waiting(engine, goal("booked", *wanted, met=[YES], not_met=[NO]), AFTER)
    for values in ({"status": "Booked"}, {"stage": "New"}, {"seats": 6}, {"name": "Grace"}):
        await edit(engine, lead, **values)
    await until(lambda: all_evaluated(engine))
    assert (await waits(engine))[0]["met_at"] is None
    await edit(engine, lead, stage="Booked")
    await engine.ended(execution)
    assert (await engine.steps(execution))[0]["output"]["met_by"]["trigger"] == {"type": "stage_updated", "to": "Booked"}


async def test_a_change_of_another_record_does_not_meet_it(engine: Engine) -> None:
    _, execution = await waiting(engine)
    other = await engine.lead("Grace Hopper")
    await edit(engine, other, status="Booked")
    await until(lambda: all_evaluated(engine))
    assert (await waits(engine))[0]["met_at"] is None
    assert await signals(engine, execution) == 0


async def test_a_step_of_another_execution_meets_it(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    await engine.save(api_name="other", object="lead", steps=[change("book", status="Booked")])
    await engine.start("other", record=lead)
    await engine.ended(execution)
    assert await engine.visits(execution) == MET


async def test_what_happened_before_the_goal_was_reached_does_not_count(
    database: Any, temporal_client: Any, settings: Any
) -> None:
    """Not even if it is evaluated when the goal waits already."""
    async with Engine(database, temporal_client, settings).working(relaying=False) as engine:
        lead = await engine.lead(seats=0)
        await engine.save(object="lead", steps=[change("early", status="Booked"), GOAL, AFTER])
        await edit(engine, lead, status="Booked")
        await edit(engine, lead, status="Open")
        execution = await engine.start(record=lead)
        await engine.in_state(execution, "paused", reason="goal")
        assert await relay_once(engine.services) > 0
        assert await all_evaluated(engine)
        assert (await waits(engine))[0]["met_at"] is None
        await edit(engine, lead, status="Open")
        await edit(engine, lead, status="Booked")
        await relay_once(engine.services)
        await engine.ended(execution)


@also_shows("goal", "triggers", "timeout")
async def test_once_its_time_is_up_it_is_not_met(skipping_engine: Engine, time_skipping: WorkflowEnvironment) -> None:
    engine = skipping_engine
    _, execution = await waiting(engine, {**GOAL, "timeout": {"days": 14}}, AFTER)
    row = await engine.execution(execution)
    assert timedelta(days=13, hours=23) < row["waiting_until"] - row["created_at"] < timedelta(days=14, hours=1)
    assert row["reason"] == "goal booked: status becomes Booked, or after 14 days"
    row = await over_the_waits(engine, execution)
    assert await time_skipping.get_current_time() >= row["created_at"] + timedelta(days=14)
    assert await engine.visits(execution) == NOT_MET
    assert (await engine.steps(execution))[0]["output"]["path"] == "not_met"
    assert await waits(engine) == []


async def test_a_goal_with_a_time_limit_is_met_before_it(engine: Engine) -> None:
    lead, execution = await waiting(engine, {**GOAL, "timeout": {"days": 14}}, AFTER)
    await edit(engine, lead, status="Booked")
    row = await engine.ended(execution)
    assert row["waiting_until"] is None
    assert await engine.visits(execution) == MET


async def test_a_moment_that_is_past_is_not_waited_for(engine: Engine) -> None:
    lead = await engine.lead(due="2021-05-01")
    await engine.save(object="lead", steps=[{**GOAL, "timeout": {"until": {"field": "due"}}}, AFTER])
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    assert await engine.visits(execution) == NOT_MET
    assert await waits(engine) == []


async def test_met_in_time_counts_although_the_clock_came_first(
    database: Any, time_skipping: WorkflowEnvironment, settings: Any
) -> None:
    """As when Temporal could not be told before the time was up."""
    async with Engine(database, time_skipping.client, settings).working(relaying=False) as engine:
        lead, execution = await waiting(engine, {**GOAL, "timeout": {"days": 1}}, AFTER)
        await edit(engine, lead, status="Booked")
        assert await evaluate_events(engine.services) > 0
        await over_the_waits(engine, execution)
        assert await signals(engine, execution) == 0
        assert await engine.visits(execution) == MET
        assert await signal_met_goals(engine.services) == 0
        assert (await engine.steps(execution))[0]["output"]["met_by"]["kind"] == "field_updated"


async def test_a_relay_that_died_before_its_signal_is_made_up_for(database: Any, temporal_client: Any, settings: Any) -> None:
    async with Engine(database, temporal_client, settings).working(relaying=False) as engine:
        lead, execution = await waiting(engine)
        await edit(engine, lead, status="Booked")
        await evaluate_events(engine.services)
        assert (await waits(engine))[0]["signal_at"] is not None
        assert await signals(engine, execution) == 0
        assert await signal_met_goals(engine.services) == 1
        await engine.ended(execution)
        assert await signal_met_goals(engine.services) == 0
        assert await signals(engine, execution) == 1


async def test_a_goal_in_a_lane_waits_while_the_others_work(engine: Engine) -> None:
    lead, execution = await waiting(engine, branch("fork", goals=[GOAL], work=[COUNT, change("worked", budget=5)]), AFTER)
    await until(lambda: _ran(engine, execution, "worked"))
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    visits = [(row["lane"], row["step_id"]) for row in await engine.steps(execution)]
    assert visits[-2:] == [("fork:goals", "yes"), ("", "after")]


async def _ran(engine: Engine, execution: UUID, step: str) -> bool:
    return (step, "completed") in await engine.visits(execution)


async def test_two_goals_of_one_execution_are_met_by_one_event(engine: Engine) -> None:
    lead, execution = await waiting(engine, branch("fork", [goal("one")], [goal("two")]), AFTER)
    await until(lambda: _count_waits(engine, 2))
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert await signals(engine, execution) == 2


async def _count_waits(engine: Engine, count: int) -> bool:
    return len(await waits(engine)) == count


async def test_met_while_it_is_paused_it_goes_on_at_the_resume(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    await engine.order(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await edit(engine, lead, status="Booked")
    await until(lambda: _signalled(engine, execution, 2))
    await edit(engine, lead, status="Open")
    assert await engine.visits(execution) == [("booked", "waiting")]
    await engine.order(execution, "resume")
    await engine.ended(execution)
    assert await engine.visits(execution) == MET
    assert await signals(engine, execution) == 3


async def _signalled(engine: Engine, execution: UUID, count: int) -> bool:
    return await signals(engine, execution) == count


async def test_resumed_before_it_is_met_it_waits_on(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    await engine.order(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await engine.order(execution, "resume")
    await engine.in_state(execution, "paused", reason="goal")
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert await engine.visits(execution) == MET


@pytest.mark.parametrize(("path", "visited"), [("met", "yes"), ("not_met", "no")])
async def test_a_skip_goes_down_the_path_that_is_said(engine: Engine, path: str, visited: str) -> None:
    _, execution = await waiting(engine)
    await engine.order(execution, "skip", path=path)
    await engine.ended(execution)
    assert await engine.visits(execution) == [("booked", "skipped"), (visited, "completed"), ("after", "completed")]
    assert await waits(engine) == []


async def test_a_skip_by_the_gateway_needs_a_path(engine: Engine, api: httpx2.AsyncClient) -> None:
    _, execution = await waiting(engine)
    refused = await api.post(f"/executions/{execution}/skip", json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "path_needed")
    assert (await api.post(f"/executions/{execution}/skip", json={"path": "not_met"})).status_code == 202
    await engine.ended(execution)
    assert ("no", "completed") in await engine.visits(execution)


async def test_a_goal_that_is_marked_to_be_skipped_does_not_wait(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[{**GOAL, "skip": True, "skip_to": "not_met"}, AFTER])
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    assert await engine.visits(execution) == [("booked", "skipped"), ("no", "completed"), ("after", "completed")]


async def test_a_canceled_execution_waits_for_nothing_any_more(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    await engine.order(execution, "cancel")
    await engine.ended(execution, "canceled", seconds=3)
    assert await waits(engine) == []
    await edit(engine, lead, status="Booked")
    await until(lambda: all_evaluated(engine))
    assert await engine.visits(execution) == [("booked", "canceled")]


async def test_a_stop_in_another_lane_ends_the_wait(engine: Engine) -> None:
    _, execution = await waiting(engine, branch("fork", [GOAL], [delay("wait", days=1), stop("enough", "cancel")]))
    await until(lambda: _ran_to(engine, execution, "wait"))
    await engine.order(execution, "skip", step="wait")
    await engine.ended(execution, "canceled")
    assert await waits(engine) == []


async def _ran_to(engine: Engine, execution: UUID, step: str) -> bool:
    return (step, "waiting") in await engine.visits(execution)


async def test_an_archived_record_ends_the_wait(database: Any, temporal_client: Any, settings: Any) -> None:
    async with Engine(database, temporal_client, settings).working(making_up=True) as engine:
        lead, execution = await waiting(engine)
        async with database.connection() as connection:
            await archive_record(connection, lead, now=datetime.now(UTC))
        row = await engine.ended(execution, "canceled")
        assert row["cancel_reason"] == "record_archived"
        assert await waits(engine) == []


async def test_a_goal_that_was_deleted_while_it_waits_goes_on_behind_it_once_it_is_met(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    await engine.save(object="lead", steps=[AFTER])
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("booked", "completed"), ("after", "completed")]
    assert await waits(engine) == []


async def test_what_a_save_puts_on_the_path_meanwhile_runs(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    await engine.save(object="lead", steps=[goal("booked", met=[change("new", budget=3)]), AFTER])
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert await engine.visits(execution) == [("booked", "completed"), ("new", "completed"), ("after", "completed")]


async def test_many_edits_of_a_record_send_one_signal(engine: Engine) -> None:
    lead, execution = await waiting(engine, {**GOAL, "if_met": [delay("stay", days=1)]})
    for number in range(200):
        await edit(engine, lead, status="Booked" if number % 2 else f"Open {number}")
    await until(lambda: all_evaluated(engine))
    await engine.in_state(execution, "paused", reason="delay")
    assert await signals(engine, execution) == 1


async def test_fifty_executions_that_wait_on_one_record_are_all_met(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[goal("booked")])
    executions = [await engine.start(record=lead) for _ in range(50)]
    await until(lambda: _count_waits(engine, 50), seconds=60)
    await edit(engine, lead, status="Booked")
    for execution in executions:
        await engine.ended(execution, seconds=60)
        assert await signals(engine, execution) == 1
    assert await waits(engine) == []


async def test_many_edits_send_one_signal_to_each_that_waits_for_them_and_none_to_the_others(engine: Engine) -> None:
    lead = await engine.lead(seats=0)
    dated = {"type": "on_or_around_date", "field": "due"}
    await engine.save(
        object="lead", steps=[goal("booked", {"type": "field_updated", "field": "status"}, met=[delay("stay", days=1)])]
    )
    others = [{"type": "field_updated", "field": "country"}, {"type": "stage_updated"}, dated, {"type": "activity_overdue"}]
    await engine.save(api_name="other", object="lead", steps=[goal("booked", *others, met=[])])
    meant = [await engine.start(record=lead) for _ in range(20)]
    apart = [await engine.start("other", record=lead) for _ in range(20)]
    await until(lambda: _count_waits(engine, 40), seconds=60)
    for number in range(300):
        await edit(engine, lead, status=f"Open {number}", seats=number)
    await until(lambda: all_evaluated(engine))
    for execution in meant:
        await engine.in_state(execution, "paused", reason="delay", seconds=60)
    assert [await signals(engine, execution) for execution in meant] == [1] * 20
    assert [await signals(engine, execution) for execution in apart] == [0] * 20


async def test_a_date_that_moves_all_the_time_sends_few_signals(engine: Engine) -> None:
    """Earlier and later and earlier again: only what comes before the moment at which it wakes is told."""
    lead = await engine.lead(due="2999-01-01")
    await engine.save(object="lead", steps=[goal("booked", {"type": "on_or_around_date", "field": "due"})])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="goal")
    await edit(engine, lead, due="2100-01-01")
    await until(lambda: _signalled(engine, execution, 1))
    for number in range(100):
        await edit(engine, lead, due=f"{2101 + number}-01-01")
    await until(lambda: all_evaluated(engine))
    assert await signals(engine, execution) == 1


async def test_only_with_a_record_as_its_filter_says_is_it_met(engine: Engine) -> None:
    only = {"any": [{"field": "seats", "op": ">=", "value": 5}, {"related": "owner.name", "op": "=", "value": "Nobody"}]}
    wanted = {"type": "field_updated", "field": "status", "to": "Booked", "filter": only}
    lead, execution = await waiting(engine, goal("booked", wanted, met=[YES], not_met=[NO]), AFTER)
    await edit(engine, lead, status="Booked")
    await until(lambda: all_evaluated(engine))
    assert (await waits(engine))[0]["met_at"] is None
    await edit(engine, lead, status="Open", seats=5)
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert await engine.visits(execution) == MET
    assert (await engine.steps(execution))[0]["output"]["met_by"]["trigger"]["filter"]["any"][0]["field"] == "seats"


@pytest.mark.parametrize(
    ("trigger", "event"),
    [
        ({"type": "form_submitted", "form": "demo"}, {"kind": "form_submitted", "form": "demo", "values": {"seats": 3}}),
        ({"type": "survey_submitted"}, {"kind": "survey_submitted", "survey": "nps", "values": {"score": 9}}),
        ({"type": "email_event", "event": "opened"}, {"kind": "email_event", "event": "opened", "message": "m-1"}),
        ({"type": "text_received", "contains": ["yes"]}, {"kind": "text_received", "from": "+4915112345678", "body": "Yes!"}),
        ({"type": "website_visited", "url": "*/pricing"}, {"kind": "website_visited", "url": "https://example.com/pricing"}),
    ],
)
async def test_what_is_told_from_elsewhere_meets_it(engine: Engine, api: httpx2.AsyncClient, trigger: Json, event: Json) -> None:
    lead, execution = await waiting(engine, goal("booked", trigger, met=[YES], not_met=[NO]), AFTER)
    answer = await api.post("/events", json={"record": {"object": "lead", "id": str(lead)}, **event})
    assert answer.status_code == 202, answer.text
    await engine.ended(execution)
    assert await engine.visits(execution) == MET


async def test_a_crm_activity_that_is_logged_meets_it(engine: Engine, api: httpx2.AsyncClient) -> None:
    lead, execution = await waiting(
        engine, goal("booked", {"type": "activity_logged", "activity_type": "call"}, met=[YES]), AFTER
    )
    answer = await api.post(f"/records/{lead}/activities", json={"type": "call", "status": "completed"})
    assert answer.status_code == 201, answer.text
    await engine.ended(execution)
    assert await engine.visits(execution) == MET


async def test_a_time_limit_may_skip_days_that_are_not_worked(skipping_engine: Engine) -> None:
    engine = skipping_engine
    days = [(datetime.now(UTC) + timedelta(days=count)).date().isoformat() for count in range(1, 4)]
    off = {"working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "days_off": [{"date": day} for day in days]}
    async with engine.database.transaction() as connection:
        calendar = BusinessCalendar.model_validate(off)
        await write_business(connection, Business(name="Acme", timezone="UTC", locale="de", calendar=calendar))
    _, execution = await waiting(engine, {**GOAL, "timeout": {"days": 1, "skip_non_working_days": True}}, AFTER)
    row = await engine.execution(execution)
    assert timedelta(days=3) < row["waiting_until"] - row["created_at"] < timedelta(days=5)
    await over_the_waits(engine, execution)
    assert await engine.visits(execution) == NOT_MET


async def test_a_goal_in_a_loop_is_met_anew_each_time(engine: Engine) -> None:
    again = condition("enough", [], [go_to("again", "booked")], **{"if": {"field": "seats", "op": ">=", "value": 3}})
    lead, execution = await waiting(engine, goal("booked", met=[COUNT]), again)
    for sequence in (1, 5, 9):
        await until(lambda here=sequence: _waits_at(engine, here))
        await edit(engine, lead, status=f"Open {sequence}")
        await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert (await engine.record(lead))["field_values"]["seats"] == 3
    assert await signals(engine, execution) == 3


async def _waits_at(engine: Engine, sequence: int) -> bool:
    return [row["sequence"] for row in await waits(engine)] == [sequence]


@pytest.mark.parametrize("paused", [False, True])
async def test_a_goal_is_carried_when_the_workflow_continues_as_new(engine: Engine, paused: bool) -> None:
    again = condition("enough", [], [go_to("again", "count")], **{"if": {"field": "seats", "op": ">=", "value": 20}})
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[branch("fork", [GOAL], [COUNT, again]), AFTER])
    short = Engine(engine.database, engine.client, engine.settings.model_copy(update={"steps_per_run": 10}))
    execution = await short.start(record=lead)
    await engine.in_state(execution, "paused", reason="goal")
    description = await (await engine.handle(execution)).describe()
    assert description.raw_description.workflow_execution_info.first_run_id != description.run_id
    if paused:
        await engine.order(execution, "pause")
        await engine.in_state(execution, "paused", reason="manual")
    await edit(engine, lead, status="Booked")
    if paused:
        await until(lambda: _signalled(engine, execution, 2))
        await engine.order(execution, "resume")
    await engine.ended(execution)
    assert (await engine.visits(execution))[-2:] == [("yes", "completed"), ("after", "completed")]


async def test_what_goes_wrong_when_it_is_met_is_tried_again(engine: Engine) -> None:
    lead, execution = await waiting(engine)
    async with engine.database.connection() as connection:
        await connection.execute("alter table goal_waits rename to away")
    await (await engine.handle(execution)).signal("met", GoalMet(sequence=1))
    await engine.in_state(execution, "retrying")
    async with engine.database.connection() as connection:
        await connection.execute("alter table away rename to goal_waits")
    await edit(engine, lead, status="Booked")
    await until(lambda: _is_met(engine))
    await engine.ask(execution, "retry")
    await engine.ended(execution)
    assert await engine.visits(execution) == MET
    assert (await engine.steps(execution))[0]["attempt"] == 2


async def _is_met(engine: Engine) -> bool:
    return (await waits(engine))[0]["met_at"] is not None


async def test_a_field_that_is_gone_by_then_pauses_with_the_reason(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[goal("booked", {"type": "field_updated", "field": "gone"})])
    row = await engine.in_state(await engine.start(record=lead), "paused", reason="error")
    assert row["reason"] == "lead has no field gone whose changes are told of."


async def test_one_that_waits_for_long_is_still_met(skipping_engine: Engine, time_skipping: WorkflowEnvironment) -> None:
    """The clock of the workflow is not that of the events: which came first is counted, not compared."""
    engine = skipping_engine
    lead = await engine.lead(seats=0)
    await engine.save(object="lead", steps=[delay("first", days=400), GOAL, AFTER])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="delay")
    await time_skipping.sleep(timedelta(days=401))
    await engine.in_state(execution, "paused", reason="goal")
    await edit(engine, lead, status="Booked")
    await engine.ended(execution)
    assert (await engine.visits(execution))[-3:] == MET
