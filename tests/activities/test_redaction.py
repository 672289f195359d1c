"""What is taken out of the texts that a step leaves behind."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities.redaction import Redactor

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=4, max_size=30).filter(
    lambda text: len(text.strip()) >= 4
)
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    json.dumps,
    lambda text: json.dumps(text, ensure_ascii=False),
    lambda text: json.dumps(json.dumps(text)),
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    html.escape,
    repr,
    lambda text: " ".join(text.split()),
)


@given(TEXTS)
@example("p@ss  w/ö\"rd+'x\\\\\\y&z=😀")
@example("line one\r\nline two")
def test_a_secret_is_found_however_it_is_spelled(secret: str) -> None:
    redactor = Redactor({"key": secret})
    for spelled in SPELLINGS:
        assert "[secret key]" in redactor.text(f"before {spelled(secret)} after"), spelled(secret)


@given(TEXTS, st.binary(max_size=5), st.binary(max_size=5))
def test_a_secret_is_found_in_base64_at_each_alignment(secret: str, before: bytes, after: bytes) -> None:
    whole = before + secret.strip().encode() + after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert "[secret key]" in Redactor({"key": secret}).text(f"Basic {encode(whole).decode()}")


def test_the_rest_of_a_text_stays_and_each_secret_is_named() -> None:
    redactor = Redactor({"user": "ada-user", "pass": "ada-user-pass"})
    assert redactor.text("https://ADA-USER:ada-user-pass@host/x") == "https://[secret user]:[secret pass]@host/x"


def test_values_are_clean_at_every_depth_and_keep_their_types() -> None:
    redactor = Redactor({"pin": "4711"})
    value = {"a 4711": [4711, 14711, 4711.0, True, None, {"b": "x4711y"}]}
    assert redactor.inside(value) == {"a [secret pin]": ["[secret pin]", 14711, 4711.0, True, None, {"b": "x[secret pin]y"}]}


@pytest.mark.parametrize("value", ["", {"a": [1]}, None])
def test_without_secrets_everything_stays(value: object) -> None:
    assert Redactor({}).inside(value) == value


def test_text_made_to_be_slow_is_not() -> None:
    redactor = Redactor({"key": "\\" * 8 + "x" + " " * 20 + "y"})
    assert redactor.text("\\" * 20_000 + " " * 20_000).startswith("\\")
