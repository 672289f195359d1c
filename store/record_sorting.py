"""Orders of records, a page at a time: by several keys, blanks last, records that are alike by their ids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from automations.errors import EverstepError, FilterError
from automations.fields import ObjectDefinition
from store.filter_sql import Parameters, value_of
from store.filter_sql.leaves import as_day, as_moment, as_number
from store.filter_sql.subjects import Subject

KEY_LIMIT = 3
_TEXT_LIMIT = 100
"""Characters of a text that count, so that a cursor has its place in an address."""

_TEXTS = frozenset(
    {"text", "email", "phone", "dropdown", "radio", "status", "stage", "yes_no_maybe", "timezone", "yes_no", "checkbox"}
)
_NUMBERS = frozenset({"integer", "decimal", "money", "rating"})


class InvalidSortError(EverstepError):
    """By something that the object does not have, or that has no order."""

    code = "invalid_sort"


class InvalidPositionError(EverstepError):
    """A cursor that is none of this order."""

    code = "invalid_cursor"


@dataclass(frozen=True)
class SortKey:
    """A field or one of name, stage, created_at, updated_at."""

    field: str
    descending: bool = False


@dataclass(frozen=True)
class _Key:
    """`read` makes a value of the SQL `type` of what a cursor says."""

    sql: str
    type: str
    descending: bool
    read: Callable[[Any], Any]
    is_blank_last: bool = True

    @property
    def order(self) -> str:
        last = " nulls last" if self.is_blank_last and self.descending else ""
        return f"{self.sql}{' desc' if self.descending else ''}{last}"


class Order:
    """Of the records `r` of a statement. Raises InvalidSortError."""

    def __init__(self, keys: Sequence[SortKey], definition: ObjectDefinition, parameters: Parameters) -> None:
        if len(keys) > KEY_LIMIT:
            raise InvalidSortError(f"Records are sorted by {KEY_LIMIT} fields at most.")
        self._keys = [_key(key, definition, parameters) for key in keys]
        self._parameters = parameters
        self._last_descends = bool(keys) and keys[-1].descending

    @property
    def columns(self) -> str:
        """What a cursor is made of, as sort_0 and so on."""
        return "".join(f", {key.sql} as sort_{number}" for number, key in enumerate(self._keys))

    @property
    def order_by(self) -> str:
        return ", ".join([*(key.order for key in self._keys), f"r.id{' desc' if self._last_descends else ''}"])

    def after(self, cursor: Sequence[Any]) -> str:
        """The records behind a cursor. Raises InvalidPositionError."""
        *values, id = cursor
        alike: list[str] = []
        said: list[str] = []
        for key, value in zip(self._keys, self._read(values), strict=True):
            later, equal = self._beside(key, value)
            said += [" and ".join([*alike, later])] if later else []
            alike.append(equal)
        bound = self._parameters.add(id, "uuid")
        said.append(" and ".join([*alike, f"r.id {'<' if self._last_descends else '>'} {bound}"]))
        return " or ".join(f"({each})" for each in said)

    def _read(self, values: Sequence[Any]) -> list[Any]:
        try:
            return [None if value is None else key.read(value) for key, value in zip(self._keys, values, strict=True)]
        except (ValueError, TypeError, ArithmeticError):
            raise InvalidPositionError("The cursor is not one of this list: begin again without one.") from None

    def _beside(self, key: _Key, value: Any) -> tuple[str, str]:
        """What comes later by this key, empty where nothing does, and what is alike."""
        if value is None:
            return "", f"({key.sql}) is null"
        bound = self._parameters.add(value, key.type)
        blanks = f" or ({key.sql}) is null" if key.is_blank_last else ""
        return f"(({key.sql}) {'<' if key.descending else '>'} {bound}{blanks})", f"({key.sql}) = {bound}"

    def cursor(self, row: Any) -> list[Any]:
        """As JSON: the keys of a row and its id."""
        return [*(_written(row[f"sort_{number}"]) for number in range(len(self._keys))), str(row["id"])]


def _key(key: SortKey, definition: ObjectDefinition, parameters: Parameters) -> _Key:
    try:
        subject = value_of("r", key.field, definition, parameters)
    except FilterError as error:
        raise InvalidSortError(error.sentence) from error
    return _typed(subject, key)


def _typed(subject: Subject, key: SortKey) -> _Key:
    if subject.moment is not None:
        return _Key(subject.moment, "timestamptz", key.descending, _moment, is_blank_last=False)
    if subject.type in _NUMBERS:
        return _Key(as_number(subject.text), "numeric", key.descending, _number)
    if subject.type in ("date", "datetime"):
        found = as_day(subject.text) if subject.type == "date" else as_moment(subject.text)
        return _Key(found, "text", key.descending, _text)
    if subject.type in _TEXTS:
        found = (
            f"coalesce({subject.text}, 'false')" if subject.type == "checkbox" else f"left(lower({subject.text}), {_TEXT_LIMIT})"
        )
        return _Key(found, "text", key.descending, _text)
    raise InvalidSortError(f"Records are not sorted by {key.field}: it is of type {subject.type}.")


def _moment(raw: Any) -> datetime:
    return datetime.fromisoformat(raw).astimezone(UTC)


def _number(raw: Any) -> Decimal:
    found = Decimal(raw)
    if not found.is_finite() or abs(found.adjusted()) > 1_000:
        raise ValueError(raw)
    return found


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError(raw)
    return raw


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
