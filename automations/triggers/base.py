"""The base of what starts executions."""

from typing import Any, Literal

from automations.model import Model, StepId
from automations.throttle import QuietWindow


class Trigger(Model):
    """Part of an automation, known by its id in the history."""

    type: Any  # each type narrows it to its own name
    id: StepId
    description: str = ""
    skip: bool = False

    def summary(self) -> str:
        """What has to happen, in a few words."""
        return str(self.type)


class ThrottledTrigger(Trigger):
    """Fires by itself, and so may be told to be quiet for a while after it fired."""

    throttle: QuietWindow | None = None


class RecordTrigger(ThrottledTrigger):
    """Answers events of records, which executions cause too.

    What an execution of low priority sets off is of low priority as well, unless the trigger says `own`: then it goes by the
    automation's priority.
    """

    priority: Literal["inherit", "own"] = "inherit"
