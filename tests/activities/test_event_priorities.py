"""What an execution of low priority changes is of low priority, and so is what that starts."""

from typing import Any
from uuid import UUID

import pytest

from automations.fields import ObjectDefinition
from automations.model import Priority
from store.objects import put_object
from store.team import put_employee
from tests.builders import archive, assign, change, create, delay, schedule, tags
from tests.engine import LEAD, Engine, until

STEPS: dict[str, Any] = {
    "a field": change("s", status="Open"),
    "tags": tags("s", field="labels", add=["vip"]),
    "a stage": {"id": "s", "type": "update_stage", "stage": "Won"},
    "a record": create("s", "lead", "Grace Hopper"),
    "a crm activity": schedule("s"),
    "a member of the team": assign("s", "employee", employee="grace@example.com", into="team"),
    "an archived record": archive("s"),
}
"""By what it writes: a step each."""


async def caused(engine: Engine, execution: UUID) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from events where root_id = $1", execution)


@pytest.mark.parametrize("priority", ["regular", "low"])
async def test_an_automation_that_a_change_starts_inherits_low(engine: Engine, priority: Priority) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[change("s", status="Open")])
    await engine.save(
        api_name="second", object="lead", steps=[change("s", seats=1)],
        triggers=[{"id": "t", "type": "field_updated", "field": "status"}],
    )  # fmt: skip
    await engine.save(
        api_name="third", object="lead", steps=[delay("rest")], triggers=[{"id": "t", "type": "field_updated", "field": "seats"}]
    )
    await engine.start(record=lead, priority=priority)
    assert (await engine.latest("second"))["priority"] == priority
    assert (await engine.latest("third"))["priority"] == priority


async def test_a_trigger_with_a_priority_of_its_own_goes_by_its_automation(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", steps=[change("s", status="Open")])
    await engine.save(
        api_name="second", object="lead", steps=[change("s", seats=1)],
        triggers=[{"id": "t", "type": "field_updated", "field": "status", "priority": "own"}],
    )  # fmt: skip
    await engine.save(
        api_name="third", object="lead", steps=[delay("rest")], triggers=[{"id": "t", "type": "field_updated", "field": "seats"}]
    )
    await engine.start(record=lead, priority="low")
    assert (await engine.latest("second"))["priority"] == "regular"
    assert (await engine.latest("third"))["priority"] == "regular"


@pytest.mark.parametrize("what", STEPS)
async def test_the_events_of_a_low_execution_are_low_whatever_it_writes(engine: Engine, what: str) -> None:
    async with engine.database.transaction() as connection:
        await put_object(connection, ObjectDefinition.model_validate({**LEAD, "stages": ["New", "Won"]}))
        await put_employee(connection, "grace@example.com", name="Grace", roles=[], active=True)
    lead = await engine.lead()
    await engine.save(object="lead", steps=[STEPS[what]])
    execution = await engine.start(record=lead, priority="low")

    async def over() -> Any:
        return (await engine.execution(execution))["finished_at"]

    await until(over)
    assert {event["priority"] for event in await caused(engine, execution)} == {"low"}
