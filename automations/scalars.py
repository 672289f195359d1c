"""One value at a time: anything in, its canonical form out.

Each function takes any object and answers the canonical value, or raises `UnfitError` saying what was expected.
Feeding a canonical value in again gives it back. Blanks are the caller's: ask `is_blank` first.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import cast
from uuid import UUID
from zoneinfo import available_timezones

TEXT_LIMIT = 10_000
LONG_TEXT_LIMIT = 1_000_000
ITEM_LIMIT = 255
LIST_LIMIT = 10_000
DIGIT_LIMIT = 38

_EXACT = Context(prec=1_200)  # the default context would round to 28 digits
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAILBOX = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_FILLERS = re.compile(r"[\s().\u2010-\u2015-]")


class UnfitError(ValueError):
    """A value is not what was expected; `expected` ends the sentence "it must be …"."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected

    def sentence(self, subject: str, value: object) -> str:
        return f"{subject} must be {self.expected}, but is {shown(value)}."


def shown(value: object) -> str:
    """The value as a sentence quotes it: short, and never an error itself."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list within itself
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:79]}…"


def is_blank(value: object) -> bool:
    """Nothing, an empty list, or text of nothing but white space."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], ())


def items(raw: object) -> list[object]:
    """The values of a list that are not blank; a bare value is a list of one."""
    if not isinstance(raw, list | tuple):
        return [raw]
    values = cast(Sequence[object], raw)
    if len(values) > LIST_LIMIT:
        raise UnfitError(f"a list of at most {LIST_LIMIT:,}")
    return [value for value in values if not is_blank(value)]


def unique(raw: object, item: Callable[[object], str]) -> list[str]:
    """A list of texts, each once, in the order given."""
    return list(dict.fromkeys(item(value) for value in items(raw)))


def text(raw: object, limit: int = TEXT_LIMIT) -> str:
    """Text as it is; a number is written out."""
    value = raw if isinstance(raw, str) else _written(raw)
    if len(value) > limit:
        raise UnfitError(f"at most {limit:,} characters")
    if "\0" in value:
        raise UnfitError("text without NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnfitError("valid Unicode text") from None
    return value


def _written(raw: object) -> str:
    try:
        return plain(number(raw))
    except UnfitError:
        raise UnfitError("text") from None


def long_text(raw: object) -> str:
    return text(raw, LONG_TEXT_LIMIT)


def item_text(raw: object) -> str:
    return text(raw, ITEM_LIMIT).strip()


def number(raw: object) -> Decimal:
    """A finite number of at most 38 digits before and after the point together, without trailing zeros."""
    value = _decimal(raw)
    if value is None or not value.is_finite() or len(value.as_tuple().digits) > 1_000 or abs(value.adjusted()) > 1_000:
        raise UnfitError(f"a number of at most {DIGIT_LIMIT} digits")
    return _within_digits(value.normalize(_EXACT) if value else Decimal(0))


def _decimal(raw: object) -> Decimal | None:
    if isinstance(raw, Decimal):
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Decimal(raw) if raw.bit_length() <= 256 else None
    if isinstance(raw, float) and math.isfinite(raw):
        return Decimal(repr(raw))
    if isinstance(raw, str) and len(raw) <= 200 and _NUMBER.fullmatch(raw.strip()):
        return Decimal(raw.strip())
    return None


def _within_digits(value: Decimal) -> Decimal:
    whole, _, fraction = plain(value).lstrip("-").partition(".")
    if len(whole.lstrip("0")) + len(fraction) > DIGIT_LIMIT:
        raise UnfitError(f"a number of at most {DIGIT_LIMIT} digits")
    return value


def plain(value: Decimal) -> str:
    """A number written without an exponent."""
    return format(value, "f")


def decimal_text(raw: object, scale: int | None = None) -> str:
    """ "12.5", or "12.50" with a scale of 2; halves are rounded away from zero, as Postgres does."""
    value = number(raw)
    if scale is None:
        return plain(value)
    value = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)
    return plain(_within_digits(value if value else value.copy_abs()))


def integer(raw: object) -> int:
    value = number(raw)
    if value != value.to_integral_value():
        raise UnfitError("a whole number")
    if not -(2**63) <= value < 2**63:
        raise UnfitError("a whole number of at most 64 bits")
    return int(value)


def day(raw: object) -> date:
    """A calendar day from "2026-03-01"; a moment is refused, as its day depends on the timezone."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if isinstance(raw, str) and _DATE.fullmatch(raw.strip()):
        try:
            return date.fromisoformat(raw.strip())
        except ValueError:
            pass
    raise UnfitError("a date such as 2026-03-01")


def moment(raw: object) -> datetime:
    """A moment in UTC; text and datetimes without an offset are refused."""
    try:
        value = datetime.fromisoformat(_iso(raw)) if isinstance(raw, str) else raw
        if isinstance(value, datetime) and value.utcoffset() is not None:
            return value.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UnfitError("a date and time with an offset, such as 2026-03-01T09:00:00Z")


def _iso(raw: str) -> str:
    value = raw.strip().upper()
    if not _DATETIME.fullmatch(value):
        raise ValueError(value)
    return value


def day_text(raw: object) -> str:
    return day(raw).isoformat()


def moment_text(raw: object) -> str:
    return moment(raw).replace(tzinfo=None).isoformat() + "Z"


def boolean(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else None
    if word not in ("true", "yes", "false", "no"):
        raise UnfitError("true or false")
    return word in ("true", "yes")


def yes_no_maybe(raw: object) -> str:
    if isinstance(raw, bool):
        return "yes" if raw else "no"
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word not in ("yes", "no", "maybe"):
        raise UnfitError("yes, no or maybe")
    return word


def email(raw: object) -> str:
    """An ASCII address; the domain is lower-cased, what stands before the @ is the receiver's to read."""
    value = raw.strip() if isinstance(raw, str) else ""
    mailbox, _, domain = value.rpartition("@")
    domain = domain.lower()
    is_short = len(mailbox) <= 64 and len(value) <= 254
    if not (is_short and value.isascii() and _MAILBOX.fullmatch(mailbox) and _DOMAIN.fullmatch(domain)):
        raise UnfitError("an email address")
    return f"{mailbox}@{domain}"


def phone_part(raw: object) -> str:
    """A piece of a phone number without its spaces, dashes, dots and parentheses."""
    value = _PHONE_FILLERS.sub("", text(raw, ITEM_LIMIT))
    if not value:
        raise UnfitError("a part of a phone number")
    return value


def phone(raw: object) -> str:
    value = phone_part(raw) if isinstance(raw, str) else ""
    if not _PHONE.fullmatch(value):
        raise UnfitError("a phone number with + and country code and 7 to 15 digits")
    return value


def uuid_text(raw: object) -> str:
    if isinstance(raw, UUID):
        return str(raw)
    if not isinstance(raw, str) or not _UUID.fullmatch(raw.strip()):
        raise UnfitError("an id (a UUID)")
    return raw.strip().lower()


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def timezone(raw: object) -> str:
    value = raw.strip() if isinstance(raw, str) else ""
    if value not in _timezones():
        raise UnfitError("a timezone such as Europe/Berlin")
    return value
