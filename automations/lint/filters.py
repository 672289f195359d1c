"""Filters whose answer is known before they are asked."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Any, cast

from automations.filters import All, Any_, FieldFilter, Filter, Leaf, RelatedFilter, VariableFilter, describe_filter
from automations.lint.subject import Subject, hint, warning
from automations.operators import ALIASES, POSITIVES
from automations.problems import Problem

Group = tuple[str, All | Any_, Sequence[tuple[str, Leaf]]]
"""A group with its path, and the leaves that stand in it directly, with theirs."""

_PAIRS = 50
"""Leaves of a group that are compared with each other."""

_BOUNDS = {">": (1, True), ">=": (1, False), "<": (-1, True), "<=": (-1, False)}
"""Whether it is a lower (1) or an upper bound, and whether it leaves the bound itself out."""


def never_true(subject: Subject) -> Iterator[Problem]:
    for _, first, path, second in _pairs(subject, All):
        if _excludes(first, second) or _excludes(second, first):
            sentence = f"Nothing fits both {describe_filter(first)} and {describe_filter(second)}: the answer is always no."
            yield warning(path, "never_true", sentence)


def always_true(subject: Subject) -> Iterator[Problem]:
    for _, first, path, second in _pairs(subject, Any_):
        if _negates(first, second) or _negates(second, first):
            sentence = f"Everything fits {describe_filter(first)} or {describe_filter(second)}: the answer is always yes."
            yield warning(path, "always_true", sentence)


def repeated_filter(subject: Subject) -> Iterator[Problem]:
    for _, first, path, second in _pairs(subject, (All, Any_)):
        if _op(first) == _op(second) and _same(first.value, second.value):
            yield hint(path, "repeated_filter", f"The same is asked twice: {describe_filter(second)}.")


def _pairs(subject: Subject, kind: Any) -> Iterator[tuple[str, Leaf, str, Leaf]]:
    """Two leaves of one group that are about the same."""
    groups = [group for path, filter in subject.filters for group in _groups(filter, path)]
    for _, group, leaves in groups:
        if isinstance(group, kind):
            for (path, first), (other, second) in combinations(leaves[:_PAIRS], 2):
                if first.ref == second.ref:
                    yield path, first, other, second


def _groups(filter: Filter, path: str) -> Iterator[Group]:
    match filter:
        case All() | Any_():
            key, members = ("all", filter.all) if isinstance(filter, All) else ("any", filter.any)
            placed = [(f"{path}.{key}[{index}]", member) for index, member in enumerate(members)]
            leaves = [(place, each) for place, each in placed if isinstance(each, FieldFilter | VariableFilter | RelatedFilter)]
            yield path, filter, leaves
            for place, member in placed:
                yield from _groups(member, place)
        case _:
            return


def _op(leaf: Leaf) -> str:
    """`is_blank: false` is `is_not_blank`."""
    op = ALIASES.get(leaf.op, leaf.op)
    if op in ("is_blank", "is_not_blank") and leaf.value in (False, "false", "no"):
        return "is_not_blank" if op == "is_blank" else "is_blank"
    return op


def _negates(first: Leaf, second: Leaf) -> bool:
    op = _op(second)
    return POSITIVES.get(_op(first)) == op and (op == "is_blank" or _same(first.value, second.value))


def _excludes(first: Leaf, second: Leaf) -> bool:
    ops = (_op(first), _op(second))
    if _negates(first, second):
        return True
    if ops[0] == "is_blank":
        return ops[1] not in POSITIVES and ops[1] != "is_blank"
    if ops == ("=", "="):
        return not _same(first.value, second.value)
    if ops == ("=", "is_any_of") and isinstance(second.value, list) and not isinstance(first.value, list):
        return not any(_same(first.value, each) for each in second.value)
    return _is_empty_range(first, second)


def _is_empty_range(first: Leaf, second: Leaf) -> bool:
    low, high = _number(first.value), _number(second.value)
    if low is None or high is None or _op(second) not in _BOUNDS:
        return False
    side, is_strict = _BOUNDS[_op(second)]
    if _op(first) == "=":
        return low * side <= high * side if is_strict else low * side < high * side
    if _op(first) not in _BOUNDS or (_BOUNDS[_op(first)][0], side) != (1, -1):
        return False
    return low > high or (low == high and (is_strict or _BOUNDS[_op(first)][1]))


def _same(first: object, second: object) -> bool:
    if isinstance(first, list) or isinstance(second, list):
        return _items(cast(object, first)) == _items(cast(object, second))
    numbers = _number(first), _number(second)
    return numbers[0] == numbers[1] if None not in numbers else str(first).lower() == str(second).lower()


def _items(value: object) -> frozenset[str]:
    """One value is a list of one."""
    items = cast(list[object], value) if isinstance(value, list) else [value]
    return frozenset(str(item).lower() for item in items)


def _number(value: object) -> Decimal | None:
    try:
        number = None if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
