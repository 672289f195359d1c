"""Which operators a type of value has, and what they mean.

    text, string, name, email           =  !=  contains  starts_with  ends_with and their not_ forms
    phone                               =  contains
    numbers, rating                     =  !=  <  <=  >  >=  between; a rating also is_any_of  is_none_of
    date, datetime                      =  !=  <  <=  >  >=  between  month_equals (1 to 12; of a datetime, in UTC)
    dropdown, radio, status, stage, …   =  !=  is_any_of  is_none_of
    checkboxes, tags, list variables    has  has_not  has_any  has_none  has_all
    relationship                        contains  not_contains  is_any_of  is_none_of
    files                               >  >=  <, comparing how many there are

and is_blank, is_not_blank for all but `stage` and `checkbox`. A list variable's type is written `number[]`.
Text is compared without regard to case; options, tags and ids are compared as they are.

**Blank** matches nothing but is_blank and the negative operators (!=, not_…, is_none_of, has_not, has_none), each of
which is the exact opposite of its positive form. A checkbox is never blank: one that was never ticked is false.

Not supported here: `is_me`, `time_in_stage`, `entered_stage`, `left_stage`.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from automations import scalars
from automations.scalars import UnfitError, is_blank

ALIASES = {
    "!contains": "not_contains",
    "!starts_with": "not_starts_with",
    "!ends_with": "not_ends_with",
    "!has": "has_not",
    "!has_any": "has_none",
}
"""Other spellings that are understood."""

POSITIVES = {
    "!=": "=",
    "not_contains": "contains",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
    "is_none_of": "is_any_of",
    "has_not": "has",
    "has_none": "has_any",
    "is_not_blank": "is_blank",
}
"""Of each negative operator the one it negates."""

_BLANK = frozenset({"is_blank", "is_not_blank"})
_EQUAL = frozenset({"=", "!="}) | _BLANK
_AMONG = frozenset({"is_any_of", "is_none_of"})
_CHOICE = _EQUAL | _AMONG
_ORDER = _EQUAL | {"<", "<=", ">", ">=", "between"}
_TIME = _ORDER | {"month_equals"}
_TEXT = _EQUAL | {"contains", "not_contains", "starts_with", "not_starts_with", "ends_with", "not_ends_with"}
_SET = _BLANK | {"has", "has_not", "has_any", "has_none", "has_all"}


@dataclass(frozen=True)
class _Kind:
    """How a type is compared: its operators, and what Python compares of a found value and of one wanted value."""

    operators: frozenset[str]
    wanted: Callable[[object], Any]
    found: Callable[[object], Any]
    is_set: bool = False


def _single(operators: frozenset[str], reading: Callable[[object], Any]) -> _Kind:
    return _Kind(operators, wanted=reading, found=reading)


def _set(operators: frozenset[str], item: Callable[[object], Any]) -> _Kind:
    return _Kind(operators, wanted=item, found=lambda raw: _each(item, raw), is_set=True)


def _each(item: Callable[[object], Any], raw: object) -> frozenset[Any]:
    return frozenset(item(value) for value in scalars.items(raw))


def _caseless(raw: object) -> str:
    # As store/filter_sql says it in SQL: lower() and not casefold(), and one sigma wherever it stands in its word.
    return scalars.long_text(raw).lower().replace("ς", "σ")


_KINDS: Mapping[str, _Kind] = {
    **dict.fromkeys(("text", "email", "string"), _single(_TEXT, _caseless)),
    **dict.fromkeys(("longtext", "wysiwyg"), _single(_BLANK, _caseless)),
    "phone": _single(_BLANK | {"=", "contains"}, scalars.phone_part),
    **dict.fromkeys(("integer", "decimal", "money", "number"), _single(_ORDER, scalars.number)),
    "rating": _single(_ORDER | _AMONG, scalars.number),
    "date": _single(_TIME, scalars.day),
    "datetime": _single(_TIME, scalars.moment),
    **dict.fromkeys(("dropdown", "radio", "status"), _single(_CHOICE, scalars.item_text)),
    "stage": _single(_CHOICE - _BLANK, scalars.item_text),
    "yes_no_maybe": _single(_CHOICE, scalars.yes_no_maybe),
    "timezone": _single(_EQUAL, scalars.timezone),
    "checkbox": _single(frozenset({"="}), lambda raw: False if is_blank(raw) else scalars.boolean(raw)),
    **dict.fromkeys(("yes_no", "boolean"), _single(_EQUAL, scalars.boolean)),
    **dict.fromkeys(("checkboxes", "tags"), _set(_SET, scalars.item_text)),
    "team_selector": _set(_CHOICE, scalars.uuid_text),
    "relationship": _set(_BLANK | _AMONG | {"contains", "not_contains"}, scalars.uuid_text),
    **dict.fromkeys(("uuid", "employee", "record"), _single(_CHOICE, scalars.uuid_text)),
    "files": _Kind(_BLANK | {">", ">=", "<"}, wanted=scalars.number, found=lambda raw: Decimal(len(scalars.items(raw)))),
}

_ALL = frozenset[str]().union(*(kind.operators for kind in _KINDS.values()))


def _kind(type: str) -> _Kind | None:
    item = _KINDS.get(type.removesuffix("[]"))
    return _set(_SET, item.wanted) if item and type.endswith("[]") else item


def operator_name(op: str) -> str | None:
    """The operator that a document's `op` stands for, None if there is none."""
    name = ALIASES.get(op, op)
    return name if name in _ALL else None


