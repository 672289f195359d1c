"""Histories of executions that ran before replay on the workflow's code as it is now: a deployment breaks none that is open."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tests.replay.record import HISTORIES
from tests.replay.scenarios import SCENARIOS
from worker import workflow_runner
from workflows.converter import DATA_CONVERTER
from workflows.execution import ExecutionWorkflow
from workflows.firing import ScheduleFiringWorkflow

WORKFLOWS = [ExecutionWorkflow, ScheduleFiringWorkflow]
RECORDED = sorted(HISTORIES.glob("*.json"))


def replayer() -> Replayer:
    return Replayer(workflows=WORKFLOWS, workflow_runner=workflow_runner(sandboxed=True), data_converter=DATA_CONVERTER)


def recorded(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def history(events: dict[str, Any]) -> WorkflowHistory:
    return WorkflowHistory.from_json("recorded", events)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    await replayer().replay_workflow(history(recorded(path)))


def test_every_scenario_is_recorded() -> None:
    assert {path.name.split(".")[0] for path in RECORDED} == {scenario.__name__ for scenario in SCENARIOS}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_history_is_small_and_names_no_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < 100_000
    said = text + "".join(base64.b64decode(data).decode(errors="replace") for data in _payloads(json.loads(text)))
    assert set(_values(json.loads(text), "identity")) == {"recorder"}
    for place in ("/home/", "/root/", "/tmp/", ".venv", "site-packages", '"stackTrace"'):
        assert place not in said


def _payloads(value: Any) -> list[str]:
    return [data for data in _values(value, "data") if isinstance(data, str)]


def _values(value: Any, wanted: str) -> list[Any]:
    """Everything that stands under that key, at any depth."""
    match value:
        case dict():
            return [found for key, item in value.items() for found in ([item] if key == wanted else _values(item, wanted))]
        case list():
            return [found for item in value for found in _values(item, wanted)]
        case _:
            return []


async def test_a_history_whose_steps_ran_in_another_order_does_not_replay() -> None:
    events = recorded(HISTORIES / "straight.1.json")
    markers = [event for event in events["events"] if "markerRecordedEventAttributes" in event]
    first, second = (marker["markerRecordedEventAttributes"] for marker in markers[:2])
    first["details"], second["details"] = second["details"], first["details"]
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(history(events))


async def test_a_history_with_another_wait_than_the_code_s_does_not_replay() -> None:
    events = recorded(HISTORIES / "pause_and_cancel.1.json")
    events["events"] = [event for event in events["events"] if "timerStartedEventAttributes" not in event]
    for number, event in enumerate(events["events"], start=1):
        event["eventId"] = str(number)
    with pytest.raises(NondeterminismError):
        await replayer().replay_workflow(history(events))
