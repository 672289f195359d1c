"""When a date field of a record comes round: days before or after it, at a time of day, once or every year."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from automations import scalars
from automations.calendars import SEARCHED_DAYS, BusinessCalendar, Moved
from automations.clocks import wall_clock
from automations.delays import FURTHEST
from automations.errors import FieldValueError
from automations.scalars import UnfitError, is_blank

Due = Moved
"""`planned` names the occurrence and `moment` is when it is due: two calendars may move one occurrence to different moments."""

_SLACK = timedelta(days=3)
"""More than a timezone and a clock change can make of a day."""


def date_or_moment(name: str, value: object) -> date | datetime | None:
    """The value of a field of that name, in its canonical form; None for a blank. Raises FieldValueError for what is neither."""
    if is_blank(value):
        return None
    for read in (scalars.day, scalars.moment):
        try:
            return read(value)
        except UnfitError:
            pass
    expected = UnfitError("a date such as 2026-03-01, or a date and time with an offset")
    raise FieldValueError(name, "date", value, expected.sentence(name, value))


def occurrence(
    base: date | datetime,
    *,
    days: int = 0,
    at: time | None = None,
    every_year: bool = False,
    after: datetime,
    zone: ZoneInfo,
    calendar: BusinessCalendar | None = None,
) -> Due | None:
    """The first moment strictly after `after` that is `days` after the base (negative: before); None if there is none any more.

    Without `at` a date is at 00:00 and a moment (aware) at its own time of day, all in `zone`. `every_year` is the base and
    its anniversaries; 29 February has them on the 28th in common years, and `days` are counted from there. With a `calendar` what
    falls on a day that is not worked is due at the same time on the next working day. Raises NoWorkingDayError.
    """
    start = base.astimezone(zone).replace(tzinfo=None) if isinstance(base, datetime) else datetime.combine(base, time())
    if at is not None:
        start = datetime.combine(start.date(), at)
    try:
        first = _first_year(start, days, after, calendar) if every_year else 0
        for year in count(first) if every_year else (0,):
            planned = wall_clock(start + relativedelta(years=year, days=days), zone)
            if isinstance(base, datetime) and at is None and not year and not days:
                # A clock that is set back shows two moments alike: which one is meant only the moment itself says.
                planned = base.astimezone(UTC)
            due = calendar.moved_to_working_day(planned, zone, start.time()) if calendar else Moved(planned, planned)
            if due.moment > after:
                return due if due.moment <= FURTHEST else None
    except (OverflowError, ValueError):
        pass  # further off than there are years
    return None


def _first_year(start: datetime, days: int, after: datetime, calendar: BusinessCalendar | None) -> int:
    """No anniversary before that one can be due by then, however far it is moved."""
    moved = timedelta(days=SEARCHED_DAYS if calendar else 0)
    return max(0, (after - timedelta(days=days) - moved - _SLACK).year - start.year)
