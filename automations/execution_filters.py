"""Which executions are meant: what lists, counts and requests in bulk choose by."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from automations.executions import CancelReason, PauseReason, State
from automations.model import Priority

Sort = Literal["-created_at", "created_at", "-updated_at", "updated_at"]
"""Newest first with a minus."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("The calendar does not reach that far.") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class ExecutionFilter(BaseModel):
    """What is said has to hold together; several states are alternatives.

    `…_after` counts from that moment on, `…_before` up to it. `open`: whether it is not over. `failed_steps`: whether a step run
    failed. `object` is that of the automation; a global one has none.
    """

    model_config = ConfigDict(frozen=True)

    automation: str | None = Field(default=None, max_length=63)
    object: str | None = Field(default=None, max_length=63)
    record_id: UUID | None = None
    state: list[State] = Field(default=[], max_length=10)
    pause_reason: PauseReason | None = None
    cancel_reason: CancelReason | None = None
    step_id: str | None = Field(default=None, max_length=64)
    trigger_type: str | None = Field(default=None, max_length=64)
    priority: Priority | None = None
    parent_id: UUID | None = None
    root_id: UUID | None = None
    restarted_from: UUID | None = None
    bulk_start_id: UUID | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    updated_after: Moment | None = None
    updated_before: Moment | None = None
    finished_after: Moment | None = None
    finished_before: Moment | None = None
    open: bool | None = None
    failed_steps: bool | None = None

    @property
    def is_empty(self) -> bool:
        return not self.model_dump(exclude_defaults=True)

    @property
    def states(self) -> Sequence[State] | None:
        """The states that can be meant; None: any. A reason is said of one state only."""
        if not (self.state or self.pause_reason or self.cancel_reason):
            return None
        meant: set[State] = set(self.state or get_args(State))
        meant &= {"paused"} if self.pause_reason else meant
        meant &= {"canceled"} if self.cancel_reason else meant
        return sorted(meant)

    @property
    def digest(self) -> str:
        """The same for the same filter: what a cursor is good for."""
        written = self.model_copy(update={"state": sorted(set(self.state))}).model_dump_json(exclude_defaults=True)
        return sha256(written.encode()).hexdigest()[:16]
