"""Signatures: by one of the live secrets, over these bytes, at this time."""

from datetime import UTC, datetime, timedelta

import pytest

from api.errors import RefusedError
from api.webhooks.signatures import check_signature, signature

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"a": 1}'


def header(*secrets: str, at: timedelta = timedelta(0), body: bytes = BODY) -> str:
    seconds = str(int((NOW + at).timestamp()))
    return ",".join([f"t={seconds}", *(f"v1={signature(secret, seconds, body)}" for secret in secrets)])


def code(found: str | None, *, secrets: tuple[str, ...] = ("new", "old"), body: bytes = BODY) -> str | None:
    try:
        check_signature(found, body, secrets, NOW)
    except RefusedError as error:
        return error.code if error.status == 401 else str(error.status)
    return None


def test_a_signature_is_known_beforehand() -> None:
    """Of `printf '1700000000.hello' | openssl dgst -sha256 -hmac whsec_x`."""
    assert signature("whsec_x", "1700000000", b"hello") == "20d8679b715783336aef8d9fff251ed21322d839b1f5de36998c6130fdee4d9f"


@pytest.mark.parametrize("secret", ["new", "old"])
def test_each_live_secret_is_taken(secret: str) -> None:
    assert code(header(secret)) is None
    assert code(header("strange", secret, "strange too")) is None
    assert code(header(secret).upper().replace("T=", "t=").replace("V1=", "v1=")) is None
    assert code(f" {header(secret).replace(',', ' , ')},v0=x,more") is None


def test_other_bytes_secrets_and_times_are_refused() -> None:
    assert code(header("new"), body=BODY + b" ") == "signature_wrong"
    assert code(header("strange")) == "signature_wrong"
    assert code(header("new").replace("t=1", "t=01", 1)) == "signature_wrong"
    assert code(header("new"), secrets=("old",)) == "signature_wrong"
    assert code(header("new"), secrets=()) == "no_secret"


@pytest.mark.parametrize(("seconds", "is_taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_window_is_300_seconds_to_both_sides(seconds: int, is_taken: bool) -> None:
    assert code(header("new", at=timedelta(seconds=seconds))) == (None if is_taken else "signature_expired")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, "signature_missing"),
        ("", "signature_missing"),
        ("nonsense", "signature_malformed"),
        (header("new").split(",")[0], "signature_malformed"),
        (header("new").split(",")[1], "signature_malformed"),
        (f"t=1,{header('new')}", "signature_malformed"),
        ("t=now,v1=" + "a" * 64, "signature_malformed"),
        ("t=-1,v1=" + "a" * 64, "signature_malformed"),
        ("t=١,v1=" + "a" * 64, "signature_malformed"),
        ("t=" + "9" * 13 + ",v1=" + "a" * 64, "signature_malformed"),
        ("t=" + "9" * 12 + ",v1=" + "a" * 64, "signature_expired"),
        (header("new")[:-1], "signature_malformed"),
    ],
)
def test_what_is_no_signature_is_told_so(found: str | None, expected: str) -> None:
    assert code(found) == expected
