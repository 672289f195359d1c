"""What Postgres cannot keep as it is, and bytes in charsets that somebody else names."""

from encodings.aliases import aliases
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from automations.charsets import decoded, known_charset
from automations.storable import storable, storable_text

DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\0b\ud800c", "a\ufffdb\ufffdc"),
        ({"a\0": ["\udfff", 1]}, {"a\ufffd": ["\ufffd", 1]}),
        ([float("inf"), float("nan"), 1.5, True, None], [None, None, 1.5, True, None]),
        ([10**5_000, -(10**5_000), 10**300], [None, None, 10**300]),
        (b"a\xff\0", "a\ufffd\ufffd"),
        ((1, 2), [1, 2]),
    ],
)
def test_what_cannot_be_kept_is_replaced_and_all_else_is_as_it_was(value: Any, kept: Any) -> None:
    assert storable(value) == kept


def test_what_is_nested_without_end_can_be_written_and_read_again() -> None:
    assert from_json(to_json(storable(DEEP)))


@given(st.text(st.characters(codec=None)))
def test_a_text_can_be_encoded_and_a_clean_one_is_the_same(text: str) -> None:
    clean = storable_text(text)
    assert b"\0" not in clean.encode()
    assert len(clean) == len(text)
    assert storable_text(clean) == clean


NAMES = sorted({*aliases, *aliases.values(), "undefined", "idna", "punycode", "utf-7", "x" * 300, "utf-8\0", "", "ß", "\ud800"})


@pytest.mark.parametrize("name", NAMES)
@given(raw=st.binary(max_size=40))
def test_bytes_are_text_whatever_charset_is_named(name: str, raw: bytes) -> None:
    assert isinstance(decoded(raw, name), str)


def test_only_charsets_are_charsets() -> None:
    assert known_charset("Latin-1") == "iso8859-1"
    none = ["undefined", "idna", "unicode_escape", "raw_unicode_escape", "utf-7", "base64", "zip", "rot13", "punycode", "hex"]
    assert [known_charset(name) for name in none] == [None] * len(none)
