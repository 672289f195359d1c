"""What Everstep is compared with: workflows of five activities that do nothing."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow

_TIMEOUT = timedelta(seconds=10)


@activity.defn
async def do_nothing() -> None:
    """A no-op."""


@workflow.defn
class FiveActivities:
    @workflow.run
    async def run(self) -> None:
        for _ in range(5):
            await workflow.execute_activity(do_nothing, start_to_close_timeout=_TIMEOUT)


@workflow.defn
class FiveLocalActivities:
    @workflow.run
    async def run(self) -> None:
        for _ in range(5):
            await workflow.execute_local_activity(do_nothing, start_to_close_timeout=_TIMEOUT)


@dataclass(frozen=True)
class Bare:
    """One way to run a bare workflow. The sandbox is on in the SDK's default worker; production Everstep has it off."""

    name: str
    workflow: type
    sandboxed: bool

    @property
    def task_queue(self) -> str:
        return self.name.replace(", ", "-").replace(" ", "-")


BARE = (
    Bare("bare activities", FiveActivities, sandboxed=True),
    Bare("bare local activities", FiveLocalActivities, sandboxed=True),
    Bare("bare activities, no sandbox", FiveActivities, sandboxed=False),
    Bare("bare local activities, no sandbox", FiveLocalActivities, sandboxed=False),
)
