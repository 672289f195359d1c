"""A worker that Temporal does not hear any more, and that hears the answer to its call after another one has made it again."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.settings import Settings
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.builders import delay, variable
from tests.cables import cable_to
from tests.engine import Engine, until
from tests.raw_servers import SlowHttp, http_answer, listening
from tests.workflows.processes import worker_processes

NAME = {"variable": "name", "value": "$.name"}


@pytest.mark.parametrize("late", [http_answer(200, b'{"name": "first"}'), http_answer(404, b"not there")])
async def test_its_answer_changes_nothing(
    database: Database, temporal_client: Client, settings: Settings, temporal: TemporalDevServer, tmp_path: Path, late: bytes
) -> None:
    engine = Engine(database, temporal_client, settings)
    second = http_answer(200, b'{"name": "second"}')
    async with (
        listening(SlowHttp(late, second)) as server,
        cable_to(temporal.address) as cable,
        worker_processes(settings, cable.address, tmp_path / "cut") as start_cut_off,
        worker_processes(settings, temporal.address, tmp_path / "other") as start_other,
    ):
        call = {"id": "call", "type": "http_request", "method": "POST", "url": server.url, "json": {}, "into": [NAME]}
        name = variable("name", {"static": ""}, type="string")
        await engine.save(variables=[name], steps=[call, delay("rest", days=1)])
        worker = start_cut_off()
        execution = await engine.start()
        await until(lambda: _true(len(server.asked) == 1), seconds=40)
        cable.cut()
        start_other()
        await engine.in_state(execution, "retrying", seconds=40)
        await engine.ask(execution, "retry")
        await engine.in_state(execution, "paused", reason="delay")
        before = await _seen(engine, execution)
        server.let_go.set()
        await until(lambda: _true("late_answer_dropped" in worker.log.read_text()), says="the late answer is logged")
        assert await _seen(engine, execution) == before
    assert before[0]["variables"] == {"name": "second"}
    assert len(set(server.keys)) == 1


async def _seen(engine: Engine, execution: UUID) -> tuple[Any, Any]:
    return dict(await engine.execution(execution)), [dict(step) for step in await engine.steps(execution)]


async def _true(found: bool) -> bool:
    return found
