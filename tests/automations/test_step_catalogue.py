"""The catalogue of steps says what their models say."""

import json

import pytest

from automations.steps import STEP_TYPES
from automations.steps.catalogue import StepType, step_types

TYPES = {each.type: each for each in step_types()}


def test_each_type_is_there_with_a_sentence() -> None:
    assert TYPES.keys() == STEP_TYPES.keys()
    assert all(each.description.endswith(".") for each in TYPES.values())


@pytest.mark.parametrize("found", step_types(), ids=lambda found: found.type)
def test_a_schema_has_the_options_of_its_own_step_and_stands_by_itself(found: StepType) -> None:
    assert found.options["properties"]["type"]["const"] == found.type
    text = json.dumps(found.options)
    assert all(f'"#/$defs/{name}"' in text for name in found.options.get("$defs", {}))
    parts = found.options.get("$defs", {})
    assert all(name in parts for name in {part.split('"')[0] for part in text.split('"#/$defs/')[1:]})
    others = STEP_TYPES.keys() - {found.type}
    assert not any(f'"const": "{other}"' in text for other in others)


def test_what_needs_a_record_is_not_for_global_automations() -> None:
    assert TYPES["change_field_value"].contexts == ["record"]
    assert TYPES["delay"].contexts == ["record", "global"]


def test_paths_and_calls_are_told_of() -> None:
    assert (TYPES["condition"].paths, TYPES["goal"].paths, TYPES["branch"].paths, TYPES["delay"].paths) == (
        ["if_yes", "if_no"], ["if_met", "if_not_met"], ["lanes"], [],
    )  # fmt: skip
    assert TYPES["request_info_via_text"].paths == ["if_answered", "if_not_answered"]
    assert {name for name in ("http_request", "send_text", "delay", "math") if TYPES[name].reaches_outside} == {
        "http_request", "send_text"
    }  # fmt: skip
