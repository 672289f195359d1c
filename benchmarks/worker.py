"""One worker process for all that is compared: Everstep's production workers, and one worker for each bare workflow."""

import asyncio
import contextlib
import cProfile
import os
import signal
from collections.abc import Iterator

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.settings import Settings
from benchmarks.bare import BARE, Bare, do_nothing
from deploy.exits import run
from worker import run_workers

PROFILE = "EVERSTEP_BENCHMARK_PROFILE"
"""Names a file for what cProfile saw of the event loop's thread: activities and the SDK, but no workflow code."""


def bare_worker(client: Client, bare: Bare) -> Worker:
    """All else is the SDK's default."""
    runner = SandboxedWorkflowRunner() if bare.sandboxed else UnsandboxedWorkflowRunner()
    return Worker(client, task_queue=bare.task_queue, workflows=[bare.workflow], activities=[do_nothing], workflow_runner=runner)


@contextlib.contextmanager
def profiled(path: str | None) -> Iterator[None]:
    if path is None:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    yield
    profile.disable()
    profile.dump_stats(path)


async def main() -> int:
    settings, stop = Settings(), asyncio.Event()  # pyright: ignore[reportCallIssue]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await Client.connect(settings.temporal_address)
    async with contextlib.AsyncExitStack() as running:
        for bare in BARE:
            await running.enter_async_context(bare_worker(client, bare))
        with profiled(os.environ.get(PROFILE)):
            await run_workers(settings, stop)
    return 0


if __name__ == "__main__":
    run(main)
