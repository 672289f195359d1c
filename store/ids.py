"""Ids that sort by the time they were made, so that lists page by them and indexes grow at one end."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils import compat

NIL = UUID(int=0)
"""Before every other: where a list begins."""


def new_id() -> UUID:
    return compat.uuid7()


def first_id_at(moment: datetime, later: timedelta = timedelta(0)) -> UUID:
    """Before every id that is made from that much later on, and after all that were made earlier."""
    milliseconds = int((moment.timestamp() + later.total_seconds()) * 1000)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)


def made_at(made: UUID) -> datetime:
    """When an id was made, to the millisecond."""
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC)
