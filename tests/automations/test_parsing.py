"""From what a user sends to a document, with all that is wrong with it at once."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.document import AutomationDocument, document_schema
from automations.parsing import ParsedDocument, load_document, parse_document
from automations.problems import Problem
from automations.steps import STEP_TYPES
from tests.builders import (
    Json,
    branch,
    change,
    condition,
    delay,
    document,
    go_to,
    mail,
    math,
    request,
    start,
    stop,
    update,
    variable,
    webhook,
)

from .objects import OBJECTS

EXAMPLE = """
api_name: demo-request
name: Follow up a demo request
object: lead
triggers:
  - {type: webhook, name: demo-form, auth: none, record: {email: "$.contact.email"}, extract: {seats: "$.company.seats"}}
variables:
  - {name: seats, type: number, required: true, sources: [{webhook: demo-form, value: seats}, {field: seats}, {static: 1}]}
steps:
  - id: big
    type: condition
    if: {all: [{variable: seats, op: ">=", value: 50}, {field: country, op: is_any_of, value: [DE, AT]}]}
    if_yes: [{type: notify_member_via_email, to: owner, subject: "{{ record.name }} wants {{ variables.seats }} seats"}]
    if_no: [{id: wait, type: delay, days: 2, at: 09:00}, {type: delay, hours: 1}]
  - {id: won, type: change_field_value, changes: [{field: status, value: Booked}]}
