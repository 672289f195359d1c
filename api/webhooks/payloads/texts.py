"""Bytes as text, and text as Postgres can keep it."""

import codecs
import math
import re
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header

_NESTING = 100
_UNFIT = re.compile("[\0\ud800-\udfff]")
_CHARSETS = re.compile(r"ascii|(utf-(8|16|32)|iso8859|cp|koi8|mac|shift_jis|euc_|iso2022_|gb|big5|hz|johab|tis-620)[\w-]*")
"""Of the codecs that Python has, those that are charsets: others are slow on purpose-made bytes, or no text at all."""


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
        return ContentType(kind.decode("latin-1").strip().lower(), _known(charset), options.get(b"boundary"))

    def text(self, raw: bytes) -> str:
        """UTF-8 unless another charset is said; what is none in it is replaced."""
        return raw.decode(self.charset or "utf-8", errors="replace").removeprefix("\ufeff")


def _known(charset: str) -> str | None:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return name if _CHARSETS.fullmatch(name) else None


def kept_text(text: str) -> str:
    """With U+FFFD in place of NULs and halves of characters."""
    return _UNFIT.sub("\ufffd", text)


def kept(value: Any, nesting: int = _NESTING) -> Any:
    """A JSON value with each text in it as `kept_text`. Raises ValueError where it is nested without end, or a number is."""
    if nesting == 0:
        raise ValueError("nested too deep")
    match value:
        case str():
            return kept_text(value)
        case dict():
            return {kept_text(key): kept(item, nesting - 1) for key, item in value.items()}
        case list():
            return [kept(item, nesting - 1) for item in value]
        case float() if not math.isfinite(value):
            raise ValueError("no finite number")
        case _:
            return value
