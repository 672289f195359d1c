"""Checks of schedules. What is wrong with a rule by itself is said by the model."""

from collections.abc import Iterator
from datetime import datetime

from automations.document import AutomationDocument
from automations.problems import Problem
from automations.triggers.schedule import ScheduleTrigger


def schedules_that_are_over(document: AutomationDocument, timezone: str, now: datetime) -> Iterator[Problem]:
    """Warns of those that plan nothing from now (aware) on. `timezone` is that of the business."""
    for index, trigger in enumerate(document.triggers):
        if not isinstance(trigger, ScheduleTrigger) or trigger.skip:
            continue
        if not trigger.recurrence(trigger.zone(timezone), now).next_times(now, 1):
            path = f"triggers[{index}].{'cron' if trigger.cron else 'rrule'}"
            sentence = "The last of its times has passed: it fires no more."
            yield Problem(path=path, code="schedule_over", sentence=sentence, severity="warning")
