"""YAML text as JSON values."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.reading import DocumentSyntaxError, read_yaml


def test_yaml_1_2_leaves_words_times_and_dates_text() -> None:
    text = "a: yes\nb: no\non: off\nat: 09:00\nday: 2026-03-01\nmoment: 2026-03-01T09:00:00Z\noctal: 0o17\n"
    assert read_yaml(text) == {
        "a": "yes", "b": "no", "on": "off", "at": "09:00", "day": "2026-03-01", "moment": "2026-03-01T09:00:00Z", "octal": 15,
    }  # fmt: skip


def test_plain_scalars_are_numbers_booleans_and_null_and_quoted_ones_text() -> None:
    text = "[1, -2, 2.5, 1e3, .5, 0x1F, true, FALSE, null, ~, '1', \"true\", 'null', 1.2.3, 1_000]"
    expected = [1, -2, 2.5, 1000.0, 0.5, 31, True, False, None, None, "1", "true", "null", "1.2.3", "1_000"]
    assert read_yaml(text) == expected


@pytest.mark.parametrize("text", ["%YAML 1.1\n---\na: yes", "a: yes"])
def test_a_directive_does_not_bring_the_old_rules_back(text: str) -> None:
    assert read_yaml(text) == {"a": "yes"}


def test_keys_are_text() -> None:
    assert read_yaml("1: a\ntrue: b\n~: c") == {"1": "a", "true": "b", "~": "c"}


def test_nothing_is_null() -> None:
    assert read_yaml("") is None


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: 2\na: 3", 3, "given twice"),
        ("x:\n  a: 1\n  a: 1", 3, "given twice"),
        (BOMB, 1, "Anchors"),
        ("a: *b", 1, "Anchors"),
        ("a: 1\nb: !!python/object x", 2, "Tags"),
        ("a: !own x", 1, "Tags"),
        ("--- 1\n--- 2", 2, "one document"),
        ("a: [1\n", 2, "no YAML"),
        ("a:\n\t- b", 2, "no YAML"),
        ("? [a]\n: b", 1, "A key is text"),
        ("- " * 5_000 + "a", 1, "deep"),
        ("[" * 100_000, 1, "deep"),
        ('{"a": 1, "a": 2}', None, "given twice"),
        ("[NaN]", None, "no number"),
        ("a: 1e999", 1, "out of range"),
        ("a: \x00", None, "character"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str, line: int | None, word: str) -> None:
    with pytest.raises(DocumentSyntaxError, match=word) as refused:
        read_yaml(text)
    assert refused.value.code == "invalid_yaml"
    assert refused.value.line == line


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(DocumentSyntaxError):
        read_yaml("9" * 5_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON))
def test_json_reads_as_it_is(value: object) -> None:
    assert read_yaml(json.dumps(value)) == value


@given(st.text() | st.text(alphabet="ab:-[]{}?&*!%|>'\"# \n\t,.~0123\\uxU"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(DocumentSyntaxError):
        json.dumps(read_yaml(text))
