"""The ledger tells what is lost and what is doubled: one that is always content would show nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.ledger import Execution, Found
from tests.chaos.subjects import subjects

_CALLING = next(subject for subject in subjects("http://127.0.0.1:1") if subject.name == "calling")
_ID, _RECORD = UUID(int=1), UUID(int=2)
_STEPS = [
    ("v-token", "initialize_variable"),
    ("v-due", "initialize_variable"),
    ("a", "math"),
    ("call", "http_request"),
    ("b", "math"),
]


def runs(steps: Sequence[tuple[str, str]]) -> list[Any]:
    return [
        {"sequence": number, "step_id": id, "step_type": kind, "status": "completed"}
        for number, (id, kind) in enumerate(steps, start=1)
    ]


ROW = {
    "id": _ID, "state": "completed", "reason": None, "record_id": _RECORD, "parent_id": None, "lanes": {},
    "steps_run": len(_STEPS), "finished_at": "then", "token": "calling-000",
}  # fmt: skip
EXECUTION = Execution(ROW, _CALLING, runs(_STEPS))
RIGHT = Found(
    executions=[EXECUTION], tokens=["calling-000"], records={_RECORD: {"field_values": {"hits": 2}, "revision": 3}}, events=2,
    by_hand=0, calls={f"{_ID}:4": [500, 200]}, mails=[], open_workflows=0, workflows=1,
)  # fmt: skip


def wrong(found: Found) -> list[str]:
    return [line.what for line in found.lines() if not line.is_right]


def test_what_is_as_it_must_be_has_no_problems() -> None:
    assert wrong(RIGHT) == []
    assert RIGHT.problems() == []


@pytest.mark.parametrize("steps", [[*_STEPS, _STEPS[-1]], _STEPS[:-1]], ids=["doubled", "lost"])
def test_a_step_run_too_many_or_too_few_is_told(steps: list[tuple[str, str]]) -> None:
    found = replace(RIGHT, executions=[Execution(ROW, _CALLING, runs(steps))])
    assert wrong(found) == ["step runs"]
    assert len(found.problems()) == 2


@pytest.mark.parametrize("hits", [1, 3])
def test_an_effect_lost_or_doubled_is_told(hits: int) -> None:
    found = replace(RIGHT, records={_RECORD: {"field_values": {"hits": hits}, "revision": hits + 1}})
    assert wrong(found) == ["hits on records", "changes of records"]
    assert len(found.problems()) == 1


def test_a_call_under_another_key_is_told() -> None:
    found = replace(RIGHT, calls={**RIGHT.calls, f"{_ID}:9": [200]})
    assert wrong(found) == ["HTTP calls by their key"]


def test_an_execution_that_did_not_end_as_it_must_is_told() -> None:
    found = replace(RIGHT, executions=[Execution({**ROW, "state": "failed"}, _CALLING, runs(_STEPS))], open_workflows=1)
    assert wrong(found) == ["workflows still open"]
    assert len(found.problems()) == 1


def test_an_order_that_became_nothing_is_told() -> None:
    assert wrong(replace(RIGHT, tokens=["calling-000", "calling-001"])) == ["orders that became an execution"]
