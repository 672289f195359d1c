"""What is wrong with a rule."""

from collections.abc import Sequence
from typing import NamedTuple

from automations.errors import EverstepError


class Mistake(NamedTuple):
    """`code` is invalid_cron, invalid_rrule, never_fires or too_often."""

    code: str
    sentence: str


class RecurrenceError(EverstepError):
    """All that is wrong with a rule at once."""

    code = "invalid_recurrence"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(" ".join(mistake.sentence for mistake in mistakes))
        self.mistakes = tuple(mistakes)
