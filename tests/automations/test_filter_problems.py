"""What is wrong with a filter before it is saved."""

from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import JsonValue

from automations.fields import ObjectDefinition
from automations.filter_problems import FilterProblem, filter_problems

from .test_filters import filters, parsed

LEAD = ObjectDefinition.model_validate(
    {
        "api_name": "lead",
        "name": "Lead",
        "fields": [
            {"name": "country", "type": "dropdown", "options": ["DE", "AT"]},
            {"name": "seats", "type": "integer"},
            {"name": "email", "type": "email"},
            {"name": "phone", "type": "phone"},
            {"name": "born", "type": "date"},
            {"name": "stars", "type": "rating"},
            {"name": "topics", "type": "checkboxes", "options": ["crm", "erp"]},
            {"name": "papers", "type": "files"},
            {"name": "company", "type": "relationship", "object": "account"},
        ],
        "stages": ["New", "Won"],
    }
)
ACCOUNT = ObjectDefinition.model_validate(
    {"api_name": "account", "name": "Account", "fields": [{"name": "tier", "type": "radio", "options": ["gold"]}]}
)
VARIABLES = {"seats": "number", "names": "string[]"}
ID = "0b9f7c1e-5a55-4a1e-9a51-0d5b6a2f7c10"


def problems(raw: object, **more: Any) -> list[FilterProblem]:
    return filter_problems(parsed(raw), LEAD, VARIABLES, "steps[2].if", **more)


def codes(raw: object, **more: Any) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in problems(raw, **more)]


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("country", "is_any_of", ["DE", "AT"]),
        ("country", "is_blank", None),
        ("seats", "between", [1, "5"]),
        ("email", "ends_with", "@example.org"),
        ("email", "!contains", "spam"),
        ("phone", "contains", "030"),
        ("born", "month_equals", 12),
        ("stars", "is_any_of", [4, 5]),
        ("topics", "has_all", ["crm", "erp"]),
        ("papers", ">", 0),
        ("company", "is_any_of", [ID, ID.replace("0", "1")]),
        ("stage", "!=", "Won"),
        ("owner", "=", ID),
        ("name", "contains", "GmbH"),
        ("created_at", ">=", "2026-03-01T00:00:00Z"),
    ],
)
def test_right_leaf_has_no_problem(field: str, op: str, value: JsonValue):
    assert problems({"field": field, "op": op, "value": value}) == []


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("country", "is_any_of", ["DE", "XX"]),
        ("country", "!=", "XX"),
        ("seats", ">", "many"),
        ("seats", ">", None),
        ("seats", "between", [5, 1]),
        ("email", "=", "ada"),
        ("phone", "=", "030"),
        ("born", "=", "1.4.1990"),
        ("stars", "=", 9),
        ("topics", "has", "sap"),
        ("papers", ">", "x"),
        ("company", "contains", "acme"),
        ("stage", "=", "Lost"),
        ("owner", "=", "me"),
        ("created_at", ">", "2026-03-01"),
        ("country", "is_blank", "perhaps"),
    ],
)
def test_wrong_operand_is_a_problem_of_the_value(field: str, op: str, value: JsonValue):
    assert codes({"field": field, "op": op, "value": value}) == [("steps[2].if.value", "invalid_filter_value")]


def test_all_problems_come_at_once_each_with_its_place():
    filter = {
        "all": [
            {"field": "colour", "op": "=", "value": "red"},
            {"any": [{"variable": "size", "op": "resembles"}, {"field": "seats", "op": "contains", "value": 1}]},
            {"variable": "seats", "op": ">=", "value": "many"},
            {"variable": "names", "op": "has", "value": "Ada"},
            {"related": "seats.tier", "op": "=", "value": "gold"},
        ]
    }
    assert codes(filter) == [
        ("steps[2].if.all[0].field", "unknown_field"),
        ("steps[2].if.all[1].any[0].variable", "unknown_variable"),
        ("steps[2].if.all[1].any[0].op", "unknown_operator"),
        ("steps[2].if.all[1].any[1].op", "unknown_operator"),
        ("steps[2].if.all[2].value", "invalid_filter_value"),
        ("steps[2].if.all[4].related", "unknown_field"),
    ]


def test_operator_of_another_type_names_the_allowed_ones():
    [problem] = problems({"field": "papers", "op": "=", "value": 1})
    assert problem.sentence == (
        "field papers is of type files, which has no operator '='; it has: <, >, >=, is_blank, is_not_blank."
    )


def test_related_field_is_checked_where_its_object_is_at_hand():
    objects = {"account": ACCOUNT}
    assert codes({"related": "company.tier", "op": "=", "value": "silver"}) == []
    assert codes({"related": "company.tier", "op": "=", "value": "gold"}, objects=objects) == []
    assert codes({"related": "company.tier", "op": "=", "value": "silver"}, objects=objects) == [
        ("steps[2].if.value", "invalid_filter_value")
    ]
    assert codes({"related": "company.size", "op": "=", "value": 1}, objects=objects) == [
        ("steps[2].if.related", "unknown_field")
    ]


def test_global_automation_has_no_fields():
    found = filter_problems(parsed({"field": "seats", "op": "=", "value": 1}), None, {}, "if")
    assert [(problem.path, problem.code) for problem in found] == [("if.field", "unknown_field")]


def nested(depth: int) -> dict[str, Any]:
    raw: dict[str, Any] = {"field": "seats", "op": "is_blank"}
    for _ in range(depth):
        raw = {"all": [raw]}
    return raw


def test_five_groups_may_stand_in_each_other_and_six_may_not():
    assert codes(nested(5)) == []
    assert codes(nested(6)) == [("steps[2].if" + ".all[0]" * 5, "filter_too_deep")]


@settings(max_examples=100, deadline=None)
@given(filters)
def test_check_never_fails(raw: object):
    for problem in problems(raw):
        assert problem.path.startswith("steps[2].if")
        assert problem.sentence
