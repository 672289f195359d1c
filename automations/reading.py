"""YAML text as JSON values, by the rules of YAML 1.2.

Only what JSON can say is read: `yes`, `no`, `on`, `09:00` and `2026-03-01` stay text. A key given twice, an anchor, an
alias and a tag are refused: a document means what it shows, and none grows when it is read. The text is read event by
event, so that no nesting is too deep to be refused.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.reader import ReaderError

from automations.errors import EverstepError

MAX_DEPTH = 100
"""How deep lists and objects may stand in each other."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}|0x[0-9a-fA-F]{1,300}|0o[0-7]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASES = {"0x": 16, "0o": 8}


class DocumentSyntaxError(EverstepError):
    """A text that is no YAML, or more than JSON can say. `line` counts from 1; None where there is no telling."""

    code = "invalid_yaml"

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(f"Line {line}: {sentence}" if line else sentence)
        self.line = line


def read_yaml(text: str) -> object:
    """The JSON value that the text (YAML or JSON) stands for; raises DocumentSyntaxError."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return _read_json(text)
        except (ValueError, RecursionError):
            pass  # YAML in braces, or JSON that is refused with its line below
    try:
        return _value_of(_events(text))
    except ReaderError as error:
        raise DocumentSyntaxError(f"The text holds a character that no YAML may hold: {error}.") from error
    except YAMLError as error:
        raise DocumentSyntaxError(*_said(error)) from error
    except (ValueError, RecursionError, AttributeError, IndexError, TypeError, AssertionError) as error:
        # Malformed numbers in escapes and directives reach the reader's own code.
        raise DocumentSyntaxError("The text is no YAML.") from error


def _events(text: str) -> Iterable[Any]:
    yaml: Any = YAML(typ="safe", pure=True)
    return yaml.parse(text)


def _said(error: YAMLError) -> tuple[str, int | None]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or "it cannot be read"
    return f"The text is no YAML: {' '.join(str(problem).split())}.", mark.line + 1 if mark else None


def _read_json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_refuse_constant)


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise DocumentSyntaxError(f"The key {key[:80]!r} is given twice.")
        found[key] = value
    return found


def _refuse_constant(name: str) -> object:
    raise DocumentSyntaxError(f"{name} is no number.")


class _Build:
    """The value so far: the lists and objects that are open, and in each object the key that waits for its value."""

    def __init__(self) -> None:
        self.open: list[list[Any] | dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.result: object = None
        self.documents = 0

    def start(self, value: list[Any] | dict[str, Any], line: int) -> None:
        if self.keys and isinstance(self.open[-1], dict) and self.keys[-1] is None:
            raise DocumentSyntaxError("A key is text, not a list or an object.", line)
        if len(self.open) >= MAX_DEPTH:
            raise DocumentSyntaxError(f"Lists and objects stand more than {MAX_DEPTH} deep in each other.", line)
        self.add(value, line)
        self.open.append(value)
        self.keys.append(None)

    def end(self) -> None:
        self.open.pop()
        self.keys.pop()

    def scalar(self, event: Any, line: int) -> None:
        is_key = bool(self.open) and isinstance(self.open[-1], dict) and self.keys[-1] is None
        if not is_key:
            self.add(_scalar(event, line), line)
            return
        key = str(event.value)
        if key in self.open[-1]:
            raise DocumentSyntaxError(f"The key {key[:80]!r} is given twice.", line)
        self.keys[-1] = key

    def add(self, value: object, line: int) -> None:
        if not self.open:
            self.result = value
            return
        parent = self.open[-1]
        if isinstance(parent, list):
            parent.append(value)
        else:
            parent[cast(str, self.keys[-1])] = value
            self.keys[-1] = None

    def document(self, line: int) -> None:
        self.documents += 1
        if self.documents > 1:
            raise DocumentSyntaxError("A text holds one document.", line)


def _value_of(events: Iterable[Any]) -> object:
    build = _Build()
    for event in events:
        line = event.start_mark.line + 1
        _refuse_what_json_lacks(event, line)
        match type(event).__name__:
            case "DocumentStartEvent":
                build.document(line)
            case "MappingStartEvent":
                build.start({}, line)
            case "SequenceStartEvent":
                build.start([], line)
            case "MappingEndEvent" | "SequenceEndEvent":
                build.end()
            case "ScalarEvent":
                build.scalar(event, line)
            case _:
                pass
    return build.result


def _refuse_what_json_lacks(event: Any, line: int) -> None:
    if getattr(event, "anchor", None):
        raise DocumentSyntaxError("Anchors (&) and aliases (*) are not used here: write the part out.", line)
    if getattr(event, "tag", None):
        raise DocumentSyntaxError("Tags (!) are not used here: quote the text if it begins with one.", line)


def _scalar(event: Any, line: int) -> object:
    text = str(event.value)
    is_plain = event.implicit[0]
    if not is_plain:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return _number(text, line)


def _number(text: str, line: int) -> object:
    """The number, or the text itself if it is none."""
    if _INTEGER.fullmatch(text):
        return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)
    if not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise DocumentSyntaxError(f"The number {text[:40]} is out of range.", line)
    return number
