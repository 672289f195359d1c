"""What the documents say of the tests is true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_TEST = re.compile(r"`([a-z_/]+\.py)(?:::(test_\w+))?`")


def promises() -> list[str]:
    text = (ROOT / "docs" / "execution-model.md").read_text(encoding="utf-8")
    rows = text.split("| promise |", 1)[1].splitlines()[2:]
    return [row for row in rows if row.startswith("|")]


def test_there_are_promises() -> None:
    assert len(promises()) > 30


@pytest.mark.parametrize("row", promises(), ids=lambda row: row.split("|")[1].strip()[:60])
def test_each_promise_is_shown_by_a_test(row: str) -> None:
    shown_by = _TEST.findall(row.split("|")[3])
    assert shown_by
    for path, name in shown_by:
        source = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert f"def {name or 'test_'}" in source, f"{path} has no {name}"
