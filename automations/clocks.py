"""Times of day in a zone, as moments."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def wall_clock(naive: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which a clock in the zone shows this time: aware arithmetic in a zone would not see its changes.

    A time that a clock change skips is taken after the gap, one that it repeats the first time. Raises OverflowError at
    the ends of the calendar.
    """
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
