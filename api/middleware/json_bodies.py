"""JSON as it comes in: what others would read in two ways, or not keep, is refused before anything reads it."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn, cast

from api.errors import RefusedError

MAX_DEPTH = 100
"""How deep lists and objects may stand in each other."""

_LONGEST_NUMBER = 400
_TEXT_SHOWN = 40
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


class _Twice(dict[str, Any]):
    """An object with a key that was given twice."""

    def __init__(self, pairs: list[tuple[str, Any]], key: str) -> None:
        super().__init__(pairs)
        self.key = key


def check_json(body: bytes) -> None:
    """Raises RefusedError: 400 for no JSON, a key given twice or too much depth, 422 for text and numbers that cannot be kept."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError(400, "invalid_json", "The body is not JSON in UTF-8.") from None
    seen_twice: list[_Twice] = []
    value = _parsed(text, seen_twice)
    if seen_twice:
        raise _given_twice(value)
    # Only an escape can smuggle in what UTF-8 cannot hold.
    if "\\u" in text or text.count("[") + text.count("{") > MAX_DEPTH:
        _look_through(value)


def _parsed(text: str, seen_twice: list[_Twice]) -> Any:
    def each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        counts = Counter(key for key, _ in pairs)
        seen_twice.append(_Twice(pairs, next(key for key, count in counts.items() if count > 1)))
        return seen_twice[-1]

    try:
        return json.loads(
            text, object_pairs_hook=each_key_once, parse_int=_integer, parse_float=_number, parse_constant=_no_number
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise RefusedError(400, "invalid_json", f"The body is not JSON: it goes wrong at {where}.") from None


def _integer(written: str) -> int:
    if len(written) > _LONGEST_NUMBER:
        raise _unkept_number(written)
    return int(written)


def _number(written: str) -> float:
    number = float(written)
    if number in (float("inf"), float("-inf")) or len(written) > _LONGEST_NUMBER:
        raise _unkept_number(written)
    return number


def _unkept_number(written: str) -> RefusedError:
    shown = written if len(written) <= _TEXT_SHOWN else f"{written[:_TEXT_SHOWN]}…"
    return RefusedError(422, "invalid_number", f"The number {shown} is too large to be kept.")


def _no_number(written: str) -> NoReturn:
    raise RefusedError(400, "invalid_json", f"The body is not JSON: {written} is no number.")


def _too_deep() -> RefusedError:
    return RefusedError(400, "nested_too_deep", f"Lists and objects stand more than {MAX_DEPTH} deep in each other.")


def _look_through(value: Any) -> None:
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        here, depth = left.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(here, str) and _NO_TEXT.search(here):
            raise _unfit_text()
        if isinstance(here, dict):
            inside = cast(dict[str, Any], here)
            left += [(each, depth + 1) for each in (*inside, *inside.values())]
        elif isinstance(here, list):
            left += [(each, depth + 1) for each in cast(list[Any], here)]


def _given_twice(value: Any) -> RefusedError:
    """Names the first such key by its path."""
    left: list[tuple[str, Any]] = [("", value)]
    while left:
        path, here = left.pop()
        if isinstance(here, _Twice):
            return _twice(f"{path}.{here.key[:80]}".removeprefix("."))
        left += reversed(list(_inside(path, here)))
    raise AssertionError("there is such a key")


def _inside(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in cast(dict[str, Any], value).items():
            yield f"{path}.{key[:80]}".removeprefix("."), child
    elif isinstance(value, list):
        for index, child in enumerate(cast(list[Any], value)):
            yield f"{path}[{index}]", child


def _twice(path: str) -> RefusedError:
    if _NO_TEXT.search(path):
        return _unfit_text()
    sentence = f"The key {path} is given twice."
    return RefusedError(400, "duplicate_key", sentence, [{"path": path, "code": "duplicate_key", "sentence": sentence}])


def _unfit_text() -> RefusedError:
    return RefusedError(422, "invalid_text", "The body holds a NUL character or half of a surrogate pair.")
