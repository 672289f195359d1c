"""Bulk requests: the same asked of many executions, paced."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

BulkRequestState = Literal["running", "completed", "canceled"]
ItemOutcome = Literal["asked", "refused", "not_found"]

_PAGES_PER_SECOND = 4
"""Small ones: what is asked of others meanwhile waits for one of them at most."""


@dataclass(frozen=True)
class Item:
    """One execution in its place; `outcome` is None until its turn."""

    place: int
    execution_id: UUID
    outcome: ItemOutcome | None = None
    code: str | None = None
    sentence: str | None = None


def page_size(per_second: int) -> int:
    """How many executions have their turn at once."""
    return max(1, per_second // _PAGES_PER_SECOND)


def page_time(per_second: int) -> timedelta:
    """From the start of one page to the start of the next."""
    return timedelta(seconds=page_size(per_second) / per_second)
