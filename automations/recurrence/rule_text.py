"""Reads the text of a recurrence rule (RFC 5545): RRULE, and DTSTART, RDATE and EXDATE beside it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from automations import scalars
from automations.recurrence.mistakes import Mistake, RecurrenceError

Frequency = Literal["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Stamp = datetime | date
"""A time on the wall (naive), a moment (aware), or a whole day."""

MAX_COUNT = 10_000
MAX_INTERVAL = 100_000
MAX_LENGTH = 10_000


@dataclass(frozen=True)
class RuleText:
    """What a rule says. `weekdays` count from Monday, 0, each with the place that it has in its month or year, or None."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: Stamp | None = None
    week_start: int = 0
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    weekdays: tuple[tuple[int | None, int], ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    start: Stamp | None = None
    timezone: str | None = None
    more: tuple[Stamp, ...] = ()
    without: tuple[Stamp, ...] = ()


class _UnfitError(Exception):
    """With what is wrong, as a sentence."""


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(said: str) -> int:
        if not re.fullmatch(r"[0-9]{1,6}", said) or not low <= int(said) <= high:
            raise _UnfitError(f"{said[:40]} is no number from {low} to {high}")
        return int(said)

    return read


def _counted(high: int) -> Callable[[str], int]:
    """From the beginning, or from the end with a minus."""

    def read(said: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,3}", said) or not 1 <= abs(int(said)) <= high:
            raise _UnfitError(f"{said[:40]} is no number from 1 to {high}, or from -1 to -{high}")
        return int(said)

    return read


def _listed(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    return lambda said: tuple(sorted({read(each) for each in said.split(",")}, key=str))


def _weekday(said: str) -> int:
    if said not in WEEKDAYS:
        raise _UnfitError(f"{said[:40]} is none of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(said)


def _placed_weekday(said: str) -> tuple[int | None, int]:
    place = said[:-2]
    return (_counted(53)(place) if place else None), _weekday(said[-2:])


def _frequency(said: str) -> str:
    if said not in FREQUENCIES:
        raise _UnfitError(f"{said[:40]} is none of {', '.join(FREQUENCIES)}")
    return said


def stamp(said: str) -> Stamp:
    """`20270301`, `20270301T090000` or `20270301T080000Z`."""
    if not re.fullmatch(r"[0-9]{8}(T[0-9]{6}Z?)?", said):
        raise _UnfitError(f"{said[:40]} is no date or time such as 20270301, 20270301T090000 or 20270301T080000Z")
    try:
        if len(said) == 8:
            return date(int(said[:4]), int(said[4:6]), int(said[6:]))
        naive = datetime.fromisoformat(said.removesuffix("Z"))
    except ValueError as error:
        raise _UnfitError(f"{said} is in no calendar") from error
    return naive.replace(tzinfo=UTC) if said.endswith("Z") else naive


_PARTS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "FREQ": ("frequency", _frequency),
    "INTERVAL": ("interval", _whole(1, MAX_INTERVAL)),
    "COUNT": ("count", _whole(1, MAX_COUNT)),
    "UNTIL": ("until", stamp),
    "WKST": ("week_start", _weekday),
    "BYMONTH": ("months", _listed(_whole(1, 12))),
    "BYMONTHDAY": ("month_days", _listed(_counted(31))),
    "BYYEARDAY": ("year_days", _listed(_counted(366))),
    "BYWEEKNO": ("weeks", _listed(_counted(53))),
    "BYDAY": ("weekdays", _listed(_placed_weekday)),
    "BYHOUR": ("hours", _listed(_whole(0, 23))),
    "BYMINUTE": ("minutes", _listed(_whole(0, 59))),
    "BYSECOND": ("seconds", _listed(_whole(0, 59))),
    "BYSETPOS": ("places", _listed(_counted(366))),
}


@dataclass
class _Reader:
    parts: dict[str, Any] = field(default_factory=dict[str, Any])
    mistakes: list[Mistake] = field(default_factory=list[Mistake])
    zones: set[str] = field(default_factory=set[str])

    def fail(self, sentence: str, code: str = "invalid_rrule") -> None:
        self.mistakes.append(Mistake(code, sentence))

    def line(self, name: str, parameters: list[str], value: str) -> None:
        match name:
            case "RRULE" if "frequency" in self.parts:
                self.fail("There is one RRULE.")
            case "RRULE":
                self._rule(value)
            case "DTSTART":
                zone = self._zone(parameters)
                self.zones |= {zone} if zone else set()
                self._stamps("DTSTART", value, "start", None)
            case "RDATE" | "EXDATE":
                self._stamps(name, value, "more" if name == "RDATE" else "without", self._zone(parameters))
            case _:
                self.fail(f"There is no {name[:40]} here; there are RRULE, DTSTART, RDATE and EXDATE.")

    def _rule(self, value: str) -> None:
        said = [pair.partition("=") for pair in value.upper().strip(";").split(";")]
        for name, _, values in said:
            if name == "FREQ" and values == "SECONDLY":
                self.fail("FREQ=SECONDLY fires too often: once a minute is the most.", "too_often")
                self.parts["frequency"] = "MINUTELY"
            elif name not in _PARTS:
                self.fail(f"{name[:40] or 'Nothing'} is no part of a rule; there are {', '.join(_PARTS)}.")
            elif _PARTS[name][0] in self.parts:
                self.fail(f"{name} is said twice.")
            else:
                self._part(name, values)
        if "frequency" not in self.parts and "FREQ" not in {name for name, _, _ in said}:
            self.fail(f"FREQ is missing: {', '.join(FREQUENCIES)}.")

    def _part(self, name: str, values: str) -> None:
        key, read = _PARTS[name]
        try:
            self.parts[key] = read(values)
        except _UnfitError as unfit:
            self.fail(f"{name}: {unfit}.")

    def _stamps(self, name: str, value: str, key: str, zone: str | None) -> None:
        try:
            stamps = [_in_zone(stamp(each), zone) for each in value.upper().split(",")]
        except _UnfitError as unfit:
            self.fail(f"{name}: {unfit}.")
            return
        if name != "DTSTART":
            self.parts[key] = (*self.parts.get(key, ()), *stamps)
        elif key in self.parts or len(stamps) > 1:
            self.fail("There is one DTSTART.")
        else:
            self.parts[key] = stamps[0]

    def _zone(self, parameters: list[str]) -> str | None:
        zone = None
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.upper() == "TZID":
                zone = self._known_zone(value)
            elif parameter.upper() not in ("VALUE=DATE", "VALUE=DATE-TIME"):
                self.fail(f"{parameter[:40]} is neither TZID nor VALUE.")
        return zone

    def _known_zone(self, name: str) -> str | None:
        try:
            return scalars.timezone(name.strip('"'))
        except scalars.UnfitError:
            self.fail(f"TZID: {name[:40]} is no timezone such as Europe/Berlin.")
            return None


def _in_zone(stamp: Stamp, zone: str | None) -> Stamp:
    if zone and isinstance(stamp, datetime) and stamp.tzinfo is None:
        return stamp.replace(tzinfo=ZoneInfo(zone))
    return stamp


def read_rule(text: str) -> RuleText:
    """Raises RecurrenceError with all mistakes."""
    reader = _Reader()
    if len(text) > MAX_LENGTH:
        raise RecurrenceError([Mistake("invalid_rrule", f"A rule has {MAX_LENGTH:,} characters at most.")])
    for head, value in _lines(text):
        name, *parameters = head.split(";")
        reader.line(name.upper(), parameters, value)
    if "frequency" not in reader.parts and not reader.mistakes:
        reader.fail("There is no RRULE such as FREQ=WEEKLY;BYDAY=MO.")
    if not reader.mistakes:
        for mistake in _contradictions(reader.parts):
            reader.fail(*mistake)
    if reader.mistakes:
        raise RecurrenceError(reader.mistakes)
    return RuleText(**reader.parts, timezone=next(iter(reader.zones), None))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Name with its parameters, and value. A line that begins with a blank goes on from the one before."""
    for line in re.sub(r"\r?\n[ \t]", "", text).split():
        head, colon, value = line.partition(":")
        yield (head, value) if colon else ("RRULE", head)


def _contradictions(parts: Mapping[str, Any]) -> Iterator[tuple[str, str] | tuple[str]]:
    frequency = parts["frequency"]
    if len(parts.get("seconds", ())) > 1:
        yield "BYSECOND with several values fires too often: once a minute is the most.", "too_often"
    if "count" in parts and "until" in parts:
        yield ("COUNT and UNTIL are not for the same rule.",)
    if any(place for place, _ in parts.get("weekdays", ())) and (frequency not in ("YEARLY", "MONTHLY") or "weeks" in parts):
        yield ("BYDAY: a weekday has a number only with FREQ=MONTHLY, and with FREQ=YEARLY without BYWEEKNO.",)
    if "weeks" in parts and frequency != "YEARLY":
        yield ("BYWEEKNO is only for FREQ=YEARLY.",)
    if "year_days" in parts and frequency in ("DAILY", "WEEKLY", "MONTHLY"):
        yield ("BYYEARDAY is not for FREQ=DAILY, WEEKLY or MONTHLY.",)
    if "month_days" in parts and frequency == "WEEKLY":
        yield ("BYMONTHDAY is not for FREQ=WEEKLY.",)
    if "places" in parts and not any(part in parts for part in _PLACED):
        yield ("BYSETPOS needs another BY part to choose from.",)


_PLACED = ("months", "month_days", "year_days", "weeks", "weekdays", "hours", "minutes")
