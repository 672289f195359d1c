"""When a delay is over."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from automations.errors import EverstepError
from automations.steps.lengths import Length

FURTHEST = datetime.fromisoformat("9000-01-01T00:00:00+00:00")


class DelayError(EverstepError):
    """A delay whose end cannot be told."""

    code = "invalid_delay"


def delay_end(delay: Length, start: datetime, zone: ZoneInfo, given: object = None) -> datetime:
    """The moment at which a delay that starts at `start` (aware) is over, in UTC.

    `given` is what the variable or field says that the delay names: a number for `for`, a date or datetime for `until`.
    Days and more keep the time of day in `zone`, hours and minutes are exact. A time that a clock change skips is taken
    after the gap, one that it repeats the first time. Raises DelayError where `given` does not fit or the end is out of reach.
    """
    try:
        end = _end_of_length(delay, start, zone, given)
        if delay.at is not None:
            end = _on_or_after(end, delay.at, zone)
        return min(end, FURTHEST).astimezone(ZoneInfo("UTC"))
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
        case "days" | "weeks" if count == int(count):
            calendar = relativedelta(**{unit: int(count)})  # pyright: ignore[reportArgumentType]
        case "":
            pass
        case _:
            exact = timedelta(**{unit: count})
    moved = _wall_clock(start.astimezone(zone).replace(tzinfo=None) + calendar, zone) if calendar else start
    return moved + exact


def _wall_clock(naive: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which a clock in the zone shows this time, in UTC: aware arithmetic in a zone would not see its changes."""
    return naive.replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))


def _on_or_after(moment: datetime, at: time, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    same_day = _wall_clock(datetime.combine(local.date(), at), zone)
    return same_day if same_day >= moment else _wall_clock(datetime.combine(local.date() + timedelta(days=1), at), zone)


def _moment(given: object, zone: ZoneInfo) -> datetime:
    if not isinstance(given, str):
        raise DelayError("The moment to wait for is blank.")
    if len(given) == len("2026-01-31"):
        return _wall_clock(datetime.combine(date.fromisoformat(given), time()), zone)
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
