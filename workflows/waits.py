"""The waits of a lane: on the clock, on people, on a goal; and the pause that may stand over each of them."""

from datetime import datetime

from temporalio import workflow

from automations.executions import OpenState, PauseReason, Request
from automations.lanes import MAIN
from automations.messages import StateChange
from workflows import bookkeeping
from workflows.course import Course
from workflows.requests import Nudge, Waiter


class Waits:
    """Keeps what the store and the Temporal UI say of a lane true while it waits."""

    def __init__(self, course: Course, lane: str) -> None:
        self._course = course
        self._lane = lane
        self._is_shown_paused = course.was_paused

    @property
    def named(self) -> dict[str, str]:
        """How messages name the lane; the main one goes without saying."""
        return {"lane": self._lane} if self._lane != MAIN else {}

    def show(self, state: OpenState, says: str = "", until: datetime | None = None) -> None:
        self._course.shown.show(self._lane, state, says, until)

    async def stand_while_paused(self) -> bool:
        """False if the pause is to be carried on."""
        await self._record_pause(None)
        await self._course.desk.lifted()
        if self._course.desk.pause:
            return False
        await self.record("active")
        return True

    async def linger(
        self, state: OpenState, reason: PauseReason | None, until: datetime | None, waiter: Waiter, says: str
    ) -> Nudge | None:
        """Waits as the store says already. A manual pause in between does not stop the clock, but holds what comes after it.

        None if the moment came, or if the wait is to be carried on.
        """
        desk = self._course.desk
        await self._show_no_pause(state, reason, until, says)
        while True:
            self.show(state, says, until)
            nudge = await desk.nudged(waiter, until, says)
            if desk.pause is None or self._course.draining:
                break
            if isinstance(nudge, Request) and workflow.patched("what-was-accepted-goes-before-a-pause"):
                break
            await self._record_pause(until)
            await desk.lifted()
            nudge = None
            if self._course.draining or (until and until <= workflow.now()):
                break
            await self._record_wait(state, reason, until, says)
        self.show("active")
        return nudge

    async def _show_no_pause(self, state: OpenState, reason: PauseReason | None, until: datetime | None, says: str) -> None:
        """A pause that was carried on and is lifted before its lane comes to wait: the store still shows it."""
        was_shown, self._is_shown_paused = self._is_shown_paused, False
        if was_shown and self._course.desk.pause is None and workflow.patched("pause-lifted-before-the-wait"):
            await self._record_wait(state, reason, until, says)

    async def _record_wait(self, state: OpenState, reason: PauseReason | None, until: datetime | None, says: str) -> None:
        retry_at, waiting_until = (until, None) if state == "retrying" else (None, until)
        await self.record(state, pause_reason=reason, waiting_until=waiting_until, retry_at=retry_at, reason=says)

    async def _record_pause(self, until: datetime | None) -> None:
        pause = self._course.desk.pause
        if pause is None:
            return
        says = f"paused by {pause.by or 'a person'}{f': {pause.why}' if pause.why else ''}"
        self.show("paused", says)
        reason: PauseReason = "automation" if pause.cause == "step" else "manual"
        await self.record("paused", pause_reason=reason, waiting_until=until, request_id=pause.id, reason=says)

    async def record(
        self,
        state: OpenState,
        *,
        pause_reason: PauseReason | None = None,
        waiting_until: datetime | None = None,
        retry_at: datetime | None = None,
        request_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        if state == "active":
            self.show("active")
        await bookkeeping.record_state(
            StateChange(
                execution_id=self._course.execution_id, now=workflow.now(), state=state, pause_reason=pause_reason,
                waiting_until=waiting_until, retry_at=retry_at, request_id=request_id, reason=reason, **self.named,
            )
        )  # fmt: skip
