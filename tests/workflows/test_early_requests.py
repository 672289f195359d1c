"""The store says that a step waits a moment before its workflow does: what is asked in between is not lost, and counts once."""

from uuid import UUID

from tests.builders import request, stop
from tests.engine import Engine, until
from tests.http_server import HttpServer


async def test_a_request_that_comes_before_the_wait_it_is_for_ends_that_wait(engine: Engine, http: HttpServer) -> None:
    http.hold()
    http.answers = (404,)
    await engine.save(steps=[request("call", http.url)])
    execution = await engine.start()
    await http.was_asked()
    await engine.ask(execution, "skip", runs=["1"])
    http.let_go()
    await engine.ended(execution)
    assert await engine.visits(execution) == [("call", "failed")]


async def test_a_request_for_a_wait_that_is_over_is_left_aside(engine: Engine) -> None:
    await engine.save(steps=[stop("wrong", "pause_with_error"), stop("again", "pause_with_error"), stop("never", "pause")])
    execution = await engine.start()
    await engine.in_state(execution, "paused", reason="error")
    await engine.ask(execution, "resume", runs=["1"])
    await engine.ask(execution, "resume", runs=["1"])
    await until(lambda: _waits_at(engine, execution, 2))
    await engine.ask(execution, "resume", runs=["2"])
    await until(lambda: _waits_at(engine, execution, 3))
    assert await engine.visits(execution) == [("wrong", "completed"), ("again", "completed"), ("never", "completed")]


async def _waits_at(engine: Engine, execution: UUID, sequence: int) -> bool:
    row = await engine.execution(execution)
    return row["steps_run"] == sequence and row["state"] == "paused"
