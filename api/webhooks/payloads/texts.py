"""Bytes as text, and text as Postgres can keep it."""

import math
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header

from automations.charsets import decoded, known_charset
from automations.storable import storable_text

_NESTING = 100


@dataclass(frozen=True)
class ContentType:
    """`kind` is "application/json" and so on, "" where nothing is said; `charset` is None where none is said, or one unknown."""

    kind: str
    charset: str | None = None
    boundary: bytes | None = None

    @staticmethod
    def of(header: str) -> "ContentType":
        kind, options = parse_options_header(header)
        charset = options.get(b"charset", b"").decode("latin-1")
        return ContentType(kind.decode("latin-1").strip().lower(), known_charset(charset), options.get(b"boundary"))

    def text(self, raw: bytes) -> str:
        """UTF-8 unless another charset is said; what is none in it is replaced."""
        return decoded(raw, self.charset).removeprefix("\ufeff")


def kept(value: Any, nesting: int = _NESTING) -> Any:
    """A JSON value with each text in it storable. Raises ValueError where it is nested without end, or a number is."""
    if nesting == 0:
        raise ValueError("nested too deep")
    match value:
        case str():
            return storable_text(value)
        case dict():
            return {storable_text(key): kept(item, nesting - 1) for key, item in value.items()}
        case list():
            return [kept(item, nesting - 1) for item in value]
        case float() if not math.isfinite(value):
            raise ValueError("no finite number")
        case _:
            return value
