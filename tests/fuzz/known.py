"""Loaded by schemathesis: three of four requests go to things that are there, so that they come further than to a 404."""

import json
import os
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import schemathesis

VARIABLE = "EVERSTEP_FUZZ_KNOWN"
KNOWN: dict[str, list[str]] = json.loads(os.environ.get(VARIABLE, "{}"))
"""Values of path and query parameters by their names; for the names of objects and automations by the path's first part too."""


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    first = context.operation.path.split("/")[1]
    return _known(path_parameters, {name: KNOWN.get(f"{first}/{name}", KNOWN.get(name, [])) for name in path_parameters or {}})


@schemathesis.hook
def map_query(context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    return _known(query, {name: KNOWN.get(name, []) for name in query or {}})


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """The record that the examples speak of stands for one that is there."""
    if isinstance(body, dict) and "record_id" in body:
        return {**body, "record_id": _one_of(KNOWN.get("record_id", []), body["record_id"])}
    return body


def _known(given: dict[str, Any] | None, known: Mapping[str, list[str]]) -> dict[str, Any] | None:
    """By what was drawn, so that a case that failed can be drawn again."""
    if not isinstance(given, dict):
        return given
    return {name: _one_of(known.get(name, []), value) for name, value in given.items()}


def _one_of(known: list[str], drawn: Any) -> Any:
    number = crc32(repr(drawn).encode())
    return known[number // 4 % len(known)] if known and number % 4 else drawn
