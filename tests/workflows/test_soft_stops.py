"""A worker that is told to stop hands its long step over: another one runs it at once, and it is no failure."""

from pathlib import Path

from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.settings import Settings
from automations.messages import HANDED_OVER, Again
from automations.outcomes import StepRef
from deploy.temporal import TemporalDevServer
from store.database import Database
from tests.engine import Engine
from tests.http_server import HttpServer
from tests.workflows.processes import worker_processes
from workflows.retries import after_handover


async def test_a_long_call_goes_on_elsewhere_as_the_same_attempt(
    database: Database, temporal_client: Client, settings: Settings, temporal: TemporalDevServer, tmp_path: Path, http: HttpServer
) -> None:
    engine = Engine(database, temporal_client, settings)
    http.hold()
    await engine.save(steps=[{"id": "call", "type": "http_request", "method": "POST", "url": http.url, "json": {}}])
    async with worker_processes(settings, temporal.address, tmp_path) as start:
        worker = start()
        execution = await engine.start()
        await http.was_asked(1)
        start()
        await worker.stop(grace_seconds=30)
        await http.was_asked(2)
        http.let_go()
        await engine.ended(execution)
    [step] = await engine.steps(execution)
    assert (step["status"], step["attempt"], step["failures"]) == ("completed", 1, [])
    assert len({asked.headers["idempotency-key"] for asked in http.asked}) == 1


def test_a_step_that_is_handed_over_again_and_again_takes_the_ladder() -> None:
    error = ApplicationError("The worker was told to stop.", type=HANDED_OVER)
    at = Again(step=StepRef(id="call", type="http_request"), handovers=10)
    assert after_handover(at, error) is None
