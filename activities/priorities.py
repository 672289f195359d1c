"""How work of low priority gives way: few at a time, and a new one only while regular work is quiet, or has not been for long."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Any

from temporalio.worker import (
    ActivityInboundInterceptor,
    CustomSlotSupplier,
    ExecuteActivityInput,
    FixedSizeSlotSupplier,
    Interceptor,
    SlotMarkUsedContext,
    SlotPermit,
    SlotReleaseContext,
    SlotReserveContext,
    WorkerTuner,
)

_QUIET_SECONDS = 0.1
"""Since a step last began or ended: longer than between the steps of one execution, or of two that follow each other."""

_PATIENCE_SECONDS = 0.5
"""How long one of low priority waits at most, so that it is never starved."""

_LOOK_SECONDS = 0.02
_CALLS_A_SLOT = 5


class Traffic(Interceptor):
    """Notices when steps of a worker begin and end; one that waits for an answer in between is no traffic."""

    def __init__(self) -> None:
        self._noticed_at = float("-inf")

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Noticed(next, self)

    def notice(self) -> None:
        self._noticed_at = monotonic()

    def is_quiet(self) -> bool:
        return monotonic() - self._noticed_at > _QUIET_SECONDS

    async def quiet(self) -> None:
        """Returns once it is, or when patience ends."""
        end = monotonic() + _PATIENCE_SECONDS
        while not self.is_quiet() and monotonic() < end:  # noqa: ASYNC110 (that nothing happened is no event)
            await asyncio.sleep(_LOOK_SECONDS)


class _Noticed(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, traffic: Traffic) -> None:
        super().__init__(next)
        self._traffic = traffic

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        self._traffic.notice()
        try:
            return await super().execute_activity(input)
        finally:
            self._traffic.notice()


@dataclass
class _Permit(SlotPermit):
    free: asyncio.Semaphore


class GivingWay(CustomSlotSupplier):
    """Slots for workflow tasks: so many for executions that begin, which give way, and as many for those that go on.

    Made in the event loop of its worker.
    """

    def __init__(self, slots: int, before: Traffic) -> None:
        self._loop = asyncio.get_running_loop()
        self._new, self._known = asyncio.Semaphore(slots), asyncio.Semaphore(slots)
        self._before = before

    async def reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit:
        free = self._known if ctx.is_sticky else self._new
        await free.acquire()
        try:
            if not ctx.is_sticky:
                await self._before.quiet()
        except asyncio.CancelledError:
            free.release()
            raise
        return _Permit(free)

    def try_reserve_slot(self, ctx: SlotReserveContext) -> SlotPermit | None:
        """Nothing of low priority is eager."""

    def mark_slot_used(self, ctx: SlotMarkUsedContext) -> None:
        """What is reserved is taken, used or not."""

    def release_slot(self, ctx: SlotReleaseContext) -> None:
        """Threads of the SDK call it."""
        assert isinstance(ctx.permit, _Permit)
        self._loop.call_soon_threadsafe(ctx.permit.free.release)


def giving_way(slots: int, before: Traffic) -> WorkerTuner:
    """For a worker whose new executions give way to that traffic. What leaves the house mostly waits, and may be more."""
    few = FixedSizeSlotSupplier(slots)
    return WorkerTuner.create_composite(
        workflow_supplier=GivingWay(slots, before),
        activity_supplier=FixedSizeSlotSupplier(_CALLS_A_SLOT * slots),
        local_activity_supplier=few,
        nexus_supplier=few,
    )
