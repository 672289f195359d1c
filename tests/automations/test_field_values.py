"""The canonical form of values: what it is, what is refused, and that it is stable."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter

from automations.errors import FieldValueError, RecordValueErrors
from automations.field_values import VariableType, field_value, record_values, variable_value
from automations.fields import ChoiceType, FieldDefinition, ObjectDefinition, PlainType

A = "0b9f7c1e-5a55-4a1e-9a51-0d5b6a2f7c10"
B = "1c9f7c1e-5a55-4a1e-9a51-0d5b6a2f7c10"
FIELD: TypeAdapter[FieldDefinition] = TypeAdapter(FieldDefinition)

TYPES: list[dict[str, Any]] = [
    *({"type": type} for type in get_args(PlainType)),
    *({"type": type, "options": ["DE", "AT", "CH"]} for type in get_args(ChoiceType)),
    {"type": "decimal"},
    {"type": "decimal", "scale": 3},
    {"type": "money"},
    {"type": "rating"},
    {"type": "relationship", "object": "account"},
    {"type": "relationship", "object": "account", "many": True},
    {"type": "team_selector"},
    {"type": "team_selector", "many": True},
]


def field(type: str, **more: Any) -> FieldDefinition:
    return FIELD.validate_python({"name": "it", "type": type, **more})


def value(raw: object, type: str, **more: Any) -> JsonValue:
    return field_value(field(type, **more), raw)


def is_refused(raw: object, type: str, **more: Any) -> bool:
    try:
        value(raw, type, **more)
    except FieldValueError:
        return True
    return False


SPELLINGS = (
    [
        "DE",
        " AT ",
        "yes",
        "No",
        "maybe",
        "true",
        "50",
        "-0.005",
        "1e3",
        ".5",
        "+49 (30) 123-456",
        "Ada@EXAMPLE.org",
        "İ",
    ],
    ["2026-03-01", "2026-03-01T09:00:00+02:00", "2026-03-01 09:00Z", "Europe/Berlin", A, A.upper(), "<p>x</p>"],
)
plausible = st.one_of(
    *(st.sampled_from(spellings) for spellings in SPELLINGS),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.dates(),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=5)))),
    st.uuids(),
    st.none(),
    st.text(max_size=20),
    st.text(st.characters(codec=None), max_size=5),
    st.integers(min_value=10**60, max_value=10**80),
)
anything = st.recursive(plausible, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner))


@pytest.mark.parametrize("type", TYPES, ids=str)
@settings(max_examples=40, deadline=None)
@given(raw=anything)
def test_canonical_form_is_stable_and_json(type: dict[str, Any], raw: object):
    it = field(**type)
    try:
        once = field_value(it, raw)
    except FieldValueError:
        return
    assert field_value(it, once) == once
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert once not in ("", [])


@pytest.mark.parametrize("is_list", [False, True])
@pytest.mark.parametrize("type", get_args(VariableType))
@settings(max_examples=40, deadline=None)
@given(raw=anything)
def test_canonical_form_of_a_variable_is_stable_and_json(type: VariableType, is_list: bool, raw: object):
    try:
        once = variable_value(type, is_list, raw, name="it")
    except FieldValueError:
        return
    assert variable_value(type, is_list, once, name="it") == once
    assert json.loads(json.dumps(once, allow_nan=False)) == once


@pytest.mark.parametrize("type", TYPES, ids=str)
@pytest.mark.parametrize("blank", [None, "", " \n", []], ids=repr)
def test_blank_is_null_in_every_type(type: dict[str, Any], blank: object):
    assert field_value(field(**type), blank) is None


@pytest.mark.parametrize(
    ("type", "raw", "canonical"),
    [
        ("text", "  as it is ", "  as it is "),
        ("text", 4.0, "4"),
        ("integer", "50", 50),
        ("integer", 50.0, 50),
        ("integer", -(2**63), -(2**63)),
        ("decimal", "12.50", "12.5"),
        ("decimal", 1e16, "10000000000000000"),
        ("decimal", "-0", "0"),
        ("decimal", Decimal("1" * 38), "1" * 38),
        ("money", 12.5, "12.50"),
        ("money", "0.005", "0.01"),
        ("money", "-0.001", "0.00"),
        ("date", date(2026, 3, 1), "2026-03-01"),
        ("datetime", "2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z"),
        ("datetime", "2026-03-01T09:00:00.25Z", "2026-03-01T09:00:00.250000Z"),
        ("datetime", datetime(2026, 3, 1, 9, tzinfo=UTC), "2026-03-01T09:00:00Z"),
        ("yes_no", "Yes", True),
        ("checkbox", "false", False),
        ("yes_no_maybe", True, "yes"),
        ("yes_no_maybe", "MAYBE", "maybe"),
        ("tags", [" b", "a", "b", ""], ["b", "a"]),
        ("tags", "vip", ["vip"]),
        ("email", " Ada.L+x@Example.ORG ", "Ada.L+x@example.org"),
        ("phone", "+49 (30) 123-456", "+4930123456"),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
        ("files", ["offer.pdf"], ["offer.pdf"]),
        ("team_selector", A.upper(), [A]),
        ("team_selector", UUID(A), [A]),
        ("rating", "5", 5),
    ],
)
def test_value_takes_its_canonical_form(type: str, raw: object, canonical: JsonValue):
    found = value(raw, type)
    assert found == canonical
    assert isinstance(found, bool) == isinstance(canonical, bool)


@pytest.mark.parametrize(
    ("type", "raw"),
    [
        ("text", "a\0b"),
        ("text", "\ud800"),
        pytest.param("text", "x" * 10_001, id="a long text"),
        ("text", True),
        ("text", {"a": 1}),
        pytest.param("longtext", "x" * 1_000_001, id="a very long text"),
        ("integer", True),
        ("integer", "5.5"),
        ("integer", 2**63),
        ("integer", -(2**63) - 1),
        ("integer", "1_000"),
        ("integer", "٣"),
        ("decimal", float("nan")),
        ("decimal", float("inf")),
        ("decimal", "NaN"),
        ("decimal", "1" * 39),
        pytest.param("decimal", 10**5000, id="a number of 5001 digits"),
        ("decimal", "1e999"),
        ("decimal", Decimal("1e999999")),
        ("money", "1" * 37),
        ("money", "12,50"),
        ("date", "2026-02-30"),
        ("date", "20260301"),
        ("date", "2026-03-01T09:00:00Z"),
        ("date", datetime(2026, 3, 1, tzinfo=UTC)),
        ("datetime", "2026-03-01T09:00:00"),
        ("datetime", datetime(2026, 3, 1)),  # noqa: DTZ001
        ("datetime", "0001-01-01T00:00:00+14:00"),
        ("yes_no", 1),
        ("yes_no_maybe", "perhaps"),
        ("email", "ada"),
        ("email", "ada@localhost"),
        ("email", "a..b@example.org"),
        ("email", "a@b@example.org "),
        ("email", "a@-example.org"),
        ("phone", "030 123456"),
        ("phone", "+12345"),
        ("phone", "+1234567890123456"),
        ("rating", 6),
        ("rating", 0),
        ("timezone", "Berlin"),
        ("timezone", "../etc/passwd"),
        ("team_selector", [A, B]),
        ("team_selector", "ada"),
        ("tags", [["a"]]),
        pytest.param("tags", ["x"] * 10_001, id="too many tags"),
    ],
)
def test_wrong_value_is_refused(type: str, raw: object):
    assert is_refused(raw, type)


def test_choice_is_one_of_the_options():
    assert value(" DE ", "dropdown", options=["DE", "AT"]) == "DE"
    assert is_refused("de", "dropdown", options=["DE", "AT"])
    assert value(["AT", "DE", "AT"], "checkboxes", options=["DE", "AT"]) == ["AT", "DE"]
    assert is_refused(["AT", "XX"], "checkboxes", options=["DE", "AT"])


def test_relationship_to_many_keeps_the_order():
    assert value([B, A, B], "relationship", object="account", many=True) == [B, A]


def test_refusal_says_what_was_expected():
    with pytest.raises(FieldValueError) as caught:
        value("XX", "dropdown", options=["DE", "AT"])
    error = caught.value
    assert (error.code, error.field, error.type, error.value) == ("invalid_field_value", "it", "dropdown", "XX")
    assert error.sentence == "it must be one of DE, AT, but is 'XX'."


def test_refusal_of_a_huge_value_stays_short():
    with pytest.raises(FieldValueError) as caught:
        value("9" * 100_000, "integer")
    assert len(caught.value.sentence) < 200


LEAD = ObjectDefinition.model_validate(
    {
        "api_name": "lead",
        "name": "Lead",
        "fields": [
            {"name": "seats", "type": "integer"},
            {"name": "mail", "type": "email", "required": True},
            {"name": "city", "type": "text"},
        ],
    }
)


def test_record_values_takes_what_is_given():
    assert record_values(LEAD, {"seats": "5", "city": ""}) == {"seats": 5, "city": None}


def test_record_values_names_all_problems_at_once():
    with pytest.raises(RecordValueErrors) as caught:
        record_values(LEAD, {"seats": "five", "mail": "", "colour": "red", "city": "Bonn"})
    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("seats", "invalid_field_value"),
        ("mail", "required_field"),
        ("colour", "unknown_field"),
    ]


def test_complete_record_misses_its_required_fields():
    with pytest.raises(RecordValueErrors, match="mail is required"):
        record_values(LEAD, {"seats": 5}, complete=True)


@pytest.mark.parametrize(
    ("type", "raw", "canonical"),
    [
        ("string", 50, "50"),
        ("string", 4.5, "4.5"),
        ("string", True, "true"),
        ("string", {"ä": [1]}, '{"ä": [1]}'),
        ("string", [1, 2], "[1, 2]"),
        ("number", 4, "4"),
        ("number", "4.50", "4.5"),
        ("number", Decimal("1E+2"), "100"),
        ("number", 0.1, "0.1"),
        ("boolean", "YES", True),
        ("boolean", "false", False),
        ("date", "2026-03-01", "2026-03-01"),
        ("datetime", "2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"),
        ("phone", "+49 30 123456", "+4930123456"),
        ("employee", [A], A),
        ("record", [None, ""], None),
    ],
)
def test_variable_takes_its_canonical_form(type: VariableType, raw: object, canonical: JsonValue):
    assert variable_value(type, False, raw, name="it") == canonical


def test_list_variable_keeps_order_and_repetition():
    assert variable_value("number", True, ["2", None, 1, 2.0], name="it") == ["2", "1", "2"]
    assert variable_value("number", True, "7", name="it") == ["7"]


@pytest.mark.parametrize(
    ("type", "raw"), [("number", True), ("number", "much"), ("boolean", 1), ("uuid", "x"), ("record", [A, B])]
)
def test_wrong_variable_value_is_refused_by_name(type: VariableType, raw: object):
    with pytest.raises(FieldValueError, match=r"^seats must be ") as caught:
        variable_value(type, False, raw, name="seats")
    assert caught.value.field == "seats"


def test_list_within_itself_is_no_text():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(FieldValueError):
        variable_value("string", False, endless, name="it")
