"""The retry ladder, and what a failed activity says."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, TimeoutError

from automations.messages import HANDED_OVER, Again
from automations.retries import RETRY_WAITS

_KEPT = 1_000
"""Characters of what a failure says: it travels on in history, state and reason."""

_MAX_HANDOVERS = 10
"""Of one attempt, one after the other: one that no worker ever finishes is a failure in the end."""


def retry_wait(attempt: int, error: FailureError) -> timedelta | None:
    """How long to wait after the attempt of this number (from 1); None if it was the last. More where the failure asks for it."""
    if attempt > len(RETRY_WAITS):
        return None
    match _cause(error):
        case ApplicationError(next_retry_delay=timedelta() as asked):
            return max(RETRY_WAITS[attempt - 1], asked)
        case _:
            return RETRY_WAITS[attempt - 1]


def after_handover(at: Again, error: FailureError) -> Again | None:
    """The same attempt once more, where a worker that was told to stop gave it back; None for what the ladder is for."""
    match _cause(error):
        case ApplicationError(type=code) if code == HANDED_OVER and at.handovers < _MAX_HANDOVERS:
            # An older worker took the ladder here.
            return at.model_copy(update={"handovers": at.handovers + 1}) if workflow.patched("handover") else None
        case _:
            return None


def failure_cause(error: FailureError) -> tuple[str, str]:
    """A code that never changes and a sentence. A local activity's comes bare, an ordinary one's in an ActivityError."""
    match _cause(error):
        case ApplicationError(type=code, message=sentence):
            return code or "unexpected", sentence[:_KEPT]
        case TimeoutError():
            return "timeout", "The step did not answer in time, or its worker was lost."
        case _:
            return "unexpected", "Something unexpected went wrong here: the log of the worker says what."


def _cause(error: FailureError) -> BaseException | None:
    return error.cause if isinstance(error, ActivityError) else error
