"""What people ask of a running execution, kept until the execution does it."""

from datetime import datetime

from temporalio import workflow

from automations.executions import Request, RequestKind
from automations.messages import Carried
from automations.outcomes import cut_summary

_KEPT = 500
"""Characters of what a person says, or of an id: a request travels on in states, reasons and carried state."""

_REMEMBERED = 100
"""Ids of requests kept, so that one that arrives by signal and by the execution's row counts once."""

RUNNING: frozenset[RequestKind] = frozenset({"pause"})
"""What an execution takes between two steps."""


class RequestDesk:
    """Takes requests from signals and from the execution's row, once each.

    Pause and cancel stand until they are lifted or done. The others mean something only to an execution that waits for
    them: at any other time they are left aside with a log line.
    """

    def __init__(self, carried: Carried) -> None:
        self.pause: Request | None = carried.pause
        self.cancel: Request | None = None
        self._seen = list(carried.seen)
        self._accepts = RUNNING
        self._nudge: Request | None = None

    def take(self, request: Request) -> None:
        """From a signal. One that the row showed before is filed again: it overtook the signals sent before it."""
        short = {"id": request.id[:_KEPT], "by": request.by[:_KEPT], "why": request.why[:_KEPT]}
        if short["id"] not in self._seen:
            self._remember(short["id"])
            self._file(request.model_copy(update=short))

    def take_from_row(self, request: Request) -> bool:
        """False if this request was taken before."""
        shown = f"row {request.id}"
        if request.id in self._seen or shown in self._seen:
            return False
        self._remember(shown)
        self._file(request)
        return True

    def _remember(self, key: str) -> None:
        self._seen = [*self._seen, key][-_REMEMBERED:]

    def _file(self, request: Request) -> None:
        if request.kind == "cancel":
            self.cancel = self.cancel or request
        elif request.kind == "resume" and self.pause:
            self.pause = None
        elif request.kind not in self._accepts:
            workflow.logger.info("ignored %s of %s: it does not apply now", request.kind, request.by)
        elif request.kind == "pause":
            self.pause = request
        else:
            self._nudge = request

    async def lifted(self) -> None:
        """Waits while a manual pause stands."""
        await workflow.wait_condition(lambda: self.pause is None)

    async def nudged(self, accepts: frozenset[RequestKind], until: datetime | None, says: str) -> Request | None:
        """Waits for a request that is accepted here, a pause, or the moment; None if the moment came or a pause stands."""
        self._accepts, self._nudge = accepts, None
        try:
            await self._nudge_or_moment(until, says)
            return self._nudge
        finally:
            self._accepts, self._nudge = RUNNING, None

    async def _nudge_or_moment(self, until: datetime | None, says: str) -> None:
        timeout = until - workflow.now() if until else None
        if timeout is not None and timeout.total_seconds() <= 0:
            return
        try:
            await workflow.wait_condition(
                lambda: self._nudge is not None or self.pause is not None, timeout=timeout, timeout_summary=cut_summary(says)
            )
        except TimeoutError:
            return

    def carried(self) -> tuple[list[str], Request | None]:
        return self._seen, self.pause
