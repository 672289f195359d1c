"""The executions whose histories are recorded: each takes another way through the workflow's code."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from activities.starting import task_queue
from automations.firings import Firing
from store.automations import read_automation
from tests.builders import Json, branch, condition, delay, go_to, goal
from tests.engine import Engine, until
from tests.http_server import HttpServer
from tests.workflows.counting import COUNT
from workflows.firing import ScheduleFiringWorkflow

CHANGE = {"id": "change", "type": "change_field_value", "changes": [{"field": "status", "value": "seen"}]}
WAIT = {"id": "wait", "type": "delay", "days": 1}
NOBODY_LISTENS = {"id": "call", "type": "http_request", "url": "http://127.0.0.1:9/"}

Scenario = Callable[[Engine], Awaitable[UUID | str]]
"""Answers the execution, or the id of a workflow that is none."""


async def _started(engine: Engine, *steps: Json, api_name: str, **limits: int) -> UUID:
    lead = await engine.lead(seats=0)
    await engine.save(api_name=api_name, object="lead", steps=list(steps))
    limited = Engine(engine.database, engine.client, engine.settings.model_copy(update=limits))
    return await limited.start(api_name, record=lead)


async def straight(engine: Engine) -> UUID:
    execution = await _started(engine, CHANGE, COUNT, {**CHANGE, "id": "last"}, api_name="straight")
    await engine.ended(execution)
    return execution


async def condition_delay_and_resume(engine: Engine) -> UUID:
    wrong = {"id": "wrong", "type": "change_field_value", "changes": [{"field": "gone", "value": 1}]}
    condition = {"id": "some", "type": "condition", "if": {"field": "seats", "op": ">=", "value": 0}, "if_yes": [WAIT]}
    execution = await _started(engine, condition, wrong, CHANGE, api_name="condition")
    await engine.in_state(execution, "paused", reason="delay")
    await engine.ask(execution, "skip")
    await engine.in_state(execution, "paused", reason="error")
    await engine.ask(execution, "resume")
    await until(lambda: _visits(engine, execution, 4))
    await engine.ask(execution, "skip")
    await engine.ended(execution)
    return execution


async def retry_ladder(engine: Engine) -> UUID:
    execution = await _started(engine, NOBODY_LISTENS, api_name="ladder")
    for attempt in range(2, 6):
        await until(lambda reached=attempt: _retrying(engine, execution, reached))
        await engine.ask(execution, "retry")
    await engine.ended(execution, "failed")
    return execution


async def continued_as_new(engine: Engine) -> UUID:
    back = {"id": "back", "type": "go_to_step", "step": "count"}
    execution = await _started(engine, COUNT, back, api_name="loop", steps_per_run=10, max_visits=12)
    await engine.ended(execution, "failed")
    return execution


async def pause_and_cancel(engine: Engine) -> UUID:
    execution = await _started(engine, WAIT, CHANGE, api_name="canceled")
    await engine.in_state(execution, "paused", reason="delay")
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await engine.ask(execution, "resume")
    await engine.in_state(execution, "paused", reason="delay")
    await engine.ask(execution, "cancel", why="enough")
    await engine.ended(execution, "canceled")
    return execution


async def canceled_in_temporal(engine: Engine) -> UUID:
    execution = await _started(engine, WAIT, api_name="gone")
    await engine.in_state(execution, "paused", reason="delay")
    await (await engine.handle(execution)).cancel()
    await engine.ended(execution, "canceled")
    return execution


async def lanes(engine: Engine) -> UUID:
    inner = branch("inner", [{**CHANGE, "id": "left"}], [COUNT])
    wrong = {"id": "wrong", "type": "change_field_value", "changes": [{"field": "gone", "value": 1}]}
    execution = await _started(engine, branch("fork", [WAIT], [wrong], [inner]), CHANGE, api_name="lanes")
    await until(lambda: _stand(engine, execution, {"", "fork:1", "fork:2"}))
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await engine.ask(execution, "resume")
    await engine.in_state(execution, "paused", reason="error")
    await engine.ask(execution, "skip", step="wrong")
    await until(lambda: _stand(engine, execution, {"", "fork:1"}))
    await engine.ask(execution, "skip", step="wait")
    await engine.ended(execution)
    return execution


async def lanes_continued_as_new(engine: Engine) -> UUID:
    enough = {"field": "seats", "op": ">=", "value": 8}
    again = condition("enough", [], [go_to("again", "count")], **{"if": enough})
    execution = await _started(engine, branch("fork", [COUNT, again], [WAIT]), CHANGE, api_name="carried", steps_per_run=10)
    await until(lambda: _stand(engine, execution, {"", "fork:2"}))
    await engine.ask(execution, "skip")
    await engine.ended(execution)
    return execution


async def reloaded(engine: Engine) -> UUID:
    """Each lane goes on from where the execution's row has it."""
    lanes = [{"name": name, "steps": [delay(f"wait-{name}", days=1)]} for name in ("a", "b")]
    execution = await _started(engine, {"id": "fork", "type": "branch", "lanes": lanes}, api_name="reloaded")
    await until(lambda: _stand(engine, execution, {"", "fork:a", "fork:b"}))
    handle = await engine.handle(execution)
    first = (await handle.describe()).run_id
    await handle.signal("reload")

    async def goes_on() -> bool:
        return (await handle.describe()).run_id != first

    await until(goes_on)
    for name in ("a", "b"):
        await engine.order(execution, "skip", step=f"wait-{name}")
    await engine.ended(execution)
    return execution


