"""A dry run: the true steps of an execution, one after the other, in a transaction that is rolled back.

The driver stands in the place of the workflow. Lanes take turns by a clock of its own, which jumps over every wait.
"""

import heapq
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, assert_never
from uuid import UUID

from temporalio.exceptions import ApplicationError

from activities.bookkeeping import Bookkeeping
from activities.dry_frame import DryFrame, Notes
from activities.dry_outside import Would
from activities.services import Services
from activities.starting import Started
from automations.executions import PauseReason, Request, TerminalState
from automations.lanes import MAIN
from automations.messages import Again, Ending, StepFailure, StepRequest
from automations.outcomes import End, Fork, Hold, LaneEnd, Moved, Next, Outcome, Requested, StepRef, Wait
from automations.retries import MAX_ATTEMPTS
from store.goals import delete_goal_wait, lock_goal_wait
from store.rehearsal import LOCKED, Rehearsal, asked_of_others, children, told_by_chain
from workflows.retries import failure_cause
from workflows.runaway import RunawayGuard

MAX_STEP_RUNS = 500
MAX_TURNS = 5_000
"""With the waits that are looked at and waited on."""

LONGEST = timedelta(seconds=10)
PATIENCE = timedelta(seconds=2)

_NEEDED: dict[PauseReason, str] = {
    "error": "a person would mend and resume it, or skip it",
    "condition_error": "a person would choose the path",
}


@dataclass(frozen=True)
class DryEnd:
    """`stopped` by a limit that only dry runs have; `paused` where a person would have to do something."""

    outcome: TerminalState | Literal["paused", "stopped"]
    reason: str


@dataclass
class _Lane:
    """`below` are the lanes of its branch that have not ended."""

    key: str
    at: Again | Wait | Hold | Fork | Next | Moved | LaneEnd | End
    parent: "_Lane | None" = None
    below: int = 0
    sequence: int = 0
    since_wait: Counter[str] = field(default_factory=Counter[str])

    @property
    def named(self) -> dict[str, Any]:
        return {"lane": self.key} if self.key != MAIN else {}


@dataclass(frozen=True)
class Told:
    """An event that a step caused: a row of `told_by_chain`."""

    step_id: str
    event: Any


