"""Variables, start values and skipped steps: what they find, set and refuse."""

from typing import Any

import pytest

from tests.builders import change, condition, delay, go_to, mail, math, request, start, stop, tags, update, variable
from tests.engine import Engine

TOTAL = variable("total", {"static": "1.10"})
INTO = {"variable": "total"}


async def test_the_first_source_that_is_not_blank_gives_a_variable_its_value(engine: Engine) -> None:
    lead = await engine.lead(seats=7)
    sources = [{"webhook": "form", "value": "seats"}, {"field": "budget"}, {"static": "  "}, {"field": "seats"}, {"static": 1}]
    note = variable("note", {"static": "{{ variables.seats }} for {{ record.name }}"}, type="string")
    await engine.save(object="lead", variables=[variable("seats", *sources), note], steps=[])
    row = await engine.ended(await engine.start(record=lead))
    assert row["variables"] == {"seats": row["variables"]["seats"], "note": "7 for Ada Lovelace"}
    assert float(row["variables"]["seats"]) == 7


async def test_webhook_values_come_first_and_start_values_before_all_sources(engine: Engine) -> None:
    sources = [{"webhook": "form", "value": "seats"}, {"static": 1}]
    await engine.save(variables=[variable("seats", *sources), variable("size", *sources)], steps=[])
    trigger = {"type": "webhook", "webhook": "form", "values": {"seats": "12"}, "event_at": "2026-01-01T00:00:00+00:00"}
    row = await engine.ended(await engine.start(trigger=trigger, overrides={"size": 30}))
    assert {name: float(value) for name, value in row["variables"].items()} == {"seats": 12, "size": 30}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (variable("x", {"field": "budget"}, required=True), "required_variable_blank"),
        (variable("x", {"field": "gone"}), "unknown_field"),
        (variable("x", {"static": "many"}), "invalid_field_value"),
        (variable("x", {"static": "31.12.2026"}, type="date"), "invalid_field_value"),
        (variable("x", {"static": "{{ variables.gone }}"}, type="string"), None),
    ],
)
async def test_a_variable_that_cannot_be_set_is_an_expected_failure(engine: Engine, wrong: Any, code: str | None) -> None:
    lead = await engine.lead()
    await engine.save(object="lead", variables=[wrong], steps=[])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    assert (await engine.steps(execution))[0]["error"]["code"] == code or code is None


SKIPPED = {
    "condition": condition("s", yes=[change("yes", status="yes")], no=[change("no", status="no")], skip_to="no"),
    "delay": delay("s"),
    "go_to_step": go_to("s", "s"),
    "stop_execution": stop("s", "fail"),
    "start_automation": start("s", "nobody"),
    "update_variable": update("s", "total", {"static": 9}),
    "math": math("s", {"field": "gone"}, into=INTO),
    "change_field_value": change("s", gone=1),
    "change_tags": tags("s", add=["x"], field="gone"),
    "notify_member_via_email": mail("s", {"role": "nobody"}),
    "http_request": request("s", "http://127.0.0.1:9/"),
}


@pytest.mark.parametrize("kind", SKIPPED)
async def test_a_skipped_step_of_any_type_is_gone_past(engine: Engine, kind: str) -> None:
    lead = await engine.lead()
    await engine.save(
        object="lead", variables=[TOTAL], steps=[{**SKIPPED[kind], "skip": True}, change("after", email="a@example.com")]
    )
    execution = await engine.start(record=lead)
    await engine.ended(execution)
    path = [("no", "completed")] if kind == "condition" else []
    assert await engine.visits(execution) == [("v-total", "completed"), ("s", "skipped"), *path, ("after", "completed")]


async def test_what_a_blank_relationship_would_lead_to_is_blank(engine: Engine) -> None:
    lead = await engine.lead()
    said = "[{{ record.owner.email }}{{ record.team.name }}]"
    await engine.save(object="lead", steps=[change("c", status=said)])
    await engine.ended(await engine.start(record=lead))
    assert (await engine.record(lead))["field_values"]["status"] == "[]"
