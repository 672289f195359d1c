"""math, variables, start values and skipped steps: what they find, set and refuse."""

from typing import Any

import pytest

from tests.builders import change, condition, delay, go_to, mail, math, request, start, stop, update, variable
from tests.engine import Engine

TOTAL = variable("total", {"static": "1.10"})
INTO = {"variable": "total"}


async def total(engine: Engine, *steps: Any, **values: Any) -> Any:
    lead = await engine.lead(**values)
    await engine.save(object="lead", variables=[TOTAL], steps=list(steps))
    row = await engine.ended(await engine.start(record=lead))
    return row["variables"]["total"]


async def test_sums_and_products_are_exact(engine: Engine) -> None:
    summed = math("m", {"variable": "total"}, {"constant": "2.20"}, {"field": "seats", "negate": True}, into=INTO)
    assert float(await total(engine, summed, seats=3)) == 0.3
    assert str(await total(engine, summed, seats=3)) in ("0.30", "0.3")
    product = math("m", {"constant": 10}, {"constant": 4, "invert": True}, into=INTO, operation="multiply")
    assert float(await total(engine, product)) == 2.5


@pytest.mark.parametrize(
    ("arguments", "operation", "code"),
    [
        ([{"constant": 1}, {"field": "seats", "invert": True}], "multiply", "division_by_zero"),
        ([{"field": "budget"}], "add", "not_a_number"),
        ([{"field": "status"}], "add", "not_a_number"),
        ([{"variable": "gone"}], "add", "unknown_variable"),
        ([{"constant": "1e999999"}, {"constant": "1e999999"}], "multiply", "not_a_number"),
    ],
)
async def test_a_calculation_without_a_result_is_an_expected_failure(
    engine: Engine, arguments: list[Any], operation: str, code: str
) -> None:
    lead = await engine.lead(seats=0, status="many")
    await engine.save(object="lead", variables=[TOTAL], steps=[math("m", *arguments, into=INTO, operation=operation)])
    execution = await engine.start(record=lead)
    await engine.in_state(execution, "paused", reason="error")
    assert (await engine.steps(execution))[-1]["error"]["code"] == code


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


async def test_update_variable_keeps_what_it_is_told_to_keep(engine: Engine) -> None:
    steps = [
        update("a", "total", {"static": 5}, how="only_if_blank"),
        update("b", "total", {"static": ""}, how="overwrite_unless_blank"),
    ]
    assert float(await total(engine, *steps)) == 1.1
    assert float(await total(engine, update("c", "total", {"static": 5}))) == 5


SKIPPED = {
    "condition": condition("s", yes=[change("yes", status="yes")], no=[change("no", status="no")], skip_to="no"),
    "delay": delay("s"),
    "go_to_step": go_to("s", "s"),
    "stop_execution": stop("s", "fail"),
    "start_automation": start("s", "nobody"),
    "update_variable": update("s", "total", {"static": 9}),
    "math": math("s", {"field": "gone"}, into=INTO),
    "change_field_value": change("s", gone=1),
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


@pytest.mark.parametrize(("field", "found"), [("budget", "3.33"), (None, "3.333333333333333333333333333333333")])
async def test_a_division_that_does_not_end_is_rounded(engine: Engine, field: str | None, found: str) -> None:
    lead = await engine.lead()
    into = {"field": field} if field else INTO
    third = math("m", {"constant": 10}, {"constant": 3, "invert": True}, into=into, operation="multiply")
    await engine.save(object="lead", variables=[TOTAL], steps=[third])
    row = await engine.ended(await engine.start(record=lead))
    record = await engine.record(lead)
    assert (record["field_values"][field] if field else row["variables"]["total"]) == found


async def test_what_a_blank_relationship_would_lead_to_is_blank(engine: Engine) -> None:
    lead = await engine.lead()
    said = "[{{ record.owner.email }}{{ record.team.name }}]"
    await engine.save(object="lead", steps=[change("c", status=said)])
    await engine.ended(await engine.start(record=lead))
    assert (await engine.record(lead))["field_values"]["status"] == "[]"