async def goals(engine: Engine) -> UUID:
    late = goal("late", {"type": "stage_updated"}, not_met=[COUNT], timeout={"days": 3})
    execution = await _started(engine, goal("soon", met=[CHANGE]), late, api_name="goals")
    await engine.in_state(execution, "paused", reason="goal")
    await engine.edit((await engine.execution(execution))["record_id"], status="Booked")
    await until(lambda: _visits(engine, execution, 3))
    await engine.ask(execution, "skip", path="not_met")
    await engine.ended(execution)
    return execution


async def dates_of_goals(engine: Engine) -> UUID:
    """One moves earlier, so that it waits anew; one moves and comes under a pause."""
    due = {"type": "on_or_around_date", "field": "due", "past": "met"}
    lanes = branch("fork", [goal("one", due, met=[CHANGE])], [goal("two", {**due, "days": 3, "when": "after"})])
    execution = await _started(engine, lanes, COUNT, api_name="dates")
    lead = (await engine.execution(execution))["record_id"]
    await until(lambda: _stand(engine, execution, {"", "fork:1", "fork:2"}))
    for date in ("2900-01-01", "2800-01-01"):
        await engine.edit(lead, due=date)
        await until(lambda year=date[:4]: _waits_until(engine, execution, year))
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    await engine.edit(lead, due="2001-01-01")
    await engine.ask(execution, "resume")
    await engine.ended(execution)
    return execution


async def _waits_until(engine: Engine, execution: UUID, year: str) -> bool:
    """All of its lanes but the main one."""
    lanes = (await engine.execution(execution))["lanes"]
    return all(stands.get("waiting_until", "").startswith(year) for lane, stands in lanes.items() if lane)


async def handed_over(engine: Engine) -> UUID:
    """Its worker is told to stop during a call; the next one makes it again."""
    own = Engine(engine.database, engine.client, engine.settings.model_copy(update={"queue_prefix": "handed-over"}))
    server = HttpServer()
    await server.start()
    server.hold()
    async with own.working():
        execution = await _started(own, {**NOBODY_LISTENS, "url": server.url}, api_name="handed-over")
        await server.was_asked(1)
    async with own.working():
        await server.was_asked(2)
        server.let_go()
        await own.ended(execution)
    await server.stop()
    return execution


async def schedule_firing(engine: Engine) -> str:
    """Waits for its time, and tells more records of it than one run does."""
    lead = await engine.lead(seats=0)
    async with engine.database.connection() as connection:
        more = "insert into records (id, object_id, name) select gen_random_uuid(), object_id, 'Lead' from records"
        await connection.execute(f"{more}, generate_series(1, 500) where id = $1", lead)
    only = {"field": "seats", "op": ">", "value": 0}
    tick = {"id": "tick", "type": "schedule", "cron": "* * * * *", "filter": only}
    await engine.save(api_name="firing", object="lead", triggers=[tick])
    async with engine.database.connection() as connection:
        row = await read_automation(connection, "firing")
    assert row
    planned = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    running = await engine.client.start_workflow(
        ScheduleFiringWorkflow.run,
        Firing(automation_id=row["id"], trigger_id="tick", planned=planned, pages_per_run=1),
        id="firing/tick",
        task_queue=task_queue(engine.settings, "regular"),
    )
    assert (await running.result()).told > 500
    return running.id


async def _stand(engine: Engine, execution: UUID, lanes: set[str]) -> bool:
    """These lanes are open, and all of them wait."""
    row = await engine.execution(execution)
    return row["lanes"].keys() == lanes and row["state"] == "paused"


async def _visits(engine: Engine, execution: UUID, count: int) -> bool:
    row = await engine.execution(execution)
    return len(await engine.visits(execution)) == count and row["state"] == "paused"


async def _retrying(engine: Engine, execution: UUID, attempt: int) -> bool:
    row = await engine.execution(execution)
    return (row["state"], row["attempt"]) == ("retrying", attempt)


SCENARIOS: tuple[Scenario, ...] = (
    straight,
    condition_delay_and_resume,
    retry_ladder,
    continued_as_new,
    pause_and_cancel,
    canceled_in_temporal,
    lanes,
    lanes_continued_as_new,
    reloaded,
    goals,
    dates_of_goals,
    handed_over,
    schedule_firing,
)
