"""A worker process: which queues, which workflows, which activities.

Run it with `python worker.py`. It waits for Postgres and Temporal, and goes on when they come back.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from datetime import timedelta
from importlib.metadata import version
from typing import Any, TypeVar

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.bookkeeping import Bookkeeping
from activities.chores import chores
from activities.codec import data_converter
from activities.definitions import Definitions
from activities.firing import Firings
from activities.frame import step_activity
from activities.handlers import HANDLERS
from activities.logs import configure_logs
from activities.mailing import MailServer
from activities.outbound import guarded_client
from activities.priorities import Traffic, giving_way
from activities.services import Services
from activities.settings import Settings
from activities.starting import task_queue
from automations.model import Priority
from store.database import UNAVAILABLE, Database
from workflows.execution import ExecutionWorkflow
from workflows.firing import ScheduleFiringWorkflow

PRIORITIES: tuple[Priority, ...] = ("regular", "low")
T = TypeVar("T")
_LOG = structlog.get_logger("everstep.worker")


def workflow_runner(sandboxed: bool) -> WorkflowRunner:
    """Sandboxed in the tests; not in production, where import rules, linter and replays keep workflows deterministic."""
    if not sandboxed:
        return UnsandboxedWorkflowRunner()
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("automations"))


def all_activities(services: Services) -> list[Any]:
    books, firings = Bookkeeping(services), Firings(services)
    return [
        *(step_activity(name, services) for name in HANDLERS),
        books.record_state,
        books.record_failure,
        books.end_execution,
        books.skip_step,
        books.load_cursors,
        firings.plan_firing,
        firings.fire_page,
    ]


def workers(services: Services) -> list[Worker]:
    """One for each priority, with a queue and slots of its own; new work of the low one gives way to the regular one."""
    regular = Traffic()
    return [
        _worker(services, "regular", interceptors=[regular]),
        _worker(services, "low", tuner=giving_way(services.settings.low_slots, before=regular)),
    ]


def _worker(services: Services, priority: Priority, **more: Any) -> Worker:
    return Worker(
        services.temporal,
        task_queue=task_queue(services.settings, priority),
        workflows=[ExecutionWorkflow, ScheduleFiringWorkflow],
        activities=all_activities(services),
        workflow_runner=workflow_runner(services.settings.workflow_sandbox),
        max_heartbeat_throttle_interval=timedelta(seconds=0.5),
        default_heartbeat_throttle_interval=timedelta(seconds=0.5),
        graceful_shutdown_timeout=timedelta(seconds=5),
        build_id=f"everstep-{version('everstep')}",  # by itself it reads and hashes the code of all modules
        **more,
    )


async def connected(settings: Settings) -> tuple[Database, Client]:
    """Waits until Postgres and Temporal answer; says what it waits for."""
    database = await _patiently("postgres", lambda: Database.connect(settings.database_url, size=settings.database_pool))
    await database.migrate()
    converter = data_converter(settings)
    client = await _patiently(
        "temporal",
        lambda: Client.connect(settings.temporal_address, namespace=settings.temporal_namespace, data_converter=converter),
    )
    return database, client


async def _patiently(what: str, connect: Callable[[], Any]) -> Any:
    while True:
        try:
            return await connect()
        except (*UNAVAILABLE, RuntimeError, RPCError) as error:
            _LOG.warning("waiting_for", service=what, why=str(error) or type(error).__name__)
            await asyncio.sleep(1)


async def _unless_stopped(waiting: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """What is waited for, or None when told to stop before it is there."""
    work, stopped = asyncio.create_task(waiting), asyncio.create_task(stop.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if work.done():
        return work.result()
    work.cancel()
    return None


async def run_workers(settings: Settings, stop: asyncio.Event) -> None:
    """Works until told to stop; running activities are given a few seconds to finish."""
    services_there = await _unless_stopped(connected(settings), stop)
    if services_there is None:
        return
    database, client = services_there
    async with (
        guarded_client(settings) as http,
        contextlib.aclosing(MailServer()) as mail,
        contextlib.AsyncExitStack() as running,
    ):
        services = Services(settings, database, client, http, Definitions(), mail.send)
        for worker in workers(services):
            await running.enter_async_context(worker)
        loops = [asyncio.create_task(chore) for chore in chores(services)]
        _LOG.info("worker_ready", queues=[task_queue(settings, priority) for priority in PRIORITIES])
        await stop.wait()
        for loop in loops:
            loop.cancel()
    await database.close()


async def main() -> int:
    configure_logs()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await run_workers(Settings.from_environment(), stop)
    return 0


if __name__ == "__main__":
    from deploy.exits import run

    run(main)
