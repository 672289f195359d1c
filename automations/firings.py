"""What travels between the workflow of a schedule's firing and its activities."""

from datetime import datetime
from uuid import UUID

from automations.outcomes import Message


class Firing(Message):
    """The workflow's argument. Temporal says the planned time; what else has a default is carried from one run to the next.

    A run ends after so many pages, and continues as a new one.
    """

    automation_id: UUID
    trigger_id: str
    planned: datetime | None = None
    due_at: datetime | None = None
    after: UUID | None = None
    told: int = 0
    pages_per_run: int = 100


class PlannedTime(Message):
    """`planned` is in whole seconds, also where a person started the firing: `started` is then closer to when that was.

    It is asked again when the firing has `waited` for a time that the calendar moved it to.
    """

    automation_id: UUID
    trigger_id: str
    planned: datetime
    started: datetime
    waited: bool = False


class FiringPlan(Message):
    """When a planned time is to fire: never, without a `due_at`. `why` says it where it is not when it was planned."""

    due_at: datetime | None = None
    why: str = ""


class FiringPage(Message):
    """Tells the trigger of some of its records, those `after` one, that its time has come."""

    automation_id: UUID
    trigger_id: str
    planned: datetime
    due_at: datetime
    after: UUID | None = None


class FiredPage(Message):
    """How many were told, and the last one if there may be more."""

    told: int
    last: UUID | None = None


class FiringReport(Message):
    """The workflow's result."""

    told: int
    why: str = ""
