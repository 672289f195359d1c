"""Text and JSON values as Postgres can keep them, whoever made them."""

import math
import re
from collections.abc import Mapping
from typing import Any, cast

_UNFIT = re.compile("[\0\ud800-\udfff]")
_NESTING = 150
"""Readers of JSON give up at 200; what a value is put into nests as well."""

_INTEGER_BITS = 13_000
"""Readers of JSON take integers of 4,300 digits."""


def storable_text(text: str) -> str:
    """With U+FFFD in place of NULs and halves of characters."""
    return _UNFIT.sub("\ufffd", text)


def storable(value: Any, nesting: int = _NESTING) -> Any:
    """A JSON value that can be written and read again.

    Numbers without end become null, bytes text, and what is nested too deep says so.
    """
    match value:
        case str():
            return storable_text(value)
        case bytes() | bytearray():
            return storable_text(bytes(value).decode(errors="replace"))
        case float() if not math.isfinite(value):
            return None
        case int() if value.bit_length() > _INTEGER_BITS:
            return None
        case dict() | list() | tuple() if nesting == 0:
            return "[nested too deep]"
        case dict():
            pairs = cast(Mapping[Any, Any], value).items()
            return {storable_text(str(key)): storable(item, nesting - 1) for key, item in pairs}
        case list() | tuple():
            return [storable(item, nesting - 1) for item in cast("list[Any]", value)]
        case _:
            return value