"""


def found(raw: Any, objects: Any = OBJECTS) -> set[tuple[str, str]]:
    return {(problem.path, problem.code) for problem in parse_document(raw, objects).problems}


def problem_at(raw: Any, path: str) -> Problem:
    return next(problem for problem in parse_document(raw, OBJECTS).problems if problem.path == path)


def test_a_good_document_has_no_problems_and_gets_its_ids() -> None:
    parsed = load_document(EXAMPLE, OBJECTS)
    assert parsed.problems == []
    assert parsed.document is not None
    raw = parsed.document.as_json()
    assert raw["triggers"][0]["id"] == "webhook-1"
    assert raw["variables"][0]["id"] == "variable-1"
    assert [step["id"] for step in raw["steps"][0]["if_no"]] == ["wait", "delay-1"]
    assert raw["steps"][0]["if_yes"][0]["id"] == "notify_member_via_email-1"


def test_a_parsed_document_parses_again_to_the_same() -> None:
    parsed = load_document(EXAMPLE, OBJECTS).document
    assert parsed is not None
    again = parse_document(json.loads(json.dumps(parsed.as_json())), OBJECTS)
    assert again == ParsedDocument(parsed, [])


def test_what_was_not_said_stays_unsaid() -> None:
    raw = document(steps=[delay("a"), condition("b", **{"if": {"field": "seats", "op": ">", "value": 1}})])
    parsed = parse_document(raw).document
    assert parsed is not None
    assert parsed.as_json() == raw


def test_given_ids_are_never_given_again() -> None:
    steps = [{"type": "delay", "days": 1}, delay("delay-1"), condition("c", [{"type": "delay", "days": 1}], [delay("delay-3")])]
    parsed = parse_document(document(steps=steps, triggers=[{"id": "delay-2", "type": "manual"}])).document
    assert parsed is not None
    raw = parsed.as_json()
    assert raw["steps"][0]["id"] == "delay-4"
    assert raw["steps"][2]["if_yes"][0]["id"] == "delay-5"


def test_text_that_is_no_yaml_is_one_problem_with_its_line() -> None:
    parsed = load_document("api_name: a\napi_name: b")
    assert parsed.document is None
    assert [(problem.code, problem.sentence[:7]) for problem in parsed.problems] == [("invalid_yaml", "Line 2:")]


@pytest.mark.parametrize("raw", [None, 1, "x", [], [{}], True])
def test_what_is_no_object_is_no_document(raw: object) -> None:
    assert found(raw) == {("", "invalid_value")}


def test_every_key_of_the_document_is_told_of() -> None:
    raw = {"api_name": "No Good", "object": 5, "priority": "high", "throttles": "30s", "steps": {}, "triggers": None}
    expected = {
        ("api_name", "invalid_value"),
        ("name", "missing_key"),
        ("object", "invalid_value"),
        ("priority", "invalid_value"),
        ("throttles", "unknown_key"),
        ("steps", "invalid_value"),
        ("triggers", "invalid_value"),
    }
    assert found(raw) == expected


@pytest.mark.parametrize(
    ("step", "path", "code"),
    [
        (5, "", "invalid_value"),
        ({"id": "a"}, ".type", "missing_key"),
        ({"type": "dleay"}, ".type", "unknown_step_type"),
        ({"type": 5}, ".type", "unknown_step_type"),
        ({"type": "unread"}, ".type", "unknown_step_type"),
        (delay("no good"), ".id", "invalid_value"),
        (delay("a", days=-1), ".days", "invalid_value"),
        (delay("a", dyas=1), ".dyas", "unknown_key"),
        (delay("a", days=1, hours=1, until="2026-03-01T09:00:00Z"), "", "invalid_value"),
        (delay("a", at=900), ".at", "invalid_value"),
        (delay("a", at="24:00"), ".at", "invalid_value"),
        (delay("a", until="tomorrow"), ".until", "invalid_value"),
        (delay("a", until=20260301), ".until", "invalid_value"),
        (delay("a", until={"field": 5}), ".until.field", "invalid_value"),
        (delay("a", until={"feld": "x"}), ".until", "invalid_value"),
        (delay("a", **{"for": {"variable": "n", "unit": "years"}}), ".for.unit", "invalid_value"),
        (delay("a", amount={"variable": "n", "unit": "days"}, at="09:00"), ".amount", "unknown_key"),
        (delay("a", if_yes=[]), ".if_yes", "unknown_key"),
        (condition("a", **{"if": {}}), ".if", "filter_kind"),
        (condition("a", **{"if": {"all": []}}), ".if.all", "invalid_value"),
        (condition("a", **{"if": {"all": [{"field": 7, "op": "="}]}}), ".if.all[0].field", "invalid_value"),
        (condition("a", **{"if": {"any": [{"variable": "x"}]}}), ".if.any[0].op", "missing_key"),
        ({"type": "condition"}, ".if", "missing_key"),
        (condition("a", skip=True), "", "invalid_value"),
        ({**condition("a"), "if_yes": {}}, ".if_yes", "invalid_value"),
        (update("a", "x", {"satic": 1}), ".sources[0]", "unknown_source"),
        (update("a", "x", 5), ".sources[0]", "unknown_source"),
        (update("a", "x", {"webhook": "x", "value": 5}), ".sources[0].value", "invalid_value"),
        (update("a", "x", {"field": "x", "thruogh": "y"}), ".sources[0].thruogh", "unknown_key"),
        (update("a", "x", sources=[]), ".sources", "invalid_value"),
        ({"type": "change_field_value", "changes": [{"field": "x", "how": "clear", "value": 1}]}, ".changes[0]", "invalid_value"),
        ({"type": "change_field_value", "changes": [{"field": "x", "from": {}}]}, ".changes[0].from", "unknown_source"),
        (mail("a", to={"employee": "nobody"}), ".to.employee", "invalid_value"),
        (mail("a", to="the boss"), ".to", "invalid_value"),
        (mail("a", subject=""), ".subject", "invalid_value"),
        (math("a", {}, into={"variable": "x"}), ".arguments[0]", "invalid_value"),
        (math("a", {"constant": "many"}, into={"variable": "x"}), ".arguments[0].constant", "invalid_value"),
        (request("a", method="FETCH"), ".method", "invalid_value"),
        (request("a", headers={"X": 1}), ".headers.X", "invalid_value"),
        (request("a", json_body=1), ".json_body", "unknown_key"),
        (request("a", into=[{"variable": "x", "value": "head"}]), ".into[0].value", "invalid_value"),
        (start("a", "Other One"), ".automations[0]", "invalid_value"),
        (start("a", "other", overrides=[{"variable": "x", "value": {"statc": 1}}]), ".overrides[0].value", "unknown_source"),
    ],
)
def test_a_broken_step_has_its_problem_at_its_place(step: Any, path: str, code: str) -> None:
    nested = document(steps=[delay("z"), condition("y", no=[delay("x"), step])])
    assert found(nested, None) == {(f"steps[1].if_no[1]{path}", code)}
    assert parse_document(nested).document is None


def test_a_broken_step_in_a_lane_has_its_problem_at_its_place() -> None:
    fork = branch("fork", [delay("x")], [condition("y", no=[branch("inner", left=[delay("z", dyas=1), delay("a", days="x")])])])
    assert found(document(steps=[fork]), None) == {
        ("steps[0].lanes[1].steps[0].if_no[0].lanes[0].steps[0].dyas", "unknown_key"),
        ("steps[0].lanes[1].steps[0].if_no[0].lanes[0].steps[1].days", "invalid_value"),
    }


@pytest.mark.parametrize(
    ("lanes", "path", "code"),
    [
        (5, "lanes", "invalid_value"),
        ({"steps": []}, "lanes", "invalid_value"),
        ([], "lanes", "invalid_value"),
        ([{}] * 51, "lanes", "invalid_value"),
        ([{}, 5], "lanes[1]", "invalid_value"),
        ([{}, [delay("a")]], "lanes[1]", "invalid_value"),
        ([{}, {"stesp": []}], "lanes[1].stesp", "unknown_key"),
        ([{"steps": {}}], "lanes[0].steps", "invalid_value"),
        ([{"name": "a b"}], "lanes[0].name", "invalid_value"),
        ([{"name": "a"}, {"name": "b"}, {"name": "a"}], "lanes", "invalid_value"),
        ([{"name": "2"}, {}], "lanes", "invalid_value"),
    ],
)
def test_broken_lanes_are_one_problem_and_hide_none(lanes: Any, path: str, code: str) -> None:
    assert found(document(steps=[{"type": "branch", "lanes": lanes}]), None) == {(f"steps[0].{path}", code)}
    if isinstance(lanes, list):
        among = [{"name": "first", "steps": [delay("x", days="y")]}, *lanes]
        assert ("steps[0].lanes[0].steps[0].days", "invalid_value") in found(document(steps=[{"type": "branch", "lanes": among}]))


def test_two_lanes_of_one_name_are_told_by_it() -> None:
    fork = {"type": "branch", "lanes": [{"name": "sales"}, {"name": "sales"}]}
    assert "Two lanes are called sales" in problem_at(document(steps=[fork]), "steps[0].lanes").sentence


def test_fifty_lanes_are_no_problem() -> None:
    parsed = parse_document(document(steps=[branch("fork", *([delay(f"d{index}")] for index in range(50)))]), OBJECTS)
    assert parsed.problems == []


def test_a_branch_says_what_its_author_said() -> None:
    fork = {"id": "fork", "type": "branch", "lanes": [{"name": "sales"}, {"steps": []}, {"steps": [delay("a")]}]}
    parsed = parse_document(document(steps=[fork])).document
    assert parsed is not None
    assert parsed.as_json()["steps"] == [fork]
    assert parsed == AutomationDocument.model_validate(document(steps=[fork]))


def test_the_automations_that_lanes_start_are_told() -> None:
    lanes = branch("fork", [delay("a"), start("b", "other")], right=[condition("c", no=[start("d", "more", "another")])])
    parsed = parse_document(document(steps=[lanes])).document
    assert parsed is not None
    assert parsed.started_automations() == {
        "steps[0].lanes[0].steps[1].automations[0]": "other",
        "steps[0].lanes[1].steps[0].if_no[0].automations[0]": "more",
        "steps[0].lanes[1].steps[0].if_no[0].automations[1]": "another",
    }


@pytest.mark.parametrize(
    ("trigger", "path", "code"),
    [
        ("manual", "", "invalid_value"),
        ({"id": "a"}, ".type", "missing_key"),
        ({"type": "webhok"}, ".type", "unknown_trigger_type"),
        ({"type": "webhook", "auth": "none"}, ".name", "missing_key"),
        (webhook(method="PUT"), ".method", "invalid_value"),
        (webhook(record={"phone": "$.x"}), ".record.phone", "unknown_key"),
        (webhook(record={"id": "$.x", "name": "$.y"}), ".record", "invalid_value"),
        (webhook(extract={"seats": "company.seats"}), ".extract.seats", "invalid_value"),
        (webhook(extract={"Seats": "$.seats"}), ".extract.Seats", "invalid_value"),
    ],
)
def test_a_broken_trigger_has_its_problem_at_its_place(trigger: Any, path: str, code: str) -> None:
    assert found(document(triggers=[{"type": "manual"}, trigger]), None) == {(f"triggers[1]{path}", code)}


def test_no_path_or_sentence_names_a_class_or_pydantic() -> None:
    raw = TWENTY
    for problem in parse_document(raw, OBJECTS).problems:
        said = f"{problem.path} {problem.sentence}"
        assert not any(word in said for word in ("Input should", "Moment", "Source(", "literal[", "function-", "Value error"))


def test_sentences_say_what_would_be_right() -> None:
    raw = document(steps=[{"type": "dleay"}, delay("a", dyas=1), delay("b", days=1, hours=1, at="x"), mail("c", to="boss")])
    assert "Did you mean delay?" in problem_at(raw, "steps[0].type").sentence
    assert problem_at(raw, "steps[1].dyas").sentence == "There is no key dyas here: did you mean days?"
    assert problem_at(raw, "steps[2].at").sentence == 'It is no time of day such as "09:00".'
    assert "{role: name}" in problem_at(raw, "steps[3].to").sentence


def test_unknown_types_list_the_known_ones() -> None:
    sentence = problem_at(document(steps=[{"type": "nothing"}]), "steps[0].type").sentence
    assert all(kind in sentence for kind in STEP_TYPES)


def test_the_steps_below_a_broken_step_are_parsed_all_the_same() -> None:
    steps = [
        {
            "type": "condition",
            "if": {},
            "if_yes": [delay("a", days="x")],
            "if_no": [{"type": "gaol", "if_met": [], "if_yes": [7]}],
        }
    ]
    assert found(document(steps=steps)) == {
        ("steps[0].if", "filter_kind"),
        ("steps[0].if_yes[0].days", "invalid_value"),
        ("steps[0].if_no[0].type", "unknown_step_type"),
        ("steps[0].if_no[0].if_yes[0]", "invalid_value"),
    }


def test_what_could_not_be_read_is_no_reason_for_more_problems() -> None:
    raw = document(
        object=5,
        triggers=[{"type": "webhook", "name": "form", "auth": "password"}],
        variables=[variable("seats", type="nmber", sources=[{"webhook": "form", "value": "seats"}])],
        steps=[
            condition("ask", **{"if": {"all": [{"variable": "seats", "op": ">", "value": 1}, {"field": "x", "op": "="}]}}),
            {"type": "go_to_step", "id": "jump", "step": 7},
            mail("tell", subject="{{ record.x }} {{ variables.seats }}"),
            go_to("back", "jump"),
        ],
    )
    assert found(raw) == {
        ("object", "invalid_value"),
        ("triggers[0].auth", "invalid_value"),
        ("variables[0].type", "invalid_value"),
        ("steps[1].step", "invalid_value"),
    }


def test_too_many_steps_are_refused_before_they_are_parsed() -> None:
    assert found(document(steps=[5] * 1_999, variables=[{}])) != {("steps", "too_many_steps")}
    assert found(document(steps=[5] * 2_000, variables=[{}])) == {("steps", "too_many_steps")}


def nested(depth: int) -> Json:
    inner = delay("innermost")
    for level in range(depth - 1):
        inner = condition(f"c{level}", [inner], **{"if": {"variable": "seats", "op": "is_blank"}})
    return document(variables=[variable("seats")], steps=[inner])


def test_steps_may_stand_twenty_deep() -> None:
    assert found(nested(20)) == set()
    [(path, code)] = found(nested(21))
    assert (path, code) == ("steps[0]" + ".if_yes[0]" * 19 + ".if_yes", "steps_too_deep")


def test_lanes_may_stand_twenty_deep() -> None:
    def lanes(depth: int) -> Json:
        inner = condition("innermost", **{"if": {"all": [{"variable": "seats", "op": "is_blank"}]}})
        for level in range(depth - 1):
            inner = branch(f"b{level}", [inner])
        return document(variables=[variable("seats")], steps=[inner])

    assert found(lanes(20)) == set()
    assert found(lanes(21)) == {("steps[0]" + ".lanes[0].steps[0]" * 19 + ".lanes[0].steps", "steps_too_deep")}


def test_steps_in_lanes_are_counted() -> None:
    assert found(document(steps=[{"type": "branch", "lanes": [{"steps": [5] * 999}, {"steps": [5] * 1_001}]}])) == {
        ("steps", "too_many_steps")
    }


def test_any_depth_is_refused_without_an_overflow() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert found(document(steps=[{"type": "update_variable", "sources": [{"static": deep}]}])) == {("", "nested_too_deep")}
    while deep:  # a list this deep would overflow when it is freed at once
        deep = deep[0]


@pytest.mark.parametrize("value", ["a\0b", "\ud800", float("nan"), float("inf"), 10**50])
def test_values_that_cannot_be_kept_are_refused_at_their_place(value: Any) -> None:
    assert found(document(steps=[update("a", "x", {"static": [value]})])) == {("steps[0].sources[0].static[0]", "invalid_value")}


def test_keys_that_cannot_be_kept_are_refused_in_a_path_that_can() -> None:
    raw = document(steps=[request("a", json={"\ud800": 1})])
    assert found(raw) == {("steps[0].json.\\ud800", "unknown_key")}
    assert found({**document(), 5: 1}) == {("[5]", "unknown_key")}


def test_the_schema_names_every_step_type() -> None:
    text = json.dumps(document_schema())
    assert all(f'"{kind}"' in text for kind in STEP_TYPES)
    assert '"if_yes"' in text
    assert '"condition": {"$ref"' not in text  # an alias stands for its field


TWENTY = document(
    object="lead",
    priority="urgent",
    colour="blue",
    triggers=[
        webhook("hook", "form", record={"id": "$.id"}, extract={"seats": "$.seats"}),
        webhook("hook-2", "form", record={"id": "$.id"}),
        webhook("hook-3", "other"),
        {"id": "hook-4", "type": "telegram", "name": "bot"},
    ],
    variables=[
        variable("seats", {"variable": "late"}),
        variable("late", {"webhook": "form", "value": "rows"}),
        variable("size", {"static": "many"}),
    ],
    steps=[
        condition(
            "ask",
            [delay("soon", days=-1), go_to("away", "nowhere")],
            [mail("tell", subject="{{ record.company.group.name }}"), mail("say", subject="{% if x %}")],
            **{"if": {"all": [{"field": "citty", "op": "=", "value": 1}, {"field": "seats", "op": "like", "value": 2}]}},
        ),
        change("own", country="FR", topics=5),
        math("sum", {"field": "status"}, into={"variable": "seats"}),
        mail("soon", to={"field": "country"}),
        update("set", "nothing"),
        delay("until", until={"field": "team"}, unit="days"),
        stop("end"),
        delay("never"),
    ],
)

TWENTY_PROBLEMS = {
    ("priority", "invalid_value"),
    ("colour", "unknown_key"),
    ("triggers[1]", "duplicate_trigger"),
    ("triggers[2].record", "webhook_needs_record"),
    ("triggers[3].type", "unknown_trigger_type"),
    ("variables[0].sources[0].variable", "variable_used_before_set"),
    ("variables[1].sources[0].value", "unknown_webhook_value"),
    ("variables[2].sources[0].static", "invalid_variable_value"),
    ("steps[0].if.all[0].field", "unknown_field"),
    ("steps[0].if.all[1].op", "unknown_operator"),
    ("steps[0].if_yes[0].days", "invalid_value"),
    ("steps[0].if_yes[1].step", "unknown_step"),
    ("steps[0].if_no[0].subject", "too_many_hops"),
    ("steps[0].if_no[1].subject", "invalid_template"),
    ("steps[1].changes[0].value", "invalid_field_value"),
    ("steps[2].arguments[0].field", "not_a_number"),
    ("steps[3].id", "duplicate_id"),
    ("steps[3].to.field", "not_a_team_selector"),
    ("steps[4].variable", "unknown_variable"),
    ("steps[5].unit", "unknown_key"),
    ("steps[7]", "unreachable_step"),
}


def test_twenty_mistakes_are_told_of_at_once() -> None:
    parsed = parse_document(TWENTY, OBJECTS)
    assert parsed.document is None
    assert {(problem.path, problem.code) for problem in parsed.errors} == TWENTY_PROBLEMS
    assert len(parsed.errors) == len(TWENTY_PROBLEMS) >= 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(sorted(STEP_TYPES)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("id", "type", "steps", "if", "if_yes", "lanes", "name", "sources", "to", "all", "x", "static")),
            inner,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_value_is_answered(raw: object) -> None:
    parsed = parse_document(raw, OBJECTS)
    assert (parsed.document is None) <= bool(parsed.errors)
    json.dumps([problem.model_dump() for problem in parsed.problems]).encode()


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with each of its keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [pair for key, child in items for pair in [(value, key), *places(child)]]


ASKS_AGAIN = condition("g", [go_to("h", "e")], **{"if": {"variable": "seats", "op": "is_blank"}})
FULL = document(
    object="lead",
    triggers=[webhook(record={"email": "$.email"}, extract={"seats": "$.seats"})],
    variables=[variable("seats", {"webhook": "form", "value": "seats"}), variable("all", {"static": [1]}, list=True)],
    steps=[
        condition("ask", [delay("a", at="09:00"), go_to("b", "own")], [stop("c", reason="{{ record.name }}")]),
        change("own", status="x {{ variables.seats }}"),
        branch("fork", [delay("d"), branch("inner", [delay("f")], [])], other=[stop("e", "pause"), ASKS_AGAIN]),
        math("sum", {"field": "seats"}, {"constant": 2, "negate": True}, into={"variable": "seats"}),
        mail("tell", to={"field": "team"}),
        request("call", json={"a": ["{{ record.id }}"]}, into=[{"variable": "seats", "value": "status"}]),
        start("other", "another", on="this_record", overrides=[{"variable": "x", "value": {"trigger": "time"}}]),
        delay("end", until={"field": "born"}),
    ],
)


def test_the_full_document_is_right() -> None:
    assert found(FULL) == set()


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_mutated_document_is_answered(data: st.DataObject) -> None:
    raw = copy.deepcopy(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(raw)))
        match data.draw(st.sampled_from(["replace", "remove", "add", "move"])):
            case "replace":
                container[key] = data.draw(JSON)
            case "remove":
                del container[key]
            case "add" if isinstance(container, dict):
                container[data.draw(st.text(max_size=5))] = data.draw(JSON)
            case _:
                container[key] = copy.deepcopy(data.draw(st.sampled_from(places(FULL)))[0])
    parsed = parse_document(raw, OBJECTS)
    assert (parsed.document is None) <= bool(parsed.errors)
    if parsed.document is not None:
        again = parse_document(parsed.document.as_json(), OBJECTS)
        assert again.problems == parsed.problems
        assert again.document == parsed.document


def test_json_path_that_is_none_and_two_bodies_are_mistakes() -> None:
    trigger = {"type": "webhook", "name": "form", "auth": "none", "extract": {"who": "$.[name"}}
    step = {"id": "ask", "type": "http_request", "url": "http://example.com", "json": {"a": 1}, "body": "b"}
    found = parse_document(document(triggers=[trigger], steps=[step])).problems
    assert {problem.path.split(".")[0] for problem in found} == {"triggers[0]", "steps[0]"}
