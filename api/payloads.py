"""What a webhook call carried. Any body is taken: what cannot be read is kept as text."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import jsonpath
from pydantic_core import from_json

_NESTING = 100


def payload_of(body: bytes, content_type: str, query: Mapping[str, str], method: str) -> Any:
    """The query of a GET; of a POST the JSON value or form, else the text."""
    if method == "GET":
        return dict(query)
    text = body.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {name: values[0] if len(values) == 1 else values for name, values in parse_qs(text).items()}
    try:
        return _storable(from_json(text, allow_inf_nan=False), _NESTING)
    except ValueError:
        return text


def _storable(value: Any, depth: int) -> Any:
    """Raises ValueError for what Postgres cannot keep: a NUL, half a character pair, or nesting without end."""
    if depth == 0:
        raise ValueError("nested too deep")
    match value:
        case str():
            value.encode()
            if "\x00" in value:
                raise ValueError("holds a NUL")
            return value
        case dict():
            return {_storable(key, depth): _storable(item, depth - 1) for key, item in value.items()}
        case list():
            return [_storable(item, depth - 1) for item in value]
        case _:
            return value


def extracted(payload: Any, paths: Mapping[str, str]) -> dict[str, Any]:
    """The value of each path: one match as it is, several as a list; a path that finds nothing is left out."""
    found = {name: found_at(payload, path) for name, path in paths.items()}
    return {name: value for name, value in found.items() if value is not None}


def found_at(payload: Any, path: str) -> Any:
    if not isinstance(payload, (dict, list)):
        return None
    try:
        matches = jsonpath.findall(path, payload)
    except (jsonpath.JSONPathError, ValueError, TypeError, RecursionError):
        return None
    return matches[0] if len(matches) == 1 else matches or None
