"""What is written as YAML is read back as it was."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from automations.reading import read_yaml
from automations.writing import write_yaml

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30),
    st.sampled_from(
        ["yes", "no", "on", "null", "~", "true", "09:00", "2026-03-01", "1e5", "0x1f", "0o17", "1_000", ".5", "-", "- a", "a: b"]
    ),
    st.sampled_from(
        ["# c", "a #b", "{{ x }}", "[a", "&a", "*a", "!a", "%a", "@a", "`a", "a\nb\n", "a\n\n", "\n a", "a \nb", "\ta"]
    ),
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUE: st.SearchStrategy[JsonValue] = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@given(VALUE)
@settings(max_examples=300, deadline=None)
def test_any_json_value_comes_back_as_it_was(value: JsonValue) -> None:
    assert read_yaml(write_yaml({"kept": value})) == {"kept": value}


def test_keys_stay_in_their_order_and_lines_are_lines() -> None:
    assert write_yaml({"b": [{"id": "x", "body": "Dear Ada,\n\nhello.\n"}], "a": {}}) == (
        "b:\n- id: x\n  body: |\n    Dear Ada,\n\n    hello.\na: {}\n"
    )


def test_the_same_part_twice_is_written_twice() -> None:
    part = {"id": "x"}
    assert write_yaml([part, part]) == "- id: x\n- id: x\n"
