"""Dates that come round while a worker runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from automations.fields import ObjectDefinition
from store.crm_activities import schedule_activity
from store.execution_lists import list_executions
from store.objects import put_object
from tests.builders import delay
from tests.engine import Engine, until


async def test_a_worker_starts_what_is_due_of_records_old_and_new(engine: Engine) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=3)
    fields = [{"name": "meets", "type": "datetime"}]
    async with engine.database.connection() as connection:
        await put_object(connection, ObjectDefinition.model_validate({"api_name": "lead", "name": "Lead", "fields": fields}))
    old = await engine.lead(meets=soon.isoformat())
    dated = {"id": "date", "type": "on_or_around_date", "field": "meets"}
    await engine.save(object="lead", triggers=[dated], steps=[delay("rest")])
    new = await engine.lead(meets=soon.isoformat())

    async def started() -> list[Any]:
        async with engine.database.connection() as connection:
            rows = await list_executions(connection)
        return rows if len(rows) == 2 else []

    rows = await until(started)
    assert {row["record_id"] for row in rows} == {old, new}
    assert {row["trigger"]["event_at"] for row in rows} == {soon.isoformat()}


async def test_a_worker_starts_what_is_overdue(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", triggers=[{"id": "late", "type": "activity_overdue"}], steps=[delay("rest")])
    now = datetime.now(UTC)
    async with engine.database.connection() as connection:
        await schedule_activity(connection, lead, type="call", due_at=now + timedelta(seconds=1), now=now)
    execution = await engine.in_state((await engine.latest("subject"))["id"], "paused", reason="delay")
    assert (execution["record_id"], execution["trigger"]["activity"]["type"]) == (lead, "call")
