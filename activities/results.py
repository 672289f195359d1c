"""What a step's activity found out; the frame turns it into history, position and outcome."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.errors import EverstepError
from automations.executions import CancelReason, PauseReason, TerminalState
from automations.outcomes import Outcome
from automations.steps.base import StepBase
from automations.storable import storable_text
from store.database import Connection


@dataclass(frozen=True)
class Onward:
    """To the step after this one."""


@dataclass(frozen=True)
class Down:
    """Down one of the step's paths."""

    path: str


@dataclass(frozen=True)
class GoTo:
    step: str


@dataclass(frozen=True)
class ForkOut:
    """Into the lanes of the step."""


@dataclass(frozen=True)
class WaitUntil:
    """`until` is None for a wait that only an event or a person ends."""

    until: datetime | None
    says: str
    reason: PauseReason = "delay"


@dataclass(frozen=True)
class HoldOn:
    """Paused until a person resumes: this step `again`, or what comes `after` it."""

    reason: PauseReason
    says: str
    after: bool = False


@dataclass(frozen=True)
class Stop:
    """`cause` says why, where it is canceled."""

    state: TerminalState
    reason: str
    cause: CancelReason = "step"


Then = Onward | Down | GoTo | ForkOut | WaitUntil | HoldOn | Stop


class ChangedMeanwhileError(Exception):
    """What a step decided by is not so any more: nothing of it is to be written, and the step runs again."""


@dataclass(frozen=True)
class Result:
    """`variables` and `fields` hold the changed ones only, in canonical form.

    `also` joins the step's transaction, and may raise ChangedMeanwhileError; `afterwards` follows it.
    """

    then: Then = Onward()
    output: dict[str, Any] = field(default_factory=dict)
    used: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    warning: str | None = None
    error: dict[str, Any] | None = None
    failed: bool = False
    skipped: bool = False
    held: bool = False
    also: Callable[[Connection], Awaitable[None]] | None = None
    afterwards: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Written:
    """What was written of a step; an outcome of None says that it was not, as the execution or the record changed."""

    result: Result
    outcome: Outcome | None


def failed(step: StepBase, failure: EverstepError) -> Result:
    """An expected failure: pauses or goes on as the step says; a condition always asks a person for the path."""
    sentence = storable_text(failure.sentence)
    error = {"code": failure.code, "sentence": sentence}
    if not step.retries:
        return Result(then=HoldOn("condition_error", sentence), error=error, failed=True)
    if step.on_error == "pause":
        return Result(then=HoldOn("error", sentence), error=error, failed=True)
    return Result(error=error, failed=True)


@dataclass(frozen=True)
class Key:
    """Names one step run to the outside: the same on every attempt."""

    execution_id: UUID
    sequence: int

    def __str__(self) -> str:
        return f"{self.execution_id}:{self.sequence}"