class DryRun:
    """Of an execution whose row is there. `now` is its clock.

    Beside its history there are the notes, the events that it `told`, and until when its step runs `waited`, by sequence.
    """

    def __init__(self, services: Services, database: Rehearsal, started: Started, now: datetime, notes: Notes) -> None:
        self.now = now
        self.told: list[Told] = []
        self._services, self._database, self._notes = services, database, notes
        self._id, self._first = started.id, started.start.first
        self._guard = RunawayGuard(started.start.limits, {})
        self._sequence = 0
        self._turns: list[tuple[datetime, int, _Lane]] = []
        self._taken = 0
        self._held: list[str] = []
        self._started: set[UUID] = set()
        self._asked = 0
        self.waited: dict[int, datetime] = {}

    async def run(self) -> DryEnd:
        """Raises one of LOCKED, or of UNAVAILABLE where Postgres goes away."""
        if self._first is None:
            return DryEnd("completed", "")
        deadline = time.monotonic() + LONGEST.total_seconds()
        self._await_turn(_Lane(MAIN, Next(step=self._first)))
        while self._turns:
            if limit := self._limit(self._turns[0][2], deadline):
                return DryEnd("stopped", limit)
            self.now, _, lane = heapq.heappop(self._turns)
            lane.at = await self._advanced(lane)
            if isinstance(lane.at, End):
                return DryEnd(lane.at.state, lane.at.reason)
            await self._settle(lane)
        return DryEnd("paused", " ".join(self._held))

    def _limit(self, lane: _Lane, deadline: float) -> str | None:
        visits = isinstance(lane.at, Next | Moved)
        if (visits and self._sequence >= MAX_STEP_RUNS) or self._taken >= MAX_TURNS:
            return f"A dry run ends after {MAX_STEP_RUNS} step runs."
        return f"A dry run ends after {LONGEST.seconds} seconds." if time.monotonic() > deadline else None

    def _await_turn(self, lane: _Lane, moment: datetime | None = None) -> None:
        """Who comes first at one moment has the first turn."""
        self._taken += 1
        heapq.heappush(self._turns, (max(moment or self.now, self.now), self._taken, lane))

    async def _advanced(self, lane: _Lane) -> Any:
        match lane.at:
            case Next(step=step) | Moved(step=step):
                return await self._visited(lane, step)
            case Again():
                return await self._attempted(lane, lane.at)
            case _:
                raise AssertionError(f"no turn of a lane at {lane.at.kind}")

    async def _visited(self, lane: _Lane, step: StepRef) -> Again | End:
        broken_limit = self._guard.visit(step.id, self._sequence + 1, lane.since_wait)
        if broken_limit:
            ending = Ending(execution_id=self._id, now=self.now, state="failed", reason=broken_limit)
            return await Bookkeeping(self._services).end_execution(ending)
        self._sequence += 1
        lane.sequence = self._sequence
        return Again(step=step)

    async def _attempted(self, lane: _Lane, at: Again) -> Outcome | Again:
        request = StepRequest(
            execution_id=self._id, sequence=lane.sequence, step=at.step.id, attempt=1, now=self.now, phase=at.phase, **lane.named
        )
        frame = DryFrame(at.step, self._services, self._notes)
        try:
            async with self._database.transaction():
                outcome = (await frame.run(request)).outcome
        except ApplicationError as error:
            return await self._after_failure(lane, at.step, error)
        if isinstance(outcome, Requested):
            return await self._heeded(at.step, outcome.request)
        await self._note(at.step, frame)
        return Again(step=outcome.step) if isinstance(outcome, Moved) else outcome

    async def _heeded(self, step: StepRef, request: Request) -> Hold | End:
        """What a step asked of its own execution stands in the way of the next one."""
        says = f"{'canceled' if request.kind == 'cancel' else 'paused'} by {request.by}: {request.why}"
        if request.kind != "cancel":
            return Hold(reason="automation", says=says, step=step)
        ending = Ending(execution_id=self._id, now=self.now, state="canceled", reason=says, cancel_reason=request.cause)
        return await Bookkeeping(self._services).end_execution(ending)

    async def _after_failure(self, lane: _Lane, step: StepRef, error: ApplicationError) -> Hold | End:
        """There is one attempt."""
        if error.__cause__ and (isinstance(error.__cause__, LOCKED) or self._database.is_lost):
            raise error.__cause__
        code, sentence = failure_cause(error)
        failure = StepFailure(
            execution_id=self._id, sequence=lane.sequence, step=step.id, step_type=step.type, attempt=1, now=self.now, code=code,
            sentence=sentence, follows="fail" if step.retries else "hold", **lane.named,
        )  # fmt: skip
        await Bookkeeping(self._services).record_failure(failure)
        if not step.retries:
            return Hold(reason="condition_error", says=sentence, step=step)
        self._notes.warn(
            f"Step {step.id} failed unexpectedly: a true execution tries {MAX_ATTEMPTS - 1} more times before it fails."
        )
        return End(state="failed", reason=f"Step {step.id} failed: {sentence}")

    async def _settle(self, lane: _Lane) -> None:
        """When the lane has its next turn, and who else has one now."""
        match lane.at:
            case Next() | Moved() | Again():
                self._await_turn(lane)
            case Wait():
                await self._wait(lane, lane.at)
            case Hold(reason=reason, says=says, step=step):
                self._held.append(f"{step.id}: {says.rstrip('.')}; {_NEEDED.get(reason, 'a person would resume it')}.")
            case Fork(lanes=lanes):
                lane.below = len(lanes)
                for start in lanes:
                    self._await_turn(_Lane(start.lane, Next(step=start.first), parent=lane))
            case LaneEnd():
                self._join(lane.parent)
            case End():
                pass
            case _:
                assert_never(lane.at)

    def _join(self, lane: _Lane | None) -> None:
        """The lanes of a branch have all ended when the last one has."""
        assert lane, "the main lane ends with the execution"
        assert isinstance(lane.at, Fork), "its lanes are below a branch"
        lane.below -= 1
        if not lane.below:
            lane.at = Again(step=lane.at.step, phase="joined")
            self._await_turn(lane)

    async def _wait(self, lane: _Lane, wait: Wait) -> None:
        lane.since_wait.clear()
        lane.at = Again(step=wait.step, phase="elapsed")
        until = await self._goal(lane, wait) if wait.reason == "goal" else wait.until
        self.waited[lane.sequence] = max(until or self.now, self.now)
        self._await_turn(lane, until)

    async def _goal(self, lane: _Lane, wait: Wait) -> datetime | None:
        """When it is looked at again: without a choice by its dates and its time limit, as in truth."""
        choice = self._notes.script.choices.get(wait.step.id)
        if choice is None and wait.until is not None:
            return wait.until
        async with self._database.connection() as connection:
            row = await lock_goal_wait(connection, self._id, lane.sequence)
            await delete_goal_wait(connection, self._id, lane.sequence)
        if choice == "met":
            lane.at = Again(step=wait.step, phase="met")
        if choice is None:
            self._notes.warn(
                f"Goal {wait.step.id} has no time limit: a true execution waits until it is met. Here it is not met; choose met "
                "to see the other path."
            )
        timeout = row["timeout"] if row and choice == "not_met" else None
        return datetime.fromisoformat(timeout["until"]) if timeout else None

    async def _note(self, step: StepRef, frame: DryFrame) -> None:
        """What the step told and started."""
        after = self.told[-1].event["number"] if self.told else 0
        async with self._database.connection() as connection:
            self.told += [Told(step.id, event) for event in await told_by_chain(connection, self._id, after)]
            if frame.starts:
                self._note_starts(step, await children(connection, self._id, self._id))
                self._note_requests(step, await asked_of_others(connection, self._id, self._asked))

    def _note_requests(self, step: StepRef, rows: Sequence[Any]) -> None:
        for row in rows:
            self._asked = row["number"]
            details = {"kind": row["kind"], "execution_id": str(row["id"]), "automation": row["api_name"]}
            says = f"{row['kind']} automation {row['api_name']}{_on(row)}"
            self._notes.outside.would.append(Would(step.id, "request", says, details))

    def _note_starts(self, step: StepRef, rows: Sequence[Any]) -> None:
        for row in rows:
            if row["id"] in self._started:
                continue
            self._started.add(row["id"])
            details = {"automation": row["api_name"], "record_id": str(row["record_id"]) if row["record_id"] else None}
            self._notes.outside.would.append(Would(step.id, "start", f"start automation {row['api_name']}{_on(row)}", details))


def _on(row: Any) -> str:
    return f" on {row['record_name']}" if row["record_id"] else ""