def operators_for(type: str) -> frozenset[str]:
    """The operators of a field or variable type; none for a type that does not exist."""
    kind = _kind(type)
    return kind.operators if kind else frozenset()


def comparable(type: str | None, raw: object) -> Any:
    """What `=` compares of one value of the type, or of one in its list; without a type, of its text. Raises UnfitError."""
    if type == "files":
        return scalars.text(raw)
    kind = _KINDS.get((type or "string").removesuffix("[]"), _KINDS["string"])
    return kind.wanted(str(raw) if isinstance(raw, bool) and type in (None, "string", "string[]") else raw)


def operand(type: str, op: str, raw: object) -> Any:
    """What is wanted, as `is_match` compares it. Raises UnfitError if the operator cannot work with it."""
    kind, positive = _known(type, op)
    if positive == "is_blank":
        return True if raw is None else scalars.boolean(raw)
    if is_blank(raw):
        raise UnfitError("a value (is_blank asks for none)")
    if positive == "month_equals":
        return _month(raw)
    if positive == "between":
        return _range(kind, raw)
    return _several(kind, raw) if kind.is_set or positive == "is_any_of" else kind.wanted(raw)


def is_match(type: str, op: str, found: object, wanted: Any) -> bool:
    """Whether a found value is as wanted; `wanted` is an `operand`. Raises UnfitError if `found` is not of the type."""
    kind, positive = _known(type, op)
    if positive != op:
        return not is_match(type, positive, found, wanted)
    if op == "is_blank":
        return is_blank(found) is wanted
    if is_blank(found) and type != "checkbox":
        return False
    return bool((_SET_TESTS if kind.is_set else _TESTS)[op](kind.found(found), wanted))


def _known(type: str, op: str) -> tuple[_Kind, str]:
    kind = _kind(type)
    if kind is None or op not in kind.operators:
        raise UnfitError(f"compared otherwise: {type} has no operator {op}")
    return kind, POSITIVES.get(op, op)


def _month(raw: object) -> int:
    month = scalars.integer(raw)
    if not 1 <= month <= 12:
        raise UnfitError("a month from 1 to 12")
    return month


def _range(kind: _Kind, raw: object) -> tuple[Any, Any]:
    ends = [kind.wanted(value) for value in scalars.items(raw)]
    if len(ends) != 2 or ends[0] > ends[1]:
        raise UnfitError("a list of two, the lower one first")
    return ends[0], ends[1]


def _several(kind: _Kind, raw: object) -> frozenset[Any]:
    wanted = _each(kind.wanted, raw)
    if not wanted:
        raise UnfitError("a list with a value in it")
    return wanted


_TESTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "between": lambda found, wanted: wanted[0] <= found <= wanted[1],
    "month_equals": lambda found, wanted: found.month == wanted,
    "contains": operator.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "is_any_of": lambda found, wanted: found in wanted,
}

_SET_TESTS: Mapping[str, Callable[[frozenset[Any], frozenset[Any]], bool]] = {
    "=": operator.eq,
    "contains": operator.ge,
    "has": operator.ge,
    "has_all": operator.ge,
    "has_any": lambda found, wanted: not found.isdisjoint(wanted),
    "is_any_of": lambda found, wanted: not found.isdisjoint(wanted),
}
