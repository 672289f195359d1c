"""One record for one value: changed where there is one that holds it, created where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from automations import scalars
from automations.errors import EverstepError, FieldValueError
from automations.field_values import field_value
from automations.fields import ObjectDefinition
from store.database import Connection
from store.errors import RecordArchivedError
from store.events import BY_HAND, Origin
from store.objects import StoredObject, hold_object
from store.records import Attributes, change_record, create_record, unarchive_record
from store.sql import QUERIES

OnArchived = Literal["unarchive", "refuse", "create"]

MATCHING_TYPES = frozenset({"email", "text", "phone", "integer", "decimal", "money"})
_SHOWN = 10


class InvalidMatchError(EverstepError):
    """By a field that the object does not have, or a value that no record could hold."""

    code = "invalid_match"


class SeveralRecordsError(EverstepError):
    code = "several_records"

    def __init__(self, field: str, ids: list[UUID]) -> None:
        more = " and more" if len(ids) > _SHOWN else ""
        said = ", ".join(str(id) for id in ids[:_SHOWN])
        super().__init__(f"Several records have this {field}: {said}{more}. Change one of them by its id.")


@dataclass(frozen=True)
class Match:
    """What a record is known by: a field and its canonical value, or the name."""

    field: str
    value: Any

    @classmethod
    def of(cls, definition: ObjectDefinition, field: str, raw: object) -> "Match":
        """Raises InvalidMatchError."""
        if scalars.is_blank(raw):
            raise InvalidMatchError(f"Say which {field} the record has.")
        try:
            return cls(field, scalars.item_text(raw) if field == "name" else _canonical(definition, field, raw))
        except FieldValueError as error:
            raise InvalidMatchError(error.sentence) from error
        except scalars.UnfitError as unfit:
            raise InvalidMatchError(unfit.sentence(field, raw)) from unfit

    @property
    def values(self) -> dict[str, Any]:
        return {} if self.field == "name" else {self.field: self.value}


def _canonical(definition: ObjectDefinition, name: str, raw: object) -> Any:
    field = definition.field(name)
    if field is None or field.type not in MATCHING_TYPES:
        known = ", ".join(["name", *(each.name for each in definition.fields if each.type in MATCHING_TYPES)])
        raise InvalidMatchError(f"Records of {definition.api_name} are matched by one of: {known}.")
    return field_value(field, raw)


@dataclass(frozen=True)
class Upserted:
    row: Any
    created: bool


async def upsert_record(
    connection: Connection,
    stored: StoredObject,
    match: Mapping[str, object],
    *,
    values: Mapping[str, object],
    attributes: Attributes,
    on_archived: OnArchived,
    now: datetime,
    origin: Origin = BY_HAND,
) -> Upserted:
    """However many do the same at once, there is one record after it. `match` is one field, or the name, and its value.

    Raises InvalidMatchError, SeveralRecordsError, RecordArchivedError and RecordValueErrors.
    """
    async with connection.transaction():
        definition = (await hold_object(connection, stored.id)).definition
        [(field, raw)] = match.items()
        known_by = Match.of(definition, field, raw)
        found = await _found(connection, stored.id, known_by, on_archived)
        if found is None:
            given = {"name": str(known_by.value), **attributes}
            row = await create_record(connection, stored, values={**known_by.values, **values}, now=now, origin=origin, **given)
            return Upserted(row, True)
        if found["archived_at"] is not None:
            await unarchive_record(connection, found["id"], now=now, origin=origin)
        changed = await change_record(connection, found["id"], values=values, now=now, origin=origin, **attributes)
        return Upserted(changed, False)


async def _found(connection: Connection, object_id: UUID, match: Match, on_archived: OnArchived) -> Any | None:
    """The one that is not archived; where there is none, the archived one, unless another is to be created beside it."""
    rows = await list_matches(connection, object_id, match)
    rows = [row for row in rows if row["archived_at"] is None] or ([] if on_archived == "create" else rows)
    if len(rows) > 1:
        raise SeveralRecordsError(match.field, [row["id"] for row in rows])
    if rows and rows[0]["archived_at"] is not None and on_archived == "refuse":
        raise RecordArchivedError(rows[0]["id"])
    return rows[0] if rows else None


async def list_matches(connection: Connection, object_id: UUID, match: Match) -> list[Any]:
    """`id` and `archived_at` of the first few, the archived ones last. Who looks for the same waits for the transaction's end."""
    key = str(match.value).lower() if match.field == "name" else str(match.value)
    await QUERIES.take_turn_with_match(connection, key=f"{object_id}/{match.field}/{key}")
    asked = {"object_id": object_id, "size": _SHOWN + 1}
    if match.field == "name":
        return [row async for row in QUERIES.find_matches_by_name(connection, name=match.value, **asked)]
    return [row async for row in QUERIES.find_matches_by_value(connection, held=match.values, **asked)]
