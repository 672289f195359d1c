"""When a delay is over."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from automations.calendars import BusinessCalendar, Moved
from automations.clocks import wall_clock
from automations.errors import EverstepError
from automations.steps.lengths import Length

_WHOLE = ("days", "weeks")
"""Units that keep the time of day."""

FURTHEST = datetime.fromisoformat("9000-01-01T00:00:00+00:00")


class DelayError(EverstepError):
    """A delay whose end cannot be told."""

    code = "invalid_delay"


def delay_end(
    delay: Length, start: datetime, zone: ZoneInfo, given: object = None, calendar: BusinessCalendar | None = None
) -> Moved:
    """The moment at which a delay that starts at `start` (aware) is over, in UTC, and what moved it.

    `given` is what the variable or field says that the delay names: a number for `for`, a date or datetime for `until`.
    Days and more keep the time of day in `zone`, hours and minutes are exact. A time that a clock change skips is taken
    after the gap, one that it repeats the first time. With a `calendar` an end on a day that is not worked is moved to the
    next that is, at the same time of day; what is over as it starts ends then. Raises DelayError where `given` does not fit
    or the end is out of reach, and NoWorkingDayError.
    """
    try:
        end = _end_of_length(delay, start, zone, given)
        if delay.at is not None:
            end = _on_or_after(end, delay.at, zone)
        end = min(end, FURTHEST).astimezone(UTC)
        if calendar is None:
            return Moved(end, end)
        meant = _time_of_day(delay, start, zone, given) if end >= start else None
        return calendar.moved_to_working_day(max(end, start.astimezone(UTC)), zone, meant)
    except (OverflowError, ValueError) as error:
        raise DelayError(f"The delay ends out of reach: {error}.") from error


def _end_of_length(delay: Length, start: datetime, zone: ZoneInfo, given: object) -> datetime:
    if isinstance(delay.until, datetime):
        return delay.until
    if delay.until is not None:
        return _moment(given, zone)
    if delay.amount is not None:
        return _later(start, zone, timedelta(0), relativedelta(), delay.amount.unit, _number(given))
    days = relativedelta(years=delay.years, months=delay.months, weeks=delay.weeks, days=delay.days)
    return _later(start, zone, timedelta(hours=delay.hours, minutes=delay.minutes), days)


def _later(
    start: datetime, zone: ZoneInfo, exact: timedelta, calendar: relativedelta, unit: str = "", count: float = 0
) -> datetime:
    match unit:
        case "days" | "weeks" if count % 1 == 0:
            calendar = relativedelta(**{unit: int(count)})  # pyright: ignore[reportArgumentType]
        case "":
            pass
        case _:
            exact = timedelta(**{unit: count})
    moved = wall_clock(start.astimezone(zone).replace(tzinfo=None) + calendar, zone) if calendar else start
    return moved + exact


def _on_or_after(moment: datetime, at: time, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    same_day = wall_clock(datetime.combine(local.date(), at), zone)
    return same_day if same_day >= moment else wall_clock(datetime.combine(local.date() + timedelta(days=1), at), zone)


def _time_of_day(delay: Length, start: datetime, zone: ZoneInfo, given: object) -> time | None:
    """At which the delay is meant to end, where it says so."""
    if delay.at is not None:
        return delay.at
    if delay.until is not None:
        return time() if _is_day(given) else None
    is_exact = delay.hours or delay.minutes
    if delay.amount is not None:
        is_exact = delay.amount.unit not in _WHOLE or _number(given) % 1
    return None if is_exact else start.astimezone(zone).time()


def _is_day(given: object) -> bool:
    return isinstance(given, str) and len(given) == len("2026-01-31")


def _moment(given: object, zone: ZoneInfo) -> datetime:
    if not isinstance(given, str):
        raise DelayError("The moment to wait for is blank.")
    if _is_day(given):
        return wall_clock(datetime.combine(date.fromisoformat(given), time()), zone)
    moment = datetime.fromisoformat(given)
    if moment.tzinfo is None:
        raise DelayError(f"The moment to wait for has no timezone: {given}.")
    return moment


def _number(given: object) -> float:
    try:
        number = float(str(given))
    except ValueError as error:
        raise DelayError(f"The length to wait for is not a number: {given!r}.") from error
    if not 0 <= number <= 1e9:
        raise DelayError(f"The length to wait for is out of range: {given}.")
    return number
