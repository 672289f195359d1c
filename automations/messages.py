"""What travels between the workflow and its activities. The answers to them are in `outcomes`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from automations.executions import CancelReason, OpenState, PauseReason, Request, TerminalState
from automations.lanes import MAIN
from automations.outcomes import End, Fork, Hold, LaneEnd, Message, Moved, Next, StepRef, Wait

Phase = Literal["run", "elapsed", "met", "joined"]
"""What an attempt is for: to run the step, or to go on from it once its wait is over. A goal that was told of may wait on."""


HANDED_OVER = "handed_over"
"""The type of the failure of an attempt that a worker gave back because it was told to stop."""


class Limits(Message):
    """Where a runaway execution is stopped.

    `steps_per_run` is no limit of the execution: it says when its workflow continues as new.
    """

    step_runs: int = 10_000
    visits: int = 1_000
    visits_without_wait: int = 100
    steps_per_run: int = 2_000


class Again(Message):
    """An attempt of a step run that began before: the first one, or the next one after a failure or a wait.

    `handovers`: how often a worker that was told to stop has given this attempt back.
    """

    kind: Literal["again"] = "again"
    step: StepRef
    attempt: int = 1
    phase: Phase = "run"
    handovers: int = 0


class Retry(Message):
    """Waits for the next attempt of a step run that failed unexpectedly."""

    kind: Literal["retry"] = "retry"
    next: Again
    until: datetime
    says: str


At = Annotated[Next | Moved | Again | Wait | Hold | Retry | Fork | LaneEnd | End, Field(discriminator="kind")]
"""What a lane does next."""


class Cursor(Message):
    """Where a lane is: what it does next, and the step run that it is at, or that it came from.

    `after` is the step run before that one, see StepRequest.
    """

    lane: str = MAIN
    at: At
    sequence: int = 0
    since_wait: dict[str, int] = {}
    after: int | None = None


class Carried(Message):
    """What an execution takes along when its workflow continues as new: cursors and counts, never data."""

    sequence: int = 0
    visits: dict[str, int] = {}
    seen: list[str] = []
    pause: Request | None = None
    met: list[int] = []
    early: dict[str, Request] = {}
    lanes: list[Cursor] = []


class ExecutionStart(Message):
    """The workflow's argument. `first` is None for an automation without steps."""

    execution_id: UUID
    first: StepRef | None
    limits: Limits = Limits()
    carried: Carried = Carried()


class ReloadRequest(Message):
    """Asks where an execution stands as its row says it."""

    execution_id: UUID
    now: datetime


class Reloaded(Message):
    """Where it goes on; or how it ended, if it is over."""

    carried: Carried | None = None
    end: End | None = None


class StepRequest(Message):
    """Runs one attempt of one step run. `now` is the workflow's clock.

    `after` is the number of the lane's step run before this one, or of the branch that began the lane.
    Lanes side by side may take their numbers in another order when a lost workflow task is run again:
    lane and `after` name the same step run whatever its number. None where a release asks that did not know it.
    """

    execution_id: UUID
    sequence: int
    step: str
    attempt: int
    now: datetime
    phase: Phase = "run"
    lane: str = MAIN
    after: int | None = None


class StateChange(Message):
    """A lane's own changes of state: paused by hand, active again, waiting again. Clears the request it answers."""

    execution_id: UUID
    now: datetime
    state: OpenState
    pause_reason: PauseReason | None = None
    waiting_until: datetime | None = None
    retry_at: datetime | None = None
    request_id: str | None = None
    reason: str | None = None
    lane: str = MAIN


class StepFailure(Message):
    """An attempt that failed unexpectedly, and what follows: another attempt, a hold for a person, or the end."""

    execution_id: UUID
    sequence: int
    step: str
    step_type: str
    attempt: int
    now: datetime
    code: str
    sentence: str
    follows: Literal["retry", "hold", "fail"]
    phase: Phase = "run"
    retry_at: datetime | None = None
    lane: str = MAIN
    hold: Hold | None = None


class StepSkip(Message):
    """Passes over the step a lane stands on, down a path if it has paths."""

    execution_id: UUID
    sequence: int
    step: str
    now: datetime
    path: str | None = None
    request_id: str | None = None
    lane: str = MAIN


class GoalMet(Message):
    """The argument of the signal `met`: the goal of the step run of that number is met, or its dates have moved."""

    sequence: int


class Ending(Message):
    """Ends an execution from outside its steps."""

    execution_id: UUID
    now: datetime
    state: TerminalState
    reason: str
    cancel_reason: CancelReason | None = None


class EndReport(Message):
    """The workflow's result: how the execution ended, and why."""

    state: TerminalState
    reason: str = ""
    steps_run: int = Field(0, ge=0)
