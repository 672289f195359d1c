"""One leaf of a filter as a condition in SQL, that is null where what is kept is not of the type that the field says.

Each says of a value what `automations/operators.py` says of it. No cast is made of text that it could not be made of: a query
looks at records in any order, those of other objects among them.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from automations import scalars
from automations.operators import POSITIVES
from store.filter_sql.parameters import Parameters
from store.filter_sql.subjects import Subject

_NUMBER = r"'^\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[-+]?[0-9]{1,3})?\s*$'"
_DAY = "'^[0-9]{4}-[0-9]{2}-[0-9]{2}$'"
_MOMENT = r"'^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$'"

_Test = Callable[[Subject, str, Any, Parameters], str]


def condition_of(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    """`wanted` is an `operand`."""
    positive = POSITIVES.get(op, op)
    said = _positive(subject, positive, wanted, parameters)
    return said if positive == op else f"not ({said})"


def _positive(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    if op == "is_blank":
        return f"{subject.text} is {'' if wanted else 'not '}null"
    if subject.type == "checkbox":
        return f"coalesce({subject.text}, 'false') = {parameters.add(_word(wanted), 'text')}"
    return f"case when {subject.text} is null then false else {TESTS[subject.type](subject, op, wanted, parameters)} end"


def _word(value: bool) -> str:
    return "true" if value else "false"


def as_number(text: str) -> str:
    """Null where it is none."""
    return f"case when {text} ~* {_NUMBER} then {text}::numeric end"


def as_day(text: str) -> str:
    return f'case when {text} ~ {_DAY} then {text} end collate "C"'


def as_moment(text: str) -> str:
    """Text without its Z: a fraction of a second, which is written only where there is one, comes after none."""
    return f"case when {text} ~ {_MOMENT} then rtrim({text}, 'Z') end collate \"C\""


def _text(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    return _in_text(parameters.caseless(subject.text), op, wanted, parameters)


def _phone(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    return _in_text(subject.text, op, wanted, parameters)


def _in_text(found: str, op: str, wanted: str, parameters: Parameters) -> str:
    value = parameters.add(wanted, "text")
    match op:
        case "contains":
            return f"strpos({found}, {value}) > 0"
        case "starts_with":
            return f"starts_with({found}, {value})"
        case "ends_with":
            return f'right({found}, length({value})) collate "C" = {value}'
        case _:
            return f'({found}) collate "C" = {value}'


def _number(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    found = as_number(subject.text)
    if op == "is_any_of":
        return f"({found}) = any({parameters.add(list(wanted), 'numeric[]')})"
    return _ordered(found, op, wanted, lambda value: parameters.add(value, "numeric"))


def _day(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    found = as_day(subject.text)
    return _dated(found, op, wanted, date.isoformat, parameters)


def _moment(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    if subject.moment is None:
        found = as_moment(subject.text)
        return _dated(found, op, wanted, lambda value: scalars.moment_text(value).removesuffix("Z"), parameters)
    if op == "month_equals":
        return f"extract(month from {subject.moment} at time zone 'UTC') = {parameters.add(wanted, 'integer')}"
    return _ordered(subject.moment, op, wanted, lambda value: parameters.add(value, "timestamptz"))


def _dated(found: str, op: str, wanted: Any, written: Callable[[Any], str], parameters: Parameters) -> str:
    if op == "month_equals":
        return f"substr({found}, 6, 2) = {parameters.add(f'{wanted:02}', 'text')}"
    return _ordered(found, op, wanted, lambda value: parameters.add(written(value), "text"))


def _ordered(found: str, op: str, wanted: Any, added: Callable[[Any], str]) -> str:
    if op == "between":
        return f"({found}) between {added(wanted[0])} and {added(wanted[1])}"
    return f"({found}) {op} {added(wanted)}"


def _choice(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    values = sorted(wanted) if op == "is_any_of" else [wanted]
    return f'{subject.text} collate "C" = any({parameters.add(values, "text[]")})'


def _boolean(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    found = f"case {subject.text} when 'true' then true when 'false' then false end"
    return f"({found}) = {parameters.add(wanted, 'boolean')}"


def _set(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    found = f"case when jsonb_typeof({subject.json}) = 'array' then {subject.json} end"
    if op in ("has_any", "is_any_of"):
        return f"({found}) ?| {parameters.add(sorted(wanted), 'text[]')}"
    every = parameters.add(sorted(wanted), "jsonb")
    has_all = f"({found}) @> {every}"
    return f"({has_all} and ({found}) <@ {every})" if op == "=" else has_all


def _files(subject: Subject, op: str, wanted: Any, parameters: Parameters) -> str:
    found = f"case when jsonb_typeof({subject.json}) = 'array' then jsonb_array_length({subject.json}) end"
    return f"({found}) {op} {parameters.add(wanted, 'numeric')}"


TESTS: Mapping[str, _Test] = {
    **dict.fromkeys(("text", "email"), _text),
    "phone": _phone,
    **dict.fromkeys(("integer", "decimal", "money", "rating"), _number),
    "date": _day,
    "datetime": _moment,
    **dict.fromkeys(("dropdown", "radio", "status", "stage", "yes_no_maybe", "timezone"), _choice),
    "yes_no": _boolean,
    **dict.fromkeys(("checkboxes", "tags", "team_selector", "relationship"), _set),
    "files": _files,
}
"""By the types of fields that have more than blanks to ask for."""


def held_by(subject: Subject, op: str, wanted: Any) -> list[dict[str, Any]]:
    """What records hold one of, if they fit: what an index finds. Nothing where there is no saying."""
    if subject.field is None:
        return []
    return [{subject.field: value} for value in _held(subject.type, op, wanted)]


def _held(type: str, op: str, wanted: Any) -> list[Any]:
    test = TESTS.get(type)
    if test is _choice and op in ("=", "is_any_of"):
        return sorted(wanted) if op == "is_any_of" else [wanted]
    if test is _set and op in ("has_any", "is_any_of"):
        return [[value] for value in sorted(wanted)]
    if test is _set and op in ("=", "contains", "has", "has_all"):
        return [sorted(wanted)]
    if op != "=":
        return []
    if type in ("integer", "rating"):
        return [int(wanted)] if wanted == int(wanted) else []
    return [_written(wanted)] if test in (_day, _moment, _phone, _boolean) else []


def _written(wanted: Any) -> Any:
    if isinstance(wanted, datetime):
        return scalars.moment_text(wanted)
    return wanted.isoformat() if isinstance(wanted, date) else wanted
