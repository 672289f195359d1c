"""Parts without an id of their author's keep theirs from save to save, and never take another's."""

from typing import Any

from automations.document import AutomationDocument
from automations.identity import with_kept_ids
from automations.parsing import parse_document
from automations.shape import given_ids
from tests.builders import document

DAY: dict[str, Any] = {"type": "delay", "days": 1, "at": "09:00"}
WEEK: dict[str, Any] = {"type": "delay", "weeks": 1}


def saved(before: AutomationDocument | None, *steps: Any) -> AutomationDocument:
    raw = document(steps=list(steps))
    parsed = parse_document(raw).document
    assert parsed
    return with_kept_ids(parsed, before, frozenset(given_ids(raw))) if before else parsed


def ids(found: AutomationDocument) -> list[str]:
    return [step.id for step in found.steps]


def test_saving_the_same_again_changes_nothing() -> None:
    first = saved(None, DAY, WEEK, DAY)
    assert saved(first, DAY, WEEK, DAY) == first


def test_step_put_in_before_another_of_its_type_does_not_take_its_id() -> None:
    first = saved(None, DAY)
    assert ids(saved(first, WEEK, DAY)) == ["delay-2", "delay-1"]


def test_step_that_says_something_else_is_another_step() -> None:
    first = saved(None, DAY)
    assert ids(saved(first, WEEK)) == ["delay-2"]


def test_id_that_the_author_writes_is_never_given_to_another() -> None:
    first = saved(None, DAY)
    assert ids(saved(first, {**WEEK, "id": "delay-1"}, DAY)) == ["delay-1", "delay-2"]


def test_id_that_a_go_to_names_stays() -> None:
    first = saved(None, DAY)
    again = saved(first, WEEK, {"type": "go_to_step", "step": "delay-1"})
    assert ids(again)[0] == "delay-1"


def test_steps_on_paths_keep_their_ids_too() -> None:
    def asked(*yes: Any) -> dict[str, Any]:
        return {"type": "condition", "if": {"variable": "n", "op": "is_blank"}, "if_yes": list(yes)}

    first = saved(None, asked(DAY), WEEK)
    second = saved(first, WEEK, asked(DAY))
    assert ids(second) == ids(first)[::-1]
    assert second.steps[1].paths() == first.steps[0].paths()
