"""What a goal waits for, and which event it is that it waits for."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from automations.event_triggers import AnyEventTrigger, Event, EventTriggerUnion, Listen
from automations.fields import ObjectDefinition
from automations.parsing import parse_document
from automations.steps.goals import Goal
from tests.builders import STEP, Json, delay, document, go_to, goal

TRIGGER: TypeAdapter[AnyEventTrigger] = TypeAdapter(EventTriggerUnion)
LEAD = ObjectDefinition.model_validate(
    {
        "api_name": "lead",
        "name": "Lead",
        "stages": ["New", "Booked"],
        "fields": [
            {"name": "status", "type": "text"},
            {"name": "seats", "type": "integer"},
            {"name": "budget", "type": "money"},
            {"name": "labels", "type": "tags"},
            {"name": "vip", "type": "checkbox"},
            {"name": "due", "type": "date"},
        ],
    }
)
SOMEBODY = "0b9f3f7e-6f0d-4c53-8a39-0c1fd8b5a001"


def matches(trigger: AnyEventTrigger, kind: str, payload: Json) -> bool:
    event = Event(kind, payload)
    return bool(trigger.listens() & {Listen(kind, key) for key in event.keys}) and trigger.mismatch(event) is None


def field(name: str = "status", **states: Any) -> AnyEventTrigger:
    return TRIGGER.validate_python({"type": "field_updated", "field": name, **states}).settled(LEAD)


def stage(**stages: str) -> AnyEventTrigger:
    return TRIGGER.validate_python({"type": "stage_updated", **stages})


def updated(name: str, old: Any, new: Any) -> Json:
    return {"old": {name: old}, "new": {name: new}}


@pytest.mark.parametrize(
    ("trigger", "old", "new", "fits"),
    [
        (field(), "a", "b", True),
        (field(), "a", None, True),
        (field(to="Booked"), "Open", "booked", True),
        (field(to="Booked"), "Booked", "Open", False),
        (field(**{"from": "Open", "to": "Booked"}), "Open", "Booked", True),
        (field(**{"from": "Open", "to": "Booked"}), None, "Booked", False),
        (field(to="blank"), "Open", None, True),
        (field(to="blank"), "Open", "blank", False),
        (field(to={"value": "blank"}), "Open", "blank", True),
        (field(**{"from": "blank", "to": "not_blank"}), None, "Open", True),
        (field(**{"from": "not_blank"}), None, "Open", False),
    ],
)
def test_a_change_of_a_field_fits_by_what_it_was_and_what_it_is(trigger: AnyEventTrigger, old: Any, new: Any, fits: bool) -> None:
    assert matches(trigger, "field_updated", updated("status", old, new)) is fits


@pytest.mark.parametrize(
    ("name", "wanted", "found"),
    [
        ("seats", "5", 5),
        ("budget", 12.5, "12.50"),
        ("labels", ["b", "a"], ["a", "b"]),
        ("labels", "a", ["a"]),
        ("vip", True, True),
        ("due", "2026-03-01", "2026-03-01"),
        ("owner", SOMEBODY.upper(), SOMEBODY),
        ("name", "ada", "Ada"),
    ],
)
def test_values_are_compared_in_the_form_in_which_events_tell_them(name: str, wanted: Any, found: Any) -> None:
    assert matches(field(name, to=wanted), "field_updated", updated(name, None, found))


@pytest.mark.parametrize(("name", "wanted", "found"), [("seats", 1, 2), ("labels", ["a"], ["a", "b"]), ("vip", True, False)])
def test_another_value_does_not_fit(name: str, wanted: Any, found: Any) -> None:
    assert not matches(field(name, to=wanted), "field_updated", updated(name, None, found))


def test_a_change_of_another_field_does_not_fit() -> None:
    assert not matches(field(to="Booked"), "field_updated", updated("note", None, "Booked"))
    assert not matches(field(to="blank"), "field_updated", updated("note", "x", None))


def test_an_event_of_another_kind_does_not_fit() -> None:
    assert not matches(field(), "stage_updated", {"old": "New", "new": "Booked"})
    assert not matches(stage(), "field_updated", updated("status", "a", "b"))
    assert not matches(field(), "field_updated", {})


@pytest.mark.parametrize(
    ("trigger", "old", "new", "fits"),
    [
        (stage(), "New", None, True),
        (stage(to="Booked"), "New", "Booked", True),
        (stage(to="Booked"), "Booked", "New", False),
        (stage(**{"from": "New"}), "New", "Lost", True),
        (stage(**{"from": "New"}), None, "Lost", False),
    ],
)
def test_a_change_of_stage_fits_by_the_stages_before_and_after(
    trigger: AnyEventTrigger, old: str | None, new: str | None, fits: bool
) -> None:
    assert matches(trigger, "stage_updated", {"old": old, "new": new}) is fits


def test_a_settled_trigger_reads_back_from_json_as_it_was() -> None:
    trigger = field("budget", **{"from": "any", "to": 5})
    assert TRIGGER.validate_python(trigger.as_json()) == trigger
    assert trigger.as_json() == {"type": "field_updated", "field": "budget", "from": "any", "to": {"value": "5.00"}}


@pytest.mark.parametrize(
    ("trigger", "says"),
    [
        ({"type": "field_updated", "field": "gone"}, [("field", "unknown_field")]),
        ({"type": "field_updated", "field": "stage"}, [("field", "unknown_field")]),
        ({"type": "field_updated", "field": "created_at"}, [("field", "unknown_field")]),
        ({"type": "field_updated", "field": "seats", "to": "many"}, [("to", "invalid_field_value")]),
        ({"type": "field_updated", "field": "owner", "to": "x"}, [("to", "invalid_field_value")]),
        ({"type": "stage_updated", "from": "Old", "to": "Booked"}, [("from", "unknown_stage")]),
        ({"type": "field_updated", "field": "name"}, []),
        ({"type": "on_or_around_date", "field": "gone"}, [("field", "unknown_field")]),
        ({"type": "on_or_around_date", "field": "seats"}, [("field", "not_a_moment")]),
        ({"type": "on_or_around_date", "field": "due", "past": "met"}, []),
        ({"type": "tag_added", "field": "status"}, [("field", "not_tags")]),
        ({"type": "activity_overdue", "activity_type": "call"}, []),
    ],
)  # fmt: skip
def test_what_can_never_happen_is_said(trigger: Json, says: list[tuple[str, str]]) -> None:
    assert [(key, code) for key, code, _ in TRIGGER.validate_python(trigger).unfit(LEAD)] == says


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (goal("g", timeout={"days": 14}), "status becomes Booked, or after 14 days"),
        (goal("g", {"type": "stage_updated", "from": "New", "to": "Won"}), "stage becomes Won from New"),
        (goal("g", {"type": "field_updated", "field": "due", "from": "x", "to": "blank"}), "due becomes blank from x"),
        (goal("g", {"type": "stage_updated"}, timeout={"until": {"field": "due"}}), "stage changes, or until field due"),
        (
            goal("g", {"type": "on_or_around_date", "field": "due"}, {"type": "activity_overdue"}),
            "on due or a crm activity is overdue",
        ),
    ],
)  # fmt: skip
def test_a_goal_says_in_a_line_what_it_waits_for(step: Json, says: str) -> None:
    assert STEP.validate_python(step).summary() == says


def test_a_goal_goes_down_a_path_of_its_own_for_each_way_its_wait_ends() -> None:
    step = STEP.validate_python(goal("g", met=[delay("a")], not_met=[delay("b")]))
    assert isinstance(step, Goal)
    assert [(phase, step.path_after(phase)) for phase in ("met", "elapsed")] == [("met", "met"), ("elapsed", "not_met")]
    assert {name: [each.id for each in steps] for name, steps in step.paths().items()} == {"met": ["a"], "not_met": ["b"]}


def problems(*steps: Json, **parts: Any) -> list[tuple[str, str]]:
    found = parse_document(document(object="lead", steps=list(steps)) | parts, {"lead": LEAD}).problems
    return [(problem.path, problem.code) for problem in found]


def test_a_goal_s_mistakes_are_told_at_their_places() -> None:
    wrong = [{"type": "field_updated", "field": "gone"}, {"type": "stage_updated", "to": "Lost"}]
    inner = goal("inner", {"type": "field_updated", "field": "seats", "to": "many"}, timeout={"until": {"field": "status"}})
    assert problems(goal("outer", *wrong, met=[inner])) == [
        ("steps[0].triggers[0].field", "unknown_field"),
        ("steps[0].triggers[1].to", "unknown_stage"),
        ("steps[0].if_met[0].triggers[0].to", "invalid_field_value"),
        ("steps[0].if_met[0].timeout.until.field", "not_a_moment"),
    ]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"triggers": []}, "steps[0].triggers"),
        ({"triggers": [{"type": "sunrise"}]}, "steps[0].triggers[0]"),
        ({"triggers": [{"type": "field_updated", "field": "status", "to": None}]}, "steps[0].triggers[0].to"),
        ({"triggers": [{"type": "field_updated", "field": "status", "to": {"words": 1}}]}, "steps[0].triggers[0].to"),
        ({"triggers": [{"type": "on_or_around_date", "field": "due", "past": "sometimes"}]}, "steps[0].triggers[0].past"),
        ({"triggers": [{"type": "on_or_around_date", "field": "due", "days": 2}]}, "steps[0].triggers[0]"),
        ({"timeout": {}}, "steps[0].timeout"),
        ({"timeout": {"days": 1, "until": {"field": "due"}}}, "steps[0].timeout"),
        ({"skip": True}, "steps[0]"),
        ({"skip_to": "yes"}, "steps[0].skip_to"),
    ],
)
def test_a_goal_that_cannot_be_read_is_refused_where_it_is_wrong(more: Json, path: str) -> None:
    assert problems({**goal("g"), **more}) == [(path, "invalid_value")]


def filtered(**leaf: Any) -> Json:
    return {"type": "field_updated", "field": "status", "filter": {"op": "=", "value": 5, **leaf}}


def test_the_filters_of_a_goal_are_checked_and_know_no_variables() -> None:
    wrong = [filtered(field="gone"), filtered(field="seats"), filtered(field="seats", value="many"), filtered(variable="count")]
    variables = [{"id": "v", "name": "count", "type": "number", "sources": [{"static": 1}]}]
    assert problems(goal("outer", *wrong, timeout={"days": 1}), variables=variables) == [
        ("steps[0].triggers[0].filter.field", "unknown_field"),
        ("steps[0].triggers[2].filter.value", "invalid_filter_value"),
        ("steps[0].triggers[3].filter.variable", "unknown_variable"),
    ]


def test_what_to_do_about_the_past_is_for_goals_alone() -> None:
    dated = {"type": "on_or_around_date", "field": "due", "past": "met"}
    assert problems(goal("g", dated)) == []
    assert problems(delay("d"), triggers=[{"id": "t", **dated}]) == [("triggers[0]", "invalid_value")]


def test_a_global_automation_has_no_goals() -> None:
    assert problems(goal("g"), object=None) == [("steps[0]", "needs_record")]


def test_a_goal_is_a_wait_in_a_loop_and_leads_down_both_of_its_paths() -> None:
    assert problems(goal("g", met=[delay("a")], not_met=[go_to("again", "g")]), delay("after")) == []
