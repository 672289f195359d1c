"""What the documents say of the tests is true."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from automations.evaluation import Reason
from automations.reading import read_yaml
from automations.triggers import AnyTrigger, TriggerUnion
from automations.triggers.catalogue import TriggerType, trigger_types

ROOT = Path(__file__).parents[1]
_TEST = re.compile(r"`([a-z_/]+\.py)(?:::(test_\w+))?(?:\[(\w+)\])?`")
_TRIGGER: TypeAdapter[AnyTrigger] = TypeAdapter(TriggerUnion)


def table(document: str, heading: str) -> list[str]:
    """The rows below the heading of a table."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    rows = text.split(heading, 1)[1].splitlines()[2:]
    return rows[: next((place for place, row in enumerate(rows) if not row.startswith("|")), len(rows))]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("|")[1:-1]]


PROMISES = table("execution-model.md", "| promise |")
TRIGGERS = {cells(row)[0].split("`")[1]: cells(row) for row in table("triggers.md", "| type | starts when |")}


def require_tests(cell: str) -> None:
    shown_by = _TEST.findall(cell)
    assert shown_by
    for path, name, case in shown_by:
        source = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert f"def {name or 'test_'}" in source, f"{path} has no {name}"
        assert not case or f'"{case}"' in source, f"{path} has no {case}"


def test_there_are_promises() -> None:
    assert len(PROMISES) > 30


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: cells(row)[0][:60])
def test_each_promise_is_shown_by_a_test(row: str) -> None:
    require_tests(cells(row)[2])


def test_all_triggers_are_told_of() -> None:
    assert TRIGGERS.keys() == {each.type for each in trigger_types()}


@pytest.mark.parametrize("found", trigger_types(), ids=lambda found: found.type)
def test_each_trigger_is_told_of_with_its_options_an_example_and_its_test(found: TriggerType) -> None:
    first, _, options, example, shown_by = TRIGGERS[found.type]
    common = {"id", "type", "description", "skip", "filter", "throttle", "priority", "past"}
    told = set(re.findall(r"`(\w+)`", options))
    assert found.options["properties"].keys() - common <= told
    said: Any = read_yaml(example.strip("`"))
    assert _TRIGGER.validate_python({"id": "t"} | said).type == found.type
    assert ("●" in first) == found.in_goals
    require_tests(shown_by)


def test_all_reasons_are_told_of() -> None:
    told = [cells(row)[0].strip("`") for row in table("triggers.md", "| reason | nothing")]
    assert told == [*get_args(Reason)]
