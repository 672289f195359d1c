"""Cron rules: minute, hour, day of the month, month, day of the week."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from automations.recurrence.mistakes import Mistake, RecurrenceError
from automations.recurrence.walls import Calendar, Calendars

_SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LONGEST = dict.fromkeys(range(1, 13), 31) | dict.fromkeys((4, 6, 9, 11), 30) | {2: 29}
_PART = re.compile(r"(?P<any>\*)|(?P<first>[^-/]+)(-(?P<last>[^-/]+))?")


def _numbered(names: str, first: int) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


@dataclass(frozen=True)
class _Field:
    name: str
    first: int
    last: int
    names: Mapping[str, int] = field(default_factory=dict[str, int])


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1)),
    _Field("day of the week", 0, 7, _numbered("sun mon tue wed thu fri sat", 0)),
)


class _UnfitError(Exception):
    """With what is wrong with a field."""


def read_cron(text: str) -> Calendars:
    """The times of a rule such as `30 9 * * mon-fri`. Raises RecurrenceError.

    Where both days are said, either fits; one that begins with `*` is not said.
    """
    given = _SHORTHANDS.get(text.strip().lower(), text).split()
    if len(given) != len(_FIELDS):
        raise RecurrenceError([Mistake("invalid_cron", _wrong_count(text, len(given)))])
    values: list[tuple[int, ...]] = []
    mistakes: list[Mistake] = []
    for of, said in zip(_FIELDS, given, strict=True):
        try:
            values.append(_values(of, said.lower()))
        except _UnfitError as unfit:
            mistakes.append(Mistake("invalid_cron", f"The {of.name} {said[:40]!r}: {unfit}."))
    if mistakes:
        raise RecurrenceError(mistakes)
    return _calendars(values, is_day_said=given[2][0] != "*", is_weekday_said=given[4][0] != "*")


def _wrong_count(text: str, count: int) -> str:
    if text.strip().startswith("@"):
        return f"There is no {text.strip()[:40]!r}; there are {', '.join(_SHORTHANDS)}."
    names = ", ".join(of.name for of in _FIELDS)
    return f"A cron rule has five fields ({names}), this one has {count}."


def _calendars(values: list[tuple[int, ...]], *, is_day_said: bool, is_weekday_said: bool) -> Calendars:
    minutes, hours, days, months, week = values
    weekdays = tuple(sorted({day % 7 for day in week}))
    if is_day_said and is_weekday_said:
        of_week = Calendar(minutes, hours, months=months, weekdays=weekdays)
        return Calendars((Calendar(minutes, hours, days, months), of_week) if _exists(days, months) else (of_week,))
    if not _exists(days, months):
        raise RecurrenceError([Mistake("never_fires", "It never fires: none of its months has such a day.")])
    return Calendars((Calendar(minutes, hours, days, months, weekdays),))


def _exists(days: tuple[int, ...], months: tuple[int, ...]) -> bool:
    return min(days) <= max(_LONGEST[month] for month in months)


def _values(of: _Field, said: str) -> tuple[int, ...]:
    return tuple(sorted({value for part in said.split(",") for value in _part(of, part)}))


def _part(of: _Field, part: str) -> Iterator[int]:
    bounds, slash, step_said = part.partition("/")
    found = _PART.fullmatch(bounds)
    if found is None:
        raise _UnfitError("it is no number, range, list or step such as 5, 1-5, 1,3 or */15")
    step = _step(of, step_said) if slash else 1
    if found["any"]:
        return iter(range(of.first, of.last + 1, step))
    first = _value(of, found["first"])
    last = _value(of, found["last"]) if found["last"] else of.last if slash else first
    if last == 0 < first and of.last == 7:  # a week may end with Sunday
        last = 7
    if last < first:
        raise _UnfitError(f"the range {bounds} ends before it begins")
    return iter(range(first, last + 1, step))


def _step(of: _Field, said: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", said) or not 1 <= int(said) <= of.last:
        raise _UnfitError(f"a step is a number from 1 to {of.last}")
    return int(said)


def _value(of: _Field, said: str) -> int:
    if said in of.names:
        return of.names[said]
    if not re.fullmatch(r"[0-9]{1,4}", said):
        named = f", or one of {', '.join(of.names)}" if of.names else ""
        raise _UnfitError(f"{said} is no number{named}")
    if not of.first <= int(said) <= of.last:
        raise _UnfitError(f"{said} is not from {of.first} to {of.last}")
    return int(said)
