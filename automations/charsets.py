"""Bytes as text, by the name of a charset that somebody else gave."""

import codecs
import re

_CHARSETS = re.compile(r"ascii|(utf-(8|16|32)|iso8859|cp|koi8|mac|shift_jis|euc_|iso2022_|gb|big5|hz|johab|tis-620)[\w-]*")
"""Of the codecs that Python has, those that are charsets: others are slow on purpose-made bytes, or no text at all."""


def known_charset(name: str) -> str | None:
    """As Python calls it; None where it is no charset."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if _CHARSETS.fullmatch(found) else None


def decoded(raw: bytes, charset: str | None) -> str:
    """UTF-8 unless another charset is known by that name. Never raises: what is no text in it is replaced."""
    name = known_charset(charset) if charset else None
    try:
        return raw.decode(name or "utf-8", errors="replace")
    except (LookupError, ValueError):
        return raw.decode(errors="replace")
