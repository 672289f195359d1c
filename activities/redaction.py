"""Takes secrets out of what a step leaves behind, also as other systems spell them: escaped, encoded, in other letter cases."""

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any


class Redactor:
    """Puts `[secret name]` in the place of each value; `values` are the secrets by name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        forms = [(name, form) for name, value in values.items() for form in _forms(value)]
        forms.sort(key=lambda form: len(form[1]), reverse=True)
        self._names = [name for name, _ in forms]
        self._pattern = re.compile("|".join(f"({form})" for _, form in forms)) if forms else None

    def text(self, text: str) -> str:
        return self._pattern.sub(self._named, text) if self._pattern else text

    def inside(self, value: Any) -> Any:
        """A JSON value without them; a number that is one as a whole becomes a text."""
        match value:
            case _ if self._pattern is None:
                return value
            case str():
                return self.text(value)
            case list() | tuple():
                return [self.inside(item) for item in value]
            case dict():
                return {self.inside(key): self.inside(item) for key, item in value.items()}
            case int() | float() if not isinstance(value, bool):
                return self.text(str(value)) if self._pattern.fullmatch(str(value)) else value
            case _:
                return value

    def _named(self, found: re.Match[str]) -> str:
        return f"[secret {self._names[(found.lastindex or 1) - 1]}]"


def _forms(value: str) -> Iterator[str]:
    """Regular expressions without groups: the text in any case and mixture of escapes, and its base64 at each alignment."""
    value = value.strip()
    if not value:
        return
    yield f"(?i:{_spelled(value)})"
    for shift in range(3):
        yield _spelled(_base64(value.encode(), shift))


def _base64(value: bytes, shift: int) -> str:
    """What it looks like in the middle of a longer text: the characters that hold nothing but its bits."""
    first, whole = -(-shift * 8 // 6), (shift + len(value)) * 8 // 6
    return base64.b64encode(bytes(shift) + value).decode()[first:whole]


_BASE64_SIGNS = {"+": "-", "/": "_"}
_BLANKS = r"(?:\s|\+|%[0-9a-f]{2}|\\{1,8}(?:[nrtfv]|[ux][0-9a-f]{2,4})|&#x?[0-9a-f]{1,4};)"
_BACKSLASHES = r"(?:\\|%5c|&#92;|&#x5c;)"


def _spelled(text: str) -> str:
    """Blanks may have been collapsed, and backslashes doubled; a run of them is one thing, or matching could take for ever."""
    runs = (list(run) for _, run in groupby(text, key=_kind))
    return "".join(_of_run(run) for run in runs)


def _kind(character: str) -> str:
    return " " if character.isspace() else character if character == "\\" else ""


def _of_run(run: list[str]) -> str:
    if run[0].isspace():
        return f"{_BLANKS}{{0,{4 * len(run)}}}"
    if run[0] == "\\":
        return f"{_BACKSLASHES}{{1,{8 * len(run)}}}"
    return "".join(map(_ways, run))


def _ways(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    bytes_ = character.encode()
    ways = {character, _BASE64_SIGNS.get(character, character), bytes_.decode("latin-1"), html.escape(character)}
    ways |= {f"&#{ord(character)};", f"&#x{ord(character):x};", json.dumps(character)[1:-1], ascii(character)[1:-1]}
    ways |= {"".join(f"{sign}{byte:02x}" for byte in bytes_) for sign in ("%", "\\x")}
    escaped = sorted((re.escape(way).replace(r"\\", r"\\{1,8}") for way in ways), key=len, reverse=True)
    if not character.isascii():
        escaped.append("\ufffd{1,4}")  # of an answer in another charset
    return rf"(?:{'|'.join(escaped)}|\\{{1,8}}{re.escape(character)})"
