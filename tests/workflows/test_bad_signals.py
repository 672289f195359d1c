"""Whatever is sent to a workflow, its task never fails and its execution goes on."""

from typing import Any

import pytest
from temporalio.service import RPCError

from tests.engine import Engine
from tests.workflows.history import history_of

BAD: dict[str, list[Any]] = {
    "no argument": [],
    "a text": ["pause"],
    "a list": [[1, 2]],
    "nothing in it": [{}],
    "numbers for texts": [{"id": 1, "kind": "pause", "by": 2}],
    "null": [None],
    "two arguments": [1, {"id": "x2"}],
    "a megabyte": [{"ID": "x" * 1_000_000}],
    "bytes": [b"\x00\xff"],
}


@pytest.mark.parametrize("signal", ["pause", "resume", "cancel", "skip", "retry", "no_such_signal"])
async def test_a_bad_signal_is_left_aside(engine: Engine, signal: str) -> None:
    await engine.save(steps=[{"id": "wait", "type": "delay", "days": 1}, {"id": "stop", "type": "stop_execution"}])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    handle = await engine.handle(execution)
    for arguments in BAD.values():
        await handle.signal(signal, args=arguments)
    await engine.ask(execution, "skip")
    await engine.ended(execution, seconds=5)
    assert await engine.visits(execution) == [("wait", "skipped"), ("stop", "completed")]
    history = await history_of(engine, execution)
    assert history.kinds["WORKFLOW_TASK_FAILED"] == history.kinds["WORKFLOW_TASK_TIMED_OUT"] == 0
    assert history.kinds["WORKFLOW_EXECUTION_SIGNALED"] == len(BAD) + 1


async def test_a_request_of_a_megabyte_is_obeyed_and_kept_short(engine: Engine) -> None:
    await engine.save(steps=[{"id": "wait", "type": "delay", "days": 1}])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    await engine.ask(execution, "pause", id="i" * 100_000, why="ü" * 500_000)
    row = await engine.in_state(execution, "paused", reason="manual")
    assert len(row["reason"]) < 1_100
    await engine.ask(execution, "cancel", why="w" * 1_000_000)
    row = await engine.ended(execution, "canceled")
    assert len(row["reason"]) < 1_100
    assert (await history_of(engine, execution)).kinds["WORKFLOW_TASK_FAILED"] == 0


async def test_the_same_signal_many_times_counts_once(engine: Engine) -> None:
    await engine.save(steps=[{"id": "one", "type": "delay", "days": 1}, {"id": "two", "type": "delay", "days": 1}])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    for _ in range(20):
        await engine.ask(execution, "skip", id="once")
    await engine.ask(execution, "pause")
    await engine.in_state(execution, "paused", reason="manual")
    assert await engine.visits(execution) == [("one", "skipped"), ("two", "waiting")]


async def test_a_signal_after_the_end_is_refused_by_temporal_and_changes_nothing(engine: Engine) -> None:
    await engine.save(steps=[{"id": "stop", "type": "stop_execution"}])
    execution = await engine.start()
    before = await engine.ended(execution)
    with pytest.raises(RPCError):
        await engine.ask(execution, "cancel")
    assert await engine.execution(execution) == before
