"""Filters: reading them, saying them, answering them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter, ValidationError

from automations.errors import FilterError
from automations.filter_evaluation import Evaluation, Typed, UsedValue, evaluate
from automations.filters import All, Any_, FieldFilter, Filter, VariableFilter, describe_filter
from automations.operators import ALIASES, POSITIVES, operators_for

A = "0b9f7c1e-5a55-4a1e-9a51-0d5b6a2f7c10"
B = "1c9f7c1e-5a55-4a1e-9a51-0d5b6a2f7c10"
FILTER: TypeAdapter[Filter] = TypeAdapter(Filter)
TYPES = [
    *("text", "email", "string", "longtext", "wysiwyg", "phone"),
    *("integer", "decimal", "money", "number", "rating", "date", "datetime"),
    *("dropdown", "radio", "status", "stage", "yes_no_maybe", "timezone", "checkbox", "yes_no", "boolean"),
    *("checkboxes", "tags", "team_selector", "relationship", "uuid", "employee", "record", "files"),
    *("number[]", "string[]", "date[]", "record[]"),
]


@dataclass(frozen=True)
class Values:
    fields: Mapping[str, Typed] = field(default_factory=dict[str, Typed])

    def field(self, name: str) -> Typed:
        if name not in self.fields:
            raise FilterError("unknown_field", f"There is no field {name}.")
        return self.fields[name]

    variable = related = field


def parsed(raw: object) -> Filter:
    return FILTER.validate_python(raw)


def locations(raw: object) -> list[tuple[int | str, ...]]:
    with pytest.raises(ValidationError) as caught:
        parsed(raw)
    return [error["loc"] for error in caught.value.errors()]


def matches(type: str, found: JsonValue, op: str, wanted: JsonValue = None) -> bool:
    return evaluate(FieldFilter(field="it", op=op, value=wanted), Values({"it": Typed(type, found)})).matched


def code_of(type: str, found: JsonValue, op: str, wanted: JsonValue = None) -> str:
    with pytest.raises(FilterError) as caught:
        matches(type, found, op, wanted)
    return caught.value.code


def truth(value: bool) -> Filter:
    return FieldFilter(field="yes" if value else "no", op="=", value=True)


TRUTHS = Values({"yes": Typed("yes_no", True), "no": Typed("yes_no", False)})

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.sampled_from(["5", A, "2026-03-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
operators = st.sampled_from(sorted({op for type in TYPES for op in operators_for(type)} | set(ALIASES))) | st.text()
filters: st.SearchStrategy[Any] = st.recursive(
    st.builds(
        lambda key, name, op, value: {key: name, "op": op, "value": value},
        st.sampled_from(["field", "variable"]),
        st.sampled_from(["a", "b", "gone"]),
        operators.filter(lambda op: len(op) <= 50 and op.isprintable()),
        json_values,
    ),
    lambda inner: st.builds(lambda key, them: {key: them}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1)),
    max_leaves=6,
)


def test_document_becomes_models_and_comes_back():
    raw = {
        "all": [
            {"variable": "seats", "op": ">=", "value": 50},
            {"any": [{"field": "country", "op": "=", "value": "DE"}]},
        ]
    }
    filter = parsed(raw)
    assert filter == All(
        all=[
            VariableFilter(variable="seats", op=">=", value=50),
            Any_(any=[FieldFilter(field="country", op="=", value="DE")]),
        ]
    )
    assert FILTER.dump_python(filter) == raw


def test_bad_leaf_has_one_error_at_its_place():
    assert locations({"all": [{"field": "x", "op": 1}]}) == [("all", 0, "op")]
    assert locations({"all": [{"any": [{"field": "x"}]}]}) == [("all", 0, "any", 0, "op")]
    assert locations({"all": [{"field": "x", "op": "=", "variable": "y"}]}) == [("all", 0, "variable")]
    assert locations({"all": [{"op": "="}, 5]}) == [("all", 0), ("all", 1)]
    assert locations({"any": []}) == [("any",)]
    assert locations({"related": "company", "op": "="}) == [("related",)]


def test_endless_nesting_is_refused_before_it_is_read():
    raw: dict[str, Any] = {"field": "x", "op": "is_blank"}
    for _ in range(5_000):
        raw = {"all": [raw]}
    assert locations(raw) == [()]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (
            {
                "all": [
                    {"variable": "seats", "op": ">=", "value": 50},
                    {"field": "country", "op": "is_any_of", "value": ["DE", "AT"]},
                ]
            },
            "seats >= 50 and country is any of DE, AT",
        ),
        (
            {
                "any": [
                    {"all": [{"field": "a", "op": "=", "value": "x"}, {"field": "b", "op": "=", "value": True}]},
                    {"related": "company.tier", "op": "is_blank"},
                ]
            },
            "(a = x and b = true) or company.tier is blank",
        ),
        ({"field": "seats", "op": "between", "value": [5, 10]}, "seats between 5 and 10"),
        ({"field": "city", "op": "is_blank", "value": False}, "city is not blank"),
        ({"field": "city", "op": "is_not_blank"}, "city is not blank"),
        ({"field": "city", "op": "is_not_blank", "value": False}, "city is blank"),
        ({"field": "city", "op": "!contains", "value": "a\n b\0"}, "city does not contain a b"),
    ],
)
def test_filter_is_described_in_one_line(raw: object, line: str):
    assert describe_filter(parsed(raw)) == line


@settings(max_examples=100, deadline=None)
@given(filters)
def test_description_never_fails_and_is_one_line(raw: object):
    line = describe_filter(parsed(raw))
    assert len(line.splitlines()) <= 1
    line.encode()


@pytest.mark.parametrize(
    ("type", "found", "op", "wanted"),
    [
        ("text", "Straße 5", "=", "STRAßE 5"),
        ("text", "Berlin", "contains", "ERL"),
        ("text", "Berlin", "starts_with", "ber"),
        ("text", "Berlin", "ends_with", "LIN"),
        ("text", "50", "=", 50),
        ("email", "Ada@example.org", "ends_with", "@Example.org"),
        ("phone", "+4930123456", "contains", "30 123"),
        ("phone", "+4930123456", "=", "+49 30 123456"),
        ("integer", 50, ">=", "50"),
        ("money", "12.50", "=", 12.5),
        ("decimal", "10", ">", "9.5"),
        ("number", "4.5", "between", [4, "4.5"]),
        ("rating", 4, "is_any_of", ["4", "5"]),
        ("date", "2026-03-01", "<", "2026-10-01"),
        ("date", "2026-03-01", "month_equals", 3),
        ("datetime", "2026-03-01T09:00:00Z", "=", "2026-03-01T10:00:00+01:00"),
        ("datetime", "2026-03-01T09:00:00Z", "between", ["2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z"]),
        ("dropdown", "DE", "is_any_of", ["AT", "DE"]),
        ("stage", "New", "is_any_of", "New"),
        ("yes_no_maybe", "maybe", "=", "Maybe"),
        ("timezone", "Europe/Berlin", "=", "Europe/Berlin"),
        ("checkbox", True, "=", "true"),
        ("boolean", False, "=", False),
        ("tags", ["a", "b"], "has", "a"),
        ("tags", ["a", "b"], "has_any", ["b", "c"]),
        ("checkboxes", ["a", "b"], "has_all", ["b", "a"]),
        ("tags", ["a", "b", "c"], "has_all", ["b", "a"]),
        ("tags", ["a"], "has_none", ["b", "c"]),
        ("tags", ["a"], "!has", ["a", "b"]),
        ("team_selector", [A], "=", A.upper()),
        ("team_selector", [A, B], "is_any_of", [B]),
        ("relationship", [A, B], "contains", B),
        ("record", A, "is_any_of", [A]),
        ("files", ["x", "y"], ">=", 2),
        ("number[]", ["4", "5"], "has", "4.0"),
        ("text", "x", "is_blank", False),
        ("text", None, "is_not_blank", False),
    ],
)
def test_operator_matches_and_its_opposite_does_not(type: str, found: JsonValue, op: str, wanted: JsonValue):
    assert matches(type, found, op, wanted)
    for negative, positive in POSITIVES.items():
        if positive == op and negative in operators_for(type):
            assert not matches(type, found, negative, wanted)


@pytest.mark.parametrize(
    ("type", "found", "op", "wanted"),
    [
        ("integer", 9, ">", "10"),
        ("date", "2026-10-01", "<", "2026-09-30"),
        ("dropdown", "DE", "=", "de"),
        ("tags", ["a"], "has_all", ["a", "b"]),
        ("team_selector", [A, B], "=", A),
        ("datetime", "2026-02-28T23:30:00Z", "month_equals", 3),
        ("files", ["x"], "<", 1),
    ],
)
def test_operator_does_not_match(type: str, found: JsonValue, op: str, wanted: JsonValue):
    assert not matches(type, found, op, wanted)


SAMPLES: dict[str, list[JsonValue]] = {
    "text": ["Berlin", "berlin", "lin", "x"],
    "phone": ["+4930123456", "+4930999999"],
    "integer": [1, 2, 3],
    "money": ["1.00", "2.50"],
    "rating": [1, 2],
    "date": ["2026-03-01", "2026-04-01"],
    "datetime": ["2026-03-01T09:00:00Z", "2026-04-01T09:00:00Z"],
    "dropdown": ["DE", "AT"],
    "stage": ["New", "Won"],
    "yes_no_maybe": ["yes", "no", "maybe"],
    "timezone": ["Europe/Berlin", "UTC"],
    "yes_no": [True, False],
    "tags": [["a"], ["b", "a"], ["c"]],
    "team_selector": [[A], [B], [A, B]],
    "relationship": [[A], [B], [A, B]],
    "record": [A, B],
    "string[]": [["a"], ["b", "a"]],
}


@pytest.mark.parametrize("type", SAMPLES)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_negative_operator_is_the_opposite_of_its_positive(type: str, data: st.DataObject):
    found = data.draw(st.none() | st.sampled_from(SAMPLES[type]))
    wanted = data.draw(st.sampled_from(SAMPLES[type]))
    for negative in POSITIVES.keys() & operators_for(type):
        value = None if negative == "is_not_blank" else wanted
        assert matches(type, found, negative, value) is not matches(type, found, POSITIVES[negative], value)


@pytest.mark.parametrize("type", [type for type in SAMPLES if type != "stage"])
def test_blank_matches_only_is_blank_and_the_negative_operators(type: str):
    for op in operators_for(type) - {"is_blank", "is_not_blank"}:
        sample = SAMPLES[type][0]
        wanted: JsonValue = {"between": [sample, sample], "month_equals": 3}.get(op, sample)
        assert matches(type, None, op, wanted) is (op in POSITIVES)
    assert matches(type, None, "is_blank")
    assert not matches(type, None, "is_not_blank")


def test_checkbox_that_was_never_ticked_is_false():
    assert matches("checkbox", None, "=", False)
    assert operators_for("checkbox") == {"="}


def test_each_type_has_operators_and_an_unknown_one_has_none():
    assert all(operators_for(type) for type in TYPES)
    assert operators_for("colour") == operators_for("colour[]") == frozenset()


def test_other_spelling_is_the_same_operator():
    assert matches("text", "Berlin", "!contains", "x")
    evaluation = evaluate(parsed({"field": "it", "op": "!has", "value": "x"}), Values({"it": Typed("tags", ["a"])}))
    assert evaluation.used[0].op == "has_not"


@pytest.mark.parametrize(
    ("type", "found", "op", "wanted", "code"),
    [
        ("text", "x", ">", "a", "unknown_operator"),
        ("text", "x", "resembles", "a", "unknown_operator"),
        ("colour", "x", "=", "a", "unknown_operator"),
        ("integer", 5, "=", "five", "invalid_filter_value"),
        ("integer", 5, "=", None, "invalid_filter_value"),
        ("integer", "five", "=", 5, "invalid_filter_value"),
        ("integer", 5, "between", [2, 1], "invalid_filter_value"),
        ("integer", 5, "between", [2], "invalid_filter_value"),
        ("date", "2026-03-01", "month_equals", 13, "invalid_filter_value"),
        ("dropdown", "DE", "is_any_of", [""], "invalid_filter_value"),
        ("text", "x", "is_blank", "perhaps", "invalid_filter_value"),
    ],
)
def test_what_cannot_be_answered_is_a_filter_error(type: str, found: JsonValue, op: str, wanted: JsonValue, code: str):
    assert code_of(type, found, op, wanted) == code


def test_unknown_operator_says_which_there_are():
    with pytest.raises(FilterError, match="it has: <, >, >=, is_blank, is_not_blank"):
        matches("files", [], "=", 1)


def test_evaluation_says_what_it_found_and_stops_when_certain():
    filter = parsed(
        {
            "any": [
                {"field": "country", "op": "is_any_of", "value": ["AT"]},
                {"variable": "seats", "op": ">=", "value": 50},
                {"field": "gone", "op": "=", "value": 1},
            ]
        }
    )
    values = Values({"country": Typed("dropdown", "DE"), "seats": Typed("number", "60")})
    assert evaluate(filter, values) == Evaluation(
        True,
        (
            UsedValue("field country", "is_any_of", ["AT"], "DE", False),
            UsedValue("variable seats", ">=", 50, "60", True),
        ),
    )


trees: st.SearchStrategy[Any] = st.recursive(
    st.booleans(), lambda inner: st.tuples(st.sampled_from([All, Any_]), st.lists(inner, min_size=1, max_size=4))
)


def as_filter(tree: Any) -> Filter:
    if isinstance(tree, bool):
        return truth(tree)
    children = [as_filter(child) for child in tree[1]]
    return All(all=children) if tree[0] is All else Any_(any=children)


def answer(tree: Any) -> bool:
    if isinstance(tree, bool):
        return tree
    return (all if tree[0] is All else any)([answer(child) for child in tree[1]])


def opposite(tree: Any) -> Any:
    if isinstance(tree, bool):
        return not tree
    return (Any_ if tree[0] is All else All, [opposite(child) for child in tree[1]])


@settings(max_examples=100, deadline=None)
@given(trees)
def test_groups_answer_as_all_and_any_do(tree: Any):
    assert evaluate(as_filter(tree), TRUTHS).matched is answer(tree)
    assert evaluate(as_filter(opposite(tree)), TRUTHS).matched is not answer(tree)


@settings(max_examples=200, deadline=None)
@given(filters, st.sampled_from(TYPES), st.sampled_from(TYPES), json_values, json_values)
def test_evaluation_raises_nothing_but_a_filter_error(raw: object, one: str, two: str, a: JsonValue, b: JsonValue):
    filter = parsed(raw)
    with suppress(FilterError):
        evaluate(filter, Values({"a": Typed(one, a), "b": Typed(two, b)}))
