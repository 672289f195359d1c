"""What is looked at before a document is parsed: is it small enough to be, and does every part have an id."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from automations.nesting import list_at, step_lists, with_step_lists
from automations.problems import Problem, at
from automations.reading import MAX_DEPTH

MAX_STEPS = 2_000
MAX_NESTING = 20

_MAX_BITS = 128
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def shape_problems(raw: object) -> list[Problem]:
    """Why a JSON value cannot be read further, if it cannot."""
    return list(_unfit_values(raw)) or list(_limit_problems(raw))


def _unfit_values(raw: object) -> Iterator[Problem]:
    """What Postgres cannot keep, and what stands so deep that reading it could not be relied on."""
    waiting: list[tuple[str, object, int]] = [("", raw, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            yield Problem(path="", code="nested_too_deep", sentence=f"Lists and objects stand more than {MAX_DEPTH} deep.")
            return
        if sentence := _unfit(value):
            yield Problem(path=path, code="invalid_value", sentence=sentence)
        waiting += [(at(path, _readable(key)), child, depth + 1) for key, child in _inside(value)]
        for key in _keys(value):
            if not isinstance(key, str) or _NO_TEXT.search(key):
                sentence = "A key is text without NUL characters."
                yield Problem(path=at(path, _readable(key)), code="unknown_key", sentence=sentence)


def _unfit(value: object) -> str | None:
    match value:
        case str() if _NO_TEXT.search(value):
            return "The text holds a character that cannot be kept (NUL or half a character)."
        case bool():
            return None
        case int() if value.bit_length() > _MAX_BITS:
            return "The number has too many digits."
        case float() if not abs(value) < float("inf"):
            return "It is no finite number."
        case _:
            return None


def _readable(key: object) -> str | int:
    return key if isinstance(key, int) else str(key)[:80].encode(errors="backslashreplace").decode().replace("\0", "\\0")


def _inside(value: object) -> Iterator[tuple[object, object]]:
    if isinstance(value, dict):
        yield from cast(dict[object, object], value).items()
    elif isinstance(value, list):
        yield from enumerate(cast(list[object], value))


def _keys(value: object) -> Iterator[object]:
    yield from cast(dict[object, object], value) if isinstance(value, dict) else ()


def _limit_problems(raw: object) -> Iterator[Problem]:
    count = 0
    waiting = [(key, list_at(raw, key) or [], 1) for key in ("variables", "steps")]
    while waiting:
        path, steps, depth = waiting.pop()
        if steps and depth > MAX_NESTING:
            yield Problem(path=path, code="steps_too_deep", sentence=f"Steps may stand {MAX_NESTING} deep in each other.")
            continue
        count += len(steps)
        for index, step in enumerate(steps):
            waiting += [(at(at(path, index), place), below, depth + 1) for place, below in step_lists(step)]
    if count > MAX_STEPS:
        yield Problem(path="steps", code="too_many_steps", sentence=f"There are {count} steps; {MAX_STEPS} is the most.")


def _get(value: object, key: str) -> object:
    return cast(Mapping[str, object], value).get(key) if isinstance(value, Mapping) else None


class _Ids:
    """Gives what has no id one that nothing else in the document has."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.taken = set(given_ids(raw))
        self.counts: Counter[str] = Counter()

    def with_id(self, part: object, word: str) -> object:
        if not isinstance(part, dict):
            return part
        known = cast(dict[str, Any], part)
        return known if known.get("id") is not None else {**known, "id": self._next(word)}

    def _next(self, word: str) -> str:
        self.counts[word] += 1
        while f"{word}-{self.counts[word]}" in self.taken:
            self.counts[word] += 1
        return f"{word}-{self.counts[word]}"


def given_ids(raw: object) -> Iterator[str]:
    """The ids that its author wrote into a document."""
    waiting = [list_at(raw, key) or [] for key in ("triggers", "variables", "steps")]
    while waiting:
        for part in waiting.pop():
            given = _get(part, "id")
            if isinstance(given, str):
                yield given
            waiting += [below for _, below in step_lists(part)]


def with_ids(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The document with an id for each trigger, variable and step: `webhook-1`, `variable-1`, `delay-2`."""
    ids = _Ids(raw)
    named = dict(raw)
    for key in ("triggers", "variables"):
        if isinstance(named.get(key), list):
            named[key] = [ids.with_id(part, _word(part, key[:-1]) if key == "triggers" else "variable") for part in named[key]]
    if isinstance(named.get("steps"), list):
        named["steps"] = _steps_with_ids(named["steps"], ids)
    return named


def _steps_with_ids(steps: list[Any], ids: _Ids) -> list[Any]:
    named = (ids.with_id(step, _word(step, "step")) for step in steps)
    return [
        with_step_lists(cast(dict[str, Any], step), lambda below: _steps_with_ids(below, ids)) if isinstance(step, dict) else step
        for step in named
    ]


def _word(part: object, otherwise: str) -> str:
    kind = _get(part, "type")
    return kind if isinstance(kind, str) and _ID.fullmatch(kind) else otherwise
