"""Times of day: as documents say them, and as moments in a zone."""

import re
from datetime import UTC, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _time_of_day(raw: object) -> object:
    """YAML reads 0900 as a number, which pydantic would take for seconds; an offset would say the zone a second time."""
    if isinstance(raw, time) and raw.tzinfo is None:
        return raw
    if isinstance(raw, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", raw):
        return raw
    raise PydanticCustomError("invalid_value", 'It is no time of day such as "09:00".')


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]


def wall_clock(naive: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which a clock in the zone shows this time: aware arithmetic in a zone would not see its changes.

    A time that a clock change skips is taken after the gap, one that it repeats the first time. Raises OverflowError at
    the ends of the calendar.
    """
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
