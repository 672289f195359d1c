"""What travels between the workflow and its activities. The answers to them are in `outcomes`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from automations.executions import PauseReason, Request, State, TerminalState
from automations.outcomes import Message, StepRef


class Limits(Message):
    """Where a runaway execution is stopped.

    `steps_per_run` is no limit of the execution: it says when its workflow continues as new.
    """

    step_runs: int = 10_000
    visits: int = 1_000
    visits_without_wait: int = 100
    steps_per_run: int = 2_000


class Carried(Message):
    """What an execution takes along when its workflow continues as new: cursors and counts, never data."""

    sequence: int = 0
    visits: dict[str, int] = {}
    visits_since_wait: dict[str, int] = {}
    seen: list[str] = []
    pause: Request | None = None


class ExecutionStart(Message):
    """The workflow's argument. `first` is None for an automation without steps."""

    execution_id: UUID
    first: StepRef | None
    limits: Limits = Limits()
    carried: Carried = Carried()


class StepRequest(Message):
    """Runs one attempt of one step run; `elapsed` runs on a step whose wait is over. `now` is the workflow's clock."""

    execution_id: UUID
    sequence: int
    step: str
    attempt: int
    now: datetime
    phase: Literal["run", "elapsed"] = "run"


class StateChange(Message):
    """The workflow's own changes of state: paused by hand, active again, waiting again. Clears the request it answers."""

    execution_id: UUID
    now: datetime
    state: State
    pause_reason: PauseReason | None = None
    waiting_until: datetime | None = None
    retry_at: datetime | None = None
    request_id: str | None = None
    reason: str | None = None


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
    phase: Literal["run", "elapsed"] = "run"
    retry_at: datetime | None = None


class StepSkip(Message):
    """Passes over the step an execution stands on, down a path if it has paths."""

    execution_id: UUID
    sequence: int
    step: str
    now: datetime
    path: str | None = None
    request_id: str | None = None


class Ending(Message):
    """Ends an execution from outside its steps."""

    execution_id: UUID
    now: datetime
    state: TerminalState
    reason: str


class EndReport(Message):
    """The workflow's result: how the execution ended, and why."""

    state: TerminalState
    reason: str = ""
    steps_run: int = Field(0, ge=0)
