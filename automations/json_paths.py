"""What a JSONPath finds in a JSON value, with an end: no path and no value may take for ever.

Effort is counted and not timed, so that the same path and value always come to the same. The time
of regular expressions grows with the text only.
"""

import functools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import jsonpath
import jsonpath.path
from jsonpath.function_extensions import ExpressionType, FilterFunction
from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema, to_json

from automations.errors import EverstepError

EFFORT = 500_000
"""Values that are looked at: of 1 MiB each once or twice."""

FOUND_BYTES = 1024 * 1024
"""All that a path finds: with `..` it finds the same many times over."""

_GLANCED = 4
"""Values that are gone past as fast as one is looked at."""
_CHARACTERS = 16
"""Of a text that a regular expression looks through as long as one value is looked at."""


class PathTooCostlyError(EverstepError):
    code = "path_too_costly"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} {why}: name the place more exactly, without .. and filters inside filters.")


def is_plain(path: str) -> bool:
    """Whether it only names a place: it takes no time to speak of."""
    return ".." not in path and "?" not in path and "*" not in path


def find(path: str, value: Any) -> list[Any]:
    """Raises JSONPathError for a path that does not fit the value, and PathTooCostlyError."""
    token = _EFFORT.set(_Effort(EFFORT))
    try:
        return list(_kept(path, compiled(path).finditer(value)))
    except _SpentError:
        raise PathTooCostlyError(path, f"looks at more than {EFFORT:,} values") from None
    finally:
        _EFFORT.reset(token)


@functools.lru_cache(maxsize=1024)
def compiled(path: str) -> Any:
    """Raises JSONPathError or RecursionError for what is no JSONPath."""
    return _ENVIRONMENT.compile(path)


def _kept(path: str, matches: Any) -> Iterator[Any]:
    """One match may be all of the value; several of them not more than that."""
    size = 0
    for index, match in enumerate(matches):
        size += len(to_json(match.obj)) if index or isinstance(match.obj, str) else 0
        if size > FOUND_BYTES and index:
            raise PathTooCostlyError(path, f"finds more than {FOUND_BYTES:,} bytes")
        yield match.obj


class _SpentError(Exception):
    pass


class _Effort:
    def __init__(self, most: int) -> None:
        self._left = most

    def spend(self, effort: int) -> None:
        self._left -= effort
        if self._left < 0:
            raise _SpentError


_EFFORT: ContextVar[_Effort] = ContextVar("effort")


class _Node(jsonpath.JSONPathMatch):
    """A value that is looked at: paid for, with all that may be gone through in it. Where it stands nobody asks.

    Without that a long key would be written down again for each value below it.
    """

    __slots__ = ("_effort",)

    def __init__(self, *, obj: Any, root: Any, effort: _Effort | None = None, **rest: Any) -> None:
        self._effort = effort or _EFFORT.get()
        self._effort.spend(1 + (len(obj) // _GLANCED if type(obj) in (dict, list) else 0))
        self._filter_context: Any = {}
        self.obj, self.root, self.parent, self.path, self.parts = obj, root, None, "", ()

    def new_child(self, obj: object, key: int | str) -> "_Node":
        return _Node(obj=obj, root=self.root, effort=self._effort)

    def add_child(self, *children: jsonpath.JSONPathMatch) -> None:
        pass


class _Regex(FilterFunction):
    """`match` and `search`, by an engine that never tries a text in all ways."""

    def __init__(self, around: str) -> None:
        self._around = around

    @property
    def arg_types(self) -> list[ExpressionType]:
        return [ExpressionType.VALUE, ExpressionType.VALUE]

    @property
    def return_type(self) -> ExpressionType:
        return ExpressionType.LOGICAL

    def __call__(self, value: object, pattern: object) -> bool:
        return isinstance(value, str) and isinstance(pattern, str) and _fits(self._around.format(pattern), value)


_WHOLE, _SOMEWHERE = r"\A(?:{0})\z", "{0}"


class _Environment(jsonpath.JSONPathEnvironment):
    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Regex(_WHOLE)
        self.function_extensions["search"] = _Regex(_SOMEWHERE)

    def compare(self, left: object, operator: str, right: object) -> bool:
        if operator != "=~" or not isinstance(left, str) or not hasattr(right, "pattern"):
            return super().compare(left, operator, right)
        found: Any = right
        flags = "".join(sign for sign, flag in _FLAGS.items() if found.flags & flag)
        return _fits(f"(?{flags})" * bool(flags) + _WHOLE.format(found.pattern), left)


_FLAGS = {"i": 2, "m": 8, "s": 16}


def _fits(pattern: str, text: str) -> bool:
    """A pattern that is none fits nothing, as RFC 9535 has it."""
    _EFFORT.get().spend(len(text) // _CHARACTERS)
    validator = _validator(pattern)
    if validator is None:
        return False
    try:
        validator.validate_python(text)
    except ValidationError:
        return False
    return True


@functools.lru_cache(maxsize=256)
def _validator(pattern: str) -> SchemaValidator | None:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, strict=True))
    except SchemaError:
        return None


# The environment's own setting for this is heeded by the asynchronous half of the library only.
jsonpath.path.JSONPathMatch = _Node  # pyright: ignore[reportPrivateImportUsage, reportAttributeAccessIssue]
_ENVIRONMENT = _Environment()
