"""The retry ladder of steps that fail unexpectedly."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_WAITS = (timedelta(seconds=30), timedelta(seconds=90), timedelta(minutes=8), timedelta(minutes=62.5))
"""Between the attempts; after the last one the step has failed."""

MAX_ATTEMPTS = len(RETRY_WAITS) + 1

UNREADABLE = "document_unreadable"
"""The code of an attempt on a worker of an older release than the document's: conditions are tried again after it too."""

MAX_RETRY_AFTER = timedelta(days=1)
"""What another system may ask to be left alone for."""


def retry_after(said: str | None, now: datetime) -> timedelta | None:
    """The wait that a Retry-After asks for, in seconds or until a date, the limit at most; None if it asks for none."""
    wait = _asked(said.strip(), now) if said else None
    return min(wait, MAX_RETRY_AFTER) if wait and wait > timedelta(0) else None


def _asked(said: str, now: datetime) -> timedelta | None:
    if said.isascii() and said.isdigit():
        return timedelta(seconds=int(said)) if len(said) < 9 else MAX_RETRY_AFTER
    date = http_date(said)
    return date - now if date else None


def http_date(said: str) -> datetime | None:
    """What a header says as in `Sun, 06 Nov 1994 08:49:37 GMT`; None if that is no date."""
    try:
        date = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
