"""CSV: a list of objects by the header row."""

import csv
from itertools import accumulate
from typing import Any

_REST = "#rest"
_MOST = 8 * 1024 * 1024
"""Characters that the objects may come to: a long header is told again with each row."""


def rows_of(text: str) -> list[dict[str, Any]]:
    """A row that is shorter than the header leaves the last columns out; of a longer one the rest is a list under "#rest".

    Raises ValueError for broken quotes, and for what would come to too much.
    """
    try:
        header, *rows = [row for row in csv.reader(text.splitlines(keepends=True), strict=True) if row] or [[]]
    except csv.Error as error:
        raise ValueError(str(error)) from error
    names = [0, *accumulate(len(name) for name in header)]
    if sum(names[min(len(row), len(header))] for row in rows) > _MOST:
        raise ValueError("the rows come to too much")
    return [_object(header, row) for row in rows]


def _object(header: list[str], row: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = dict(zip(header, row, strict=False))
    return found if len(row) <= len(header) else {**found, _REST: row[len(header) :]}
