"""What a Retry-After asks for."""

from datetime import UTC, datetime, timedelta

import pytest

from automations.retries import MAX_RETRY_AFTER, retry_after

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("Mon, 02 Mar 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 12:05:00 -0000", timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 14:05:00 +0200", timedelta(minutes=5)),
        ("Monday, 02-Mar-26 12:05:00 GMT", timedelta(minutes=5)),
        ("86400000", MAX_RETRY_AFTER),
        ("9" * 5_000, MAX_RETRY_AFTER),
        ("Fri, 01 Jan 9999 00:00:00 GMT", MAX_RETRY_AFTER),
        ("Mon, 02 Mar 2026 11:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("Mon, 99 Mar 2026 12:05:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_a_wait_is_read_from_seconds_or_a_date_and_is_bounded(said: str | None, wait: timedelta | None) -> None:
    assert retry_after(said, NOON) == wait
