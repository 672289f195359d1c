"""Parts without an id of their author's keep theirs from save to save, and never take another's."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from automations.document import AutomationDocument
from automations.identity import with_kept_ids
from automations.parsing import parse_document
from automations.shape import given_ids
from tests.builders import document

from .trees import TREES, every

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


def test_steps_in_lanes_keep_their_ids_too() -> None:
    def side_by_side(*lanes: list[Any]) -> dict[str, Any]:
        return {"type": "branch", "lanes": [{"steps": lane} for lane in lanes]}

    first = saved(None, side_by_side([DAY], [WEEK, DAY]))
    assert {name: [step.id for step in lane] for name, lane in first.steps[0].paths().items()} == {
        "1": ["delay-1"],
        "2": ["delay-2", "delay-3"],
    }
    assert saved(first, side_by_side([DAY], [WEEK, DAY])) == first
    changed = saved(first, side_by_side([DAY, {**WEEK, "weeks": 2}], [WEEK, DAY]))
    assert changed.steps[0].id == "branch-1"
    assert [step.id for step in changed.steps[0].paths()["1"]] == ["delay-1", "delay-4"]


def test_a_path_that_was_not_there_before_leaves_its_step_the_same() -> None:
    asked = {"type": "condition", "if": {"variable": "n", "op": "is_blank"}}
    assert ids(saved(saved(None, asked), {**asked, "if_no": [DAY]})) == ["condition-1"]
    fork: dict[str, Any] = {"type": "branch", "lanes": [{}]}
    assert ids(saved(saved(None, fork), {**fork, "lanes": [{"steps": [DAY]}]})) == ["branch-1"]


@given(TREES.filter(bool), st.data())
def test_any_document_gets_ids_and_keeps_them_when_it_is_saved_again(steps: list[Any], data: st.DataObject) -> None:
    nameless = data.draw(st.sets(st.sampled_from([step["id"] for step in every(steps)])))
    for step in every(steps):
        if step["id"] in nameless:
            del step["id"]
    first = saved(None, *steps)
    found = [step["id"] for step in every(first.as_json()["steps"])]
    assert len(found) == len(set(found)) == len(every(steps))
    assert set(given_ids(document(steps=steps))) == {step["id"] for step in every(steps) if "id" in step} <= set(found)
    assert saved(first, *steps) == first
