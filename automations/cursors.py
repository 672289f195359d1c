"""Where an execution goes on, made anew from what its row and its step runs say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from automations.executions import PauseReason, Request
from automations.lanes import MAIN, Standing, Standings, parent_of
from automations.messages import Again, At, Carried, Cursor, Phase, Retry
from automations.outcomes import Fork, Hold, LaneStart, Next, Outcome, StepAnswer, StepRef, Wait

StepOf = Callable[[str, int], StepRef]
"""A step by its id, as the document of that revision has it."""

_HELD: frozenset[PauseReason] = frozenset({"error", "condition_error", "automation", "kill_switch"})


@dataclass(frozen=True)
class Progress:
    """What an execution has behind it. `runs` has the newest step run of each lane.

    `pause` is the one that was asked for last, `standing_request` what the row still shows.
    """

    runs: Mapping[str, Any]
    sequence: int
    visits: Mapping[str, int]
    pause: Request | None = None
    standing_request: Request | None = None


def rebuilt(standings: Standings, progress: Progress, now: datetime, step_of: StepOf) -> Carried:
    """The cursors of all its lanes. A step that was running runs again as the same step run."""
    cursors = [
        _Lane(standings, lane, progress.runs, now, step_of).cursor()
        for lane, standing in standings.lanes.items()
        if standing.step is not None
    ]
    request = progress.standing_request
    asked = request if request and request.kind == "pause" else None
    is_paused = any(standing.is_over for standing in standings.lanes.values())
    return Carried(
        sequence=progress.sequence,
        visits=dict(progress.visits),
        seen=[asked.id] if asked else [],
        pause=asked or (progress.pause if is_paused else None),
        lanes=cursors,
    )


class _Lane:
    def __init__(self, standings: Standings, lane: str, runs: Mapping[str, Any], now: datetime, step_of: StepOf) -> None:
        self._standings, self._lane, self._run, self._now = standings, lane, runs.get(lane), now
        self._begun_by = runs.get(parent_of(lane))
        self._standing: Standing = standings.lanes[lane]
        self._step_of = step_of

    def cursor(self) -> Cursor:
        last = self._run or self._begun_by
        sequence = last["sequence"] if last else 0
        return Cursor(lane=self._lane, at=self._at(), sequence=sequence)

    def _at(self) -> At:
        standing = self._standing
        if standing.forked:
            return self._forked()
        waits_for = self._waits_for
        if self._status == "retrying" and not waits_for:
            return self._retrying()
        if waits_for and waits_for in _HELD:
            return self._held(waits_for)
        if waits_for in ("delay", "goal"):
            return self._waiting()
        return self._going_on()

    @property
    def _waits_for(self) -> PauseReason | None:
        """Without the pause that was asked for: that stands over what the lane does besides."""
        standing, outcome = self._standing, self._outcome
        if not standing.is_over or standing.beneath:
            return standing.beneath if standing.is_over else standing.pause_reason
        # Of an execution without lanes the row keeps only the pause.
        waits = self._status == "waiting"
        return outcome.reason if waits and isinstance(outcome, Wait) else None

    @property
    def _status(self) -> str | None:
        return self._run["status"] if self._run else None

    @property
    def _outcome(self) -> Outcome | None:
        kept = self._run["outcome"] if self._run else None
        return StepAnswer.model_validate({"outcome": kept}).outcome if kept else None

    @property
    def _here(self) -> StepRef:
        assert self._standing.step is not None
        return self._step_of(self._standing.step, self._standing.revision)

    def _forked(self) -> At:
        """It waits for the lanes below it that are left."""
        below = [lane for lane in self._standings.below(self._lane) if self._is_child(lane)]
        if not below:
            return Again(step=self._here, phase="joined")
        return Fork(step=self._here, lanes=[self._start_of(lane) for lane in below])

    def _is_child(self, lane: str) -> bool:
        return lane != MAIN and parent_of(lane) == self._lane

    def _start_of(self, lane: str) -> LaneStart:
        standing = self._standings.lanes[lane]
        assert standing.step is not None
        return LaneStart(lane=lane, first=self._step_of(standing.step, standing.revision))

    def _retrying(self) -> At:
        standing = self._standing
        again = Again(step=self._here, attempt=standing.attempt, phase=self._phase_after_wait())
        until = standing.retry_at or standing.waiting_until
        if until is None:
            return again
        says = f"retry {standing.attempt - 1} of {standing.step}"
        return Retry(next=again, until=until, says=says)

    def _held(self, reason: PauseReason) -> At:
        if isinstance(self._outcome, Hold):
            return self._outcome
        says = self._standing.beneath_reason or self._standing.reason or ""
        return Hold(reason=reason, says=says, step=self._here)

    def _waiting(self) -> At:
        """A goal is looked at at once: it may have been met, and nobody tells of it again."""
        if isinstance(self._outcome, Wait) and self._outcome.reason == "goal":
            return Again(step=self._here, phase="met")
        if isinstance(self._outcome, Wait) and self._standing.waiting_until is not None:
            return self._outcome
        return self._going_on()

    def _going_on(self) -> At:
        if self._status == "running" or self._status == "retrying":
            attempt = max(self._run["attempt"], self._standing.attempt) if self._run else 1
            return Again(step=self._here, attempt=attempt, phase=self._phase_after_wait())
        if self._status == "waiting":
            return Again(step=self._here, phase=self._phase_after_wait())
        return Next(step=self._here)

    def _phase_after_wait(self) -> Phase:
        match self._outcome:
            case Wait(reason="goal"):
                return "met"
            case Wait():
                return "elapsed"
            case Fork():
                return "joined"
            case _:
                return "run"
