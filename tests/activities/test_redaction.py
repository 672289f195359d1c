"""What is taken out of the texts that a step leaves behind."""

import asyncio
import base64
import html
import json
import re
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


SECRETS = {f"s{number}": f"{number:02}-p@ss/word+{number * 7919}=of a service" for number in range(20)}


@pytest.mark.parametrize("before", [0, 1, 16_380, 16_384, 100_000])
def test_a_secret_is_found_wherever_it_stands_in_a_long_text(before: int) -> None:
    filling = "x" * before
    for spelled in SPELLINGS:
        found = Redactor(SECRETS).text(f"{filling} {spelled(SECRETS['s7'])} {filling}")
        assert "[secret s7]" in found
        assert found.count("x") >= 2 * before


async def test_other_work_goes_on_while_many_secrets_are_looked_for_in_a_long_text() -> None:
    """All of them are in it, or they would not be looked for one by one."""
    text = " ".join(SECRETS.values()) + "01-p@ss/wor" * 40_000
    looking, rounds = asyncio.create_task(asyncio.to_thread(Redactor(SECRETS).text, text)), 0
    while not looking.done():
        await asyncio.sleep(0)
        rounds += 1
    assert rounds > 20
    assert (await looking).startswith("[secret s0] [secret s1]")


@pytest.mark.parametrize("secret", ["i-like-kiwis", "ß-straße", "x"])
@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase, lambda text: text.replace("i", "\u0131")])
def test_letter_case_hides_no_secret(secret: str, change: Callable[[str], str]) -> None:
    changed = change(secret)
    expected = re.fullmatch(re.escape(secret), changed, re.IGNORECASE) is not None
    assert ("[secret key]" in Redactor({"key": secret}).text(f"({changed})")) is expected
