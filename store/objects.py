"""Objects: the definitions that records are written by."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from automations.errors import FieldValueError
from automations.field_values import field_value
from automations.fields import FieldDefinition, MoneyField, ObjectDefinition, RelationshipField
from store.database import Connection
from store.errors import FieldTypeInUseError
from store.ids import new_id
from store.sql import QUERIES


@dataclass(frozen=True)
class StoredObject:
    id: UUID
    revision: int
    definition: ObjectDefinition


async def put_object(connection: Connection, definition: ObjectDefinition) -> StoredObject:
    """Creates or replaces it. Raises FieldTypeInUseError."""
    async with connection.transaction():
        made = await QUERIES.insert_object(
            connection, id=new_id(), api_name=definition.api_name, definition=definition.model_dump(mode="json")
        )
        return _stored(made) if made else await _replace_object(connection, definition)


async def _replace_object(connection: Connection, definition: ObjectDefinition) -> StoredObject:
    old = await lock_object(connection, definition.api_name)
    assert old, "objects are not deleted"
    if in_use := await _fields_in_use(connection, old, definition):
        raise FieldTypeInUseError(definition.api_name, in_use)
    return _stored(await QUERIES.update_object(connection, id=old.id, definition=definition.model_dump(mode="json")))


async def _fields_in_use(connection: Connection, old: StoredObject, new: ObjectDefinition) -> list[str]:
    """The fields that would misread what records hold: those of another type now, and deleted ones that come back as another."""
    before = {field.name: field for field in old.definition.fields}
    changed = [field.name for field in new.fields if field.name in before and _meaning(field) != _meaning(before[field.name])]
    rows = QUERIES.list_fields_in_use(connection, object_id=old.id, fields=changed)
    in_use = [row["field"] async for row in rows] if changed else []
    added = [field for field in new.fields if field.name not in before]
    return in_use + [field.name for field in added if not await _fits_what_is_held(connection, old.id, field)]


def _meaning(field: FieldDefinition) -> tuple[str, str | None]:
    """Two fields of the same meaning can read each other's values."""
    match field:
        case RelationshipField():
            return field.type, field.object
        case MoneyField():
            return field.type, field.currency
        case _:
            return field.type, None


async def _fits_what_is_held(connection: Connection, object_id: UUID, field: FieldDefinition) -> bool:
    rows = QUERIES.list_held_values(connection, object_id=object_id, field=field.name)
    return all([_fits(field, row["held"]) async for row in rows])


def _fits(field: FieldDefinition, held: Any) -> bool:
    try:
        return field_value(field, held) == held
    except FieldValueError:
        return False


async def lock_object(connection: Connection, api_name: str) -> StoredObject | None:
    """As it is until the end of the transaction."""
    row = await QUERIES.lock_object(connection, api_name=api_name)
    return _stored(row) if row else None


async def read_object(connection: Connection, api_name: str) -> StoredObject | None:
    row = await QUERIES.read_object(connection, api_name=api_name)
    return _stored(row) if row else None


async def read_object_by_id(connection: Connection, object_id: UUID) -> StoredObject | None:
    row = await QUERIES.read_object_by_id(connection, id=object_id)
    return _stored(row) if row else None


async def hold_object(connection: Connection, object_id: UUID) -> StoredObject:
    """The definition, kept from changing until the transaction ends. The object exists: objects are not deleted."""
    return _stored(await QUERIES.hold_object(connection, id=object_id))


async def list_objects(connection: Connection, *, cursor: str | None = None, size: int = 50) -> list[StoredObject]:
    """By api_name."""
    return [_stored(row) async for row in QUERIES.list_objects(connection, cursor=cursor, size=size)]


def _stored(row: Any) -> StoredObject:
    return StoredObject(row["id"], row["revision"], ObjectDefinition.model_validate(row["definition"]))
