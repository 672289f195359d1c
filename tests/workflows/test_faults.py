"""An answer that fits nothing is a recorded end, and no workflow task that fails for ever."""

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.bookkeeping import Bookkeeping
from activities.services import Services
from activities.settings import Settings
from activities.starting import task_queue
from automations.messages import StepRequest
from automations.outcomes import LaneEnd, StepAnswer
from store.database import Database
from tests.builders import stop
from tests.engine import Engine
from workflows.execution import ExecutionWorkflow


@activity.defn(name="stop_execution")
async def ends_the_lane_alone(_: StepRequest) -> StepAnswer:
    return StepAnswer(outcome=LaneEnd())


async def test_a_main_lane_that_ends_without_its_execution_fails_it_with_a_reason(
    database: Database, temporal_client: Client, settings: Settings, services: Services
) -> None:
    engine = Engine(database, temporal_client, settings)
    await engine.save(steps=[stop("end")])
    execution = await engine.start()
    queue, books = task_queue(settings, "regular"), Bookkeeping(services)
    async with Worker(
        temporal_client, task_queue=queue, workflows=[ExecutionWorkflow], activities=[ends_the_lane_alone, books.end_execution],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):  # fmt: skip
        row = await engine.ended(execution, "failed")
    assert row["reason"].startswith("interpreter_fault: the main lane ended")
