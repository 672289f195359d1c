"""Bulk starts: one automation on many records, paced."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from automations.filters import Filter
from automations.model import Model

BulkState = Literal["collecting", "running", "completed", "canceled"]
Outcome = Literal["started", "resumed", "skipped", "failed"]

_PAGES_PER_SECOND = 2


class Selection(Model):
    """Which records: those of a filter, or all of the object. Neither: those that were named."""

    filter: Filter | None = None
    all: bool = False


@dataclass(frozen=True)
class Turn:
    """What became of one record. `reason` is a code where it was skipped, a sentence where it failed."""

    record_id: UUID
    outcome: Outcome
    reason: str | None = None
    execution_id: UUID | None = None


def page_size(per_second: int) -> int:
    """How many records have their turn at once."""
    return max(1, per_second // _PAGES_PER_SECOND)


def page_time(per_second: int) -> timedelta:
    """From the start of one page to the start of the next."""
    return timedelta(seconds=page_size(per_second) / per_second)
