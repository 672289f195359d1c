"""What an activity tells the workflow: the only way in which a definition reaches it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from automations.executions import PauseReason, Request, TerminalState
from automations.steps.base import StepBase

MAX_SUMMARY = 180
"""Characters of a step's line."""

MAX_SUMMARY_BYTES = 380
"""As JSON; Temporal refuses a summary of more than 400 bytes."""


class Message(BaseModel):
    """Travels through Temporal's history: small, and open to fields that a newer release adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def model_post_init(self, _: object) -> None:
        # What is at its default is left out of the payload; the tag of a union must not be.
        if "kind" in type(self).model_fields:
            self.__pydantic_fields_set__.add("kind")

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True)


class StepRef(Message):
    """All the workflow needs to run a step's activity: never its configuration."""

    id: str
    type: str
    summary: str = ""
    local: bool = True
    timeout: timedelta = timedelta(seconds=10)
    retries: bool = True

    @staticmethod
    def to(step: StepBase) -> "StepRef":
        """A skipped step leaves the house no more, so it runs as a local activity."""
        return StepRef(
            id=step.id,
            type=step.step_type,
            summary=cut_summary(f"{step.id}: {step.summary()}"),
            local=step.local or step.skip,
            timeout=step.timeout,
            retries=step.retries,
        )


def cut_summary(said: str) -> str:
    """Short enough for Temporal, which fails the workflow task over a longer one."""
    cut = said if len(said) <= MAX_SUMMARY else said[: MAX_SUMMARY - 1] + "…"
    while len(to_json(cut)) > MAX_SUMMARY_BYTES:
        cut = cut[:-2] + "…"
    return cut


class Next(Message):
    """The step ran; this one is next."""

    kind: Literal["next"] = "next"
    step: StepRef


class Moved(Message):
    """The step did not run: a save removed or changed it. This one stands in its place."""

    kind: Literal["moved"] = "moved"
    step: StepRef


class Wait(Message):
    """The step waits until a moment or until it is met, and then runs on under the same sequence number."""

    kind: Literal["wait"] = "wait"
    reason: PauseReason
    until: datetime | None = None
    says: str
    step: StepRef


class Hold(Message):
    """Paused on a step until a person resumes or skips."""

    kind: Literal["hold"] = "hold"
    reason: PauseReason
    says: str
    step: StepRef
    resume: Literal["again", "after"] = "again"


class LaneStart(Message):
    lane: str
    first: StepRef


class Fork(Message):
    """These lanes run side by side. Once all of them have ended, the step runs on under the same sequence number."""

    kind: Literal["fork"] = "fork"
    step: StepRef
    lanes: list[LaneStart]


class Requested(Message):
    """The step did not run: a request stands on the execution's row that the workflow has not seen yet."""

    kind: Literal["requested"] = "requested"
    request: Request


class Behind(Message):
    """The step did not run: the workflow has forgotten what the execution's row still knows, and goes on from there."""

    kind: Literal["behind"] = "behind"


class End(Message):
    """The execution is over, and the store says so already."""

    kind: Literal["end"] = "end"
    state: TerminalState
    reason: str = ""


class LaneEnd(Message):
    """The lane is over; the execution is not."""

    kind: Literal["lane_end"] = "lane_end"


Outcome = Annotated[Next | Moved | Wait | Hold | Fork | Requested | Behind | LaneEnd | End, Field(discriminator="kind")]


class StepAnswer(Message):
    """What the activity of a step returns."""

    outcome: Outcome
