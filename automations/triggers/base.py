"""The base of what starts executions."""

from typing import Any

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
