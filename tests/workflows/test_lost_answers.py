"""An attempt that did its work, and whose answer was lost, is no failure."""

from datetime import UTC, datetime
from typing import Any

from automations.messages import StepFailure
from store.executions import record_failure
from tests.builders import delay
from tests.engine import Engine


async def reported(engine: Engine, execution: Any, sequence: int, phase: str) -> Any:
    failure = StepFailure.model_validate(
        {
            "execution_id": execution, "sequence": sequence, "step": "wait", "step_type": "delay", "attempt": 1,
            "now": datetime.now(UTC), "code": "timeout", "sentence": "lost", "follows": "fail", "phase": phase,
        }
    )  # fmt: skip
    async with engine.database.connection() as connection:
        return await record_failure(connection, failure)


async def test_lost_answer_is_found_in_the_store_and_changes_nothing(engine: Engine) -> None:
    steps = [delay("over", until="2026-01-01T00:00:00Z"), delay("wait", days=1)]
    await engine.save(steps=steps)
    execution = await engine.start()
    before = await engine.in_state(execution, "paused", reason="delay")
    assert (await reported(engine, execution, 1, "run"))["kind"] == "next"
    assert (await reported(engine, execution, 2, "run"))["kind"] == "wait"
    after = await engine.execution(execution)
    assert (after["state"], after["version"]) == (before["state"], before["version"])


async def test_wait_that_cannot_be_gone_on_from_is_a_failure(engine: Engine) -> None:
    await engine.save(steps=[delay("wait", days=1)])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="delay")
    assert await reported(engine, execution, 1, "elapsed") is None
    assert (await engine.execution(execution))["state"] == "failed"
