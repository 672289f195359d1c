"""A worker that is told to stop hands its running step over: that is no failure of the step."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from automations.messages import HANDED_OVER


@contextmanager
def handed_over_at_shutdown() -> Iterator[None]:
    """Raises in the place of a cancellation what makes the workflow run the step again at once, elsewhere."""
    try:
        yield
    except asyncio.CancelledError:
        details = activity.cancellation_details() if activity.in_activity() else None
        if details is None or details.cancel_requested or not details.worker_shutdown:
            raise
        said = "The worker was told to stop while the step ran."
        raise ApplicationError(said, type=HANDED_OVER, non_retryable=True, category=ApplicationErrorCategory.BENIGN) from None
