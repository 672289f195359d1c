"""What people ask of a running execution, kept until the execution does it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from temporalio import workflow

from automations.executions import Request, RequestKind
from automations.messages import Carried, GoalMet
from automations.outcomes import cut_summary

_KEPT = 500
"""Characters of what a person says, or of an id: a request travels on in states, reasons and carried state."""

_REMEMBERED = 100
"""Ids of requests kept, so that one that arrives by signal and by the execution's row counts once."""

Nudge = Request | GoalMet


@dataclass
class Waiter:
    """A lane that waits, and what would end its wait early. `run` names its step run as requests do; `goal` is its number if it
    waits to be met.

    What a kill switch holds goes on only when the switch is lifted, and then nothing else does.
    """

    step: str
    accepts: frozenset[RequestKind]
    run: str = ""
    goal: int | None = None
    switched: bool = False
    nudge: Nudge | None = None


class RequestDesk:
    """Takes requests from signals and from the execution's row, once each.

    Pause and cancel stand until they are lifted or done. The others mean something only to a lane that waits for them: one that
    names the step run is kept until that waits, as the store may say so a moment before; any other is left aside with a log line.
    """

    def __init__(self, carried: Carried) -> None:
        self.pause: Request | None = carried.pause
        self.cancel: Request | None = None
        self.lanes_open: Callable[[], int] = lambda: 1
        self.draining: Callable[[], bool] = lambda: False
        self._seen = list(carried.seen)
        self._waiters: list[Waiter] = []
        self._met = set(carried.met)
        self._early = dict(carried.early)

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

    def take_goal(self, met: GoalMet) -> None:
        """Kept where a pause stands in the way, or while it is looked at; of no use once its step run is over."""
        self._met.add(met.sequence)
        for waiter in self._waiters:
            if waiter.goal == met.sequence:
                waiter.nudge = waiter.nudge or met

    def heed_goal(self, sequence: int) -> None:
        """It is looked at now; what is told from here on is news."""
        self._met.discard(sequence)

    def _remember(self, key: str) -> None:
        self._seen = [*self._seen, key][-_REMEMBERED:]

    def _file(self, request: Request) -> None:
        meant = self._meant(request)
        if request.kind == "cancel":
            self.cancel = self.cancel or request
        elif request.kind == "resume" and self.pause and request.cause != "kill_switch":
            self.pause = None
        elif request.kind == "pause" and (meant or len(self._waiters) < self.lanes_open()):
            self.pause = request
        elif request.kind != "pause" and (meant or request.runs):
            self._hand_over(request, meant)
        else:
            workflow.logger.info("ignored %s of %s: it does not apply now", request.kind, request.by)

    def _hand_over(self, request: Request, meant: list[Waiter]) -> None:
        for waiter in meant:
            waiter.nudge = waiter.nudge or request
        early = {run: request for run in request.runs if all(run != waiter.run for waiter in self._waiters)}
        self._early = dict([*self._early.items(), *early.items()][-_REMEMBERED:])

    def _meant(self, request: Request) -> list[Waiter]:
        return [
            each
            for each in self._waiters
            if request.kind in each.accepts
            and request.step in (None, each.step)
            and (not request.runs or each.run in request.runs)
            and (request.cause == "kill_switch") == each.switched
        ]

    async def lifted(self) -> None:
        """Waits while a manual pause stands."""
        await workflow.wait_condition(lambda: self.pause is None or self.draining())

    async def nudged(self, waiter: Waiter, until: datetime | None, says: str) -> Nudge | None:
        """Waits for what is accepted here, a pause, or the moment; None if the moment came or something stands in the way."""
        waiter.nudge = GoalMet(sequence=waiter.goal) if waiter.goal in self._met else self._asked_early(waiter)
        self._waiters.append(waiter)
        try:
            await self._nudge_or_moment(waiter, until, says)
            return waiter.nudge
        finally:
            self._waiters.remove(waiter)

    def _asked_early(self, waiter: Waiter) -> Request | None:
        request = self._early.pop(waiter.run, None)
        return request if request and request.kind in waiter.accepts and not waiter.switched else None

    async def _nudge_or_moment(self, waiter: Waiter, until: datetime | None, says: str) -> None:
        timeout = until - workflow.now() if until else None
        if timeout is not None and timeout.total_seconds() <= 0:
            return
        try:
            await workflow.wait_condition(
                lambda: waiter.nudge is not None or self.pause is not None or self.draining(),
                timeout=timeout,
                timeout_summary=cut_summary(says),
            )
        except TimeoutError:
            return

    def carried(self, runs: Collection[int]) -> Carried:
        """What goes along when the workflow continues as new, of these step runs."""
        return Carried(
            seen=self._seen,
            pause=self.pause,
            met=sorted(self._met & set(runs)),
            early={run: request for run, request in self._early.items() if int(run.partition("/")[0]) in runs},
        )
