"""Checks of whom an automation tells of its failures. That an address is one is said by the model."""

from collections.abc import Iterator

from automations.checks.draft import Draft
from automations.notifications import OWNER
from automations.problems import Problem


def notified_owners(draft: Draft) -> Iterator[Problem]:
    if draft.is_global and draft.error_notification and draft.error_notification.to == OWNER:
        sentence = "A global automation has no record whose owner could be told."
        yield Problem(path="error_notification.to", code="needs_record", sentence=sentence)
