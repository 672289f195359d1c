"""An automation starts others: the row with the step, the workflow behind it, priority and chain inherited."""

from typing import Any
from uuid import UUID

from activities.starting import task_queue
from tests.engine import Engine

GREETING = [{"id": "v", "name": "greeting", "type": "string", "sources": [{"static": "hello"}]}]
SET = {"id": "set", "type": "change_field_value", "changes": [{"field": "status", "from": {"variable": "greeting"}}]}


def starting(*names: str, **more: Any) -> dict[str, Any]:
    return {"id": "go", "type": "start_automation", "automations": list(names), **more}


async def children(engine: Engine, parent: UUID) -> list[Any]:
    async with engine.database.connection() as connection:
        return await connection.fetch("select * from executions where parent_id = $1 order by id", parent)


async def test_a_child_inherits_priority_and_chain_and_takes_its_overrides(engine: Engine) -> None:
    lead = await engine.lead(country="AT")
    await engine.save(api_name="child", object="lead", variables=GREETING, steps=[SET])
    overrides = [{"variable": "greeting", "value": {"static": "servus from {{ record.country }}"}}]
    await engine.save(object="lead", priority="low", steps=[starting("child", overrides=overrides)])
    parent = await engine.start(record=lead)
    await engine.ended(parent)
    [child] = await children(engine, parent)
    await engine.ended(child["id"])
    assert (child["priority"], child["depth"], child["root_id"]) == ("low", 1, parent)
    described = await (await engine.handle(child["id"])).describe()
    assert described.task_queue == task_queue(engine.settings, "low")
    assert (await engine.record(lead))["field_values"]["status"] == "servus from AT"


async def test_several_children_start_once_each(engine: Engine) -> None:
    lead = await engine.lead()
    for name in ("one", "two"):
        await engine.save(api_name=name, object="lead", steps=[])
    await engine.save(object="lead", steps=[starting("one", "two")])
    parent = await engine.start(record=lead)
    await engine.ended(parent)
    assert [child["start_request"]["automation"] for child in await children(engine, parent)] == ["one", "two"]
    for child in await children(engine, parent):
        await engine.ended(child["id"])


async def test_an_inactive_or_unknown_automation_is_an_expected_failure_and_starts_nothing(engine: Engine) -> None:
    lead = await engine.lead()
    await engine.save(api_name="asleep", object="lead", active=False, steps=[])
    await engine.save(api_name="awake", object="lead", steps=[])
    for name, code in {"asleep": "automation_inactive", "nobody": "unknown_automation"}.items():
        await engine.save(object="lead", steps=[starting("awake", name)])
        parent = await engine.start(record=lead)
        await engine.in_state(parent, "paused", reason="error")
        assert (await engine.steps(parent))[0]["error"]["code"] == code
        assert await children(engine, parent) == []
