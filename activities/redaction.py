"""Takes secrets out of what a step leaves behind, also as other systems spell them: escaped, encoded, in other letter cases."""

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

_WINDOW = 16 * 1024
"""Characters that are searched at a time: nothing else runs in the process meanwhile, not even in another thread."""
_LONGEST_WAY = 64
"""Characters that one of a secret can be spelled with, at most."""


@dataclass(frozen=True)
class _Form:
    """One way in which a secret is written down. A text without its `mark` does not hold it."""

    name: str
    pattern: str
    mark: str

    @staticmethod
    def of(name: str, written: str, pattern: str) -> "_Form":
        return _Form(name, pattern, _folded(max(re.findall("[0-9A-Za-z]+", written), key=len, default="")))


class Redactor:
    """Puts `[secret name]` in the place of each value; `values` are the secrets by name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        forms = [form for name, value in values.items() for form in _forms(name, value) if form.pattern]
        self._forms = sorted(forms, key=lambda form: len(form.pattern), reverse=True)
        self._width = _LONGEST_WAY * max(map(len, values.values()), default=0)
        self._patterns: dict[tuple[int, ...], re.Pattern[str]] = {}

    def text(self, text: str) -> str:
        folded = _folded(text) if self._forms else ""
        there = tuple(index for index, form in enumerate(self._forms) if form.mark in folded)
        return "".join(self._clean(text, there)) if there else text

    def _pattern(self, forms: tuple[int, ...]) -> re.Pattern[str]:
        if forms not in self._patterns:
            self._patterns[forms] = re.compile("|".join(f"({self._forms[index].pattern})" for index in forms))
        return self._patterns[forms]

    def _clean(self, text: str, forms: tuple[int, ...]) -> Iterator[str]:
        """Each window with what begins in it, however far that reaches."""
        pattern, size, here = self._pattern(forms), max(_WINDOW, self._width), 0
        while here < len(text):
            found = pattern.search(text, here, here + size + self._width)
            if found is None or found.start() >= here + size:
                yield text[here : here + size]
                here += size
            else:
                name = self._forms[forms[(found.lastindex or 1) - 1]].name
                yield f"{text[here : found.start()]}[secret {name}]"
                here = found.end()

    def inside(self, value: Any) -> Any:
        """A JSON value without them; a number that is one as a whole becomes a text."""
        match value:
            case _ if not self._forms:
                return value
            case str():
                return self.text(value)
            case list() | tuple():
                return [self.inside(item) for item in value]
            case dict():
                return {self.inside(key): self.inside(item) for key, item in value.items()}
            case int() | float() if not isinstance(value, bool):
                return self._number(value)
            case _:
                return value

    def _number(self, value: float) -> Any:
        is_whole = self._pattern(tuple(range(len(self._forms)))).fullmatch(str(value))
        return self.text(str(value)) if is_whole else value


_FOLDED = str.maketrans({"\u0131": "i", "\u0130": "i"})
"""What a pattern in any case takes for an i, and folding does not."""


def _folded(text: str) -> str:
    return text.translate(_FOLDED).casefold() if not text.isascii() else text.lower()


def _forms(name: str, value: str) -> Iterator[_Form]:
    """Regular expressions without groups: the text in any case and mixture of escapes, and its base64 at each alignment."""
    value = value.strip()
    if not value:
        return
    yield _Form.of(name, value, f"(?i:{_spelled(value)})")
    for shift in range(3):
        written = _base64(value.encode(), shift)
        yield _Form.of(name, written, _spelled(written))


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
