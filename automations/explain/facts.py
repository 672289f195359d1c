"""What is known of an execution when it is explained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from automations.event_triggers import Event
from automations.executions import CancelReason, Request, State
from automations.lanes import Standing
from automations.steps.base import StepBase


@dataclass(frozen=True)
class Run:
    """A step run as its row says it; `error` has `code` and `sentence`."""

    step: str
    step_type: str
    status: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None = None
    used: Sequence[Mapping[str, Any]] = ()
    output: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Asked:
    """A request as the history keeps it. Blank `by`: nobody said."""

    kind: str
    by: str
    why: str
    at: datetime


@dataclass(frozen=True)
class Switch:
    """A kill switch, and by whom and when it was lifted."""

    name: str
    set_by: str
    why: str
    set_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None


@dataclass(frozen=True)
class FailingTask:
    """That Temporal cannot get the workflow on: how often it has tried, and what went wrong."""

    attempts: int
    reason: str
    found_at: datetime


@dataclass(frozen=True)
class LaneFacts:
    """Where one lane stands. `step` is None if there is none, or none any more; `run` is the step run that the lane is at."""

    lane: str
    standing: Standing
    step: StepBase | None = None
    run: Run | None = None
    switch: Switch | None = None


@dataclass(frozen=True)
class Facts:
    """One execution. Times are aware, and told in `zone`, that of the business.

    `lanes` are those in which something runs or waits, none once it is over. `request` stands on the row and is not done yet.
    `failed` are the newest step runs that failed, `last` is the newest of all, `asked` is in the order in which it was asked.
    `trigger` is what the execution keeps of what started it, `event` what had happened.
    """

    state: State
    zone: ZoneInfo
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    workflow_started: bool = True
    reason: str | None = None
    warning: str | None = None
    cancel_reason: CancelReason | None = None
    steps_run: int = 0
    steps_failed: int = 0
    request: Request | None = None
    lanes: Sequence[LaneFacts] = ()
    failed: Sequence[Run] = ()
    last: Run | None = None
    asked: Sequence[Asked] = ()
    restarted_from: UUID | None = None
    restarted_as: Sequence[UUID] = ()
    trigger: Mapping[str, Any] = field(default_factory=dict[str, Any])
    event: Event | None = None
    failing: FailingTask | None = None

    def last_asked(self, kind: str) -> Asked | None:
        return next((each for each in reversed(self.asked) if each.kind == kind), None)


@dataclass(frozen=True)
class Explanation:
    """Why an execution, or one of its lanes, is where it is: in words, and as values (JSON) for a program."""

    sentence: str
    facts: dict[str, Any]
