"""What the lanes of one execution share."""

import asyncio
from typing import TYPE_CHECKING

from temporalio import workflow

from automations.messages import Cursor, ExecutionStart
from automations.outcomes import LaneStart, Next, Renumbered
from workflows.requests import RequestDesk
from workflows.runaway import RunawayGuard
from workflows.shown import ShownLanes

if TYPE_CHECKING:
    from workflows.lane import Lane


class Course:
    """One count of step runs, one desk, one guard; and the turn that quick database steps take.

    Lanes write to one row of the store: taking turns costs them nothing and spares them the conflicts.
    """

    def __init__(self, start: ExecutionStart) -> None:
        self._start = start
        self._carried = {cursor.lane: cursor for cursor in start.carried.lanes}
        self.execution_id = start.execution_id
        self.was_paused = start.carried.pause is not None
        self.desk = RequestDesk(start.carried)
        self.guard = RunawayGuard(start.limits, start.carried.visits)
        self.shown = ShownLanes()
        self.turn = asyncio.Lock()
        self.sequence = start.carried.sequence
        self.lanes: dict[str, Lane] = {}
        self.draining = False
        """The history grew long: lanes stop where they can be carried on from."""
        self.reloading = False
        """What is carried on is to be read from the execution's row: the workflow has forgotten some of it."""
        self.desk.draining = lambda: self.draining
        # A signal with which the workflow starts is there before its first lane is.
        self.desk.lanes_open = lambda: sum(not lane.is_forked for lane in self.lanes.values()) if self.lanes else 1

    def cursor(self, lane: LaneStart, after: int) -> Cursor:
        """Where the lane was when the workflow continued as new, or its beginning after that step run."""
        carried = self._carried.pop(lane.lane, None)
        return carried or Cursor(lane=lane.lane, at=Next(step=lane.first), sequence=after)

    def reload(self) -> None:
        """Has all lanes stop where they can be carried on from, and reads anew where that is."""
        self.draining = self.reloading = True

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence

    def renumbered(self, told: Renumbered) -> int:
        """The number that a step run has in the store, or a free one that no other lane was given here."""
        self.sequence = max(self.sequence + told.free, told.sequence)
        return self.sequence if told.free else told.sequence

    def is_long(self) -> bool:
        """All that has to go along is small, so a long history is left behind early."""
        ran = self.sequence - self._start.carried.sequence
        return ran >= self._start.limits.steps_per_run or workflow.info().is_continue_as_new_suggested()

    def onward(self) -> ExecutionStart:
        """The argument with which the workflow continues as new."""
        cursors = [lane.cursor() for lane in self.lanes.values()]
        kept = self.desk.carried([cursor.sequence for cursor in cursors])
        counts = {"sequence": self.sequence, "visits": dict(self.guard.visits), "lanes": cursors}
        return self._start.model_copy(update={"carried": kept.model_copy(update=counts)})
