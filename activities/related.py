"""What stands one relationship away from a record: the first record behind a field, or an employee."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from activities.definitions import Definitions
from automations.errors import FilterError
from automations.failures import ExpectedFailure
from automations.fields import ATTRIBUTES, ObjectDefinition, RelationshipField, TeamSelectorField
from automations.filter_evaluation import Typed
from store.database import Connection
from store.objects import read_object
from store.records import list_records_by_ids
from store.team import list_employees_by_ids


def own_attributes(
    *, name: str, stage: str | None, owner_id: UUID | None, created_at: datetime, updated_at: datetime
) -> dict[str, Any]:
    """In canonical form."""
    return {
        "name": name, "stage": stage, "owner": str(owner_id) if owner_id else None, "created_at": created_at.isoformat(),
        "updated_at": updated_at.isoformat(),
    }  # fmt: skip


def own_of(row: Any) -> dict[str, Any]:
    """Of a row of `records`."""
    names = ("name", "stage", "owner_id", "created_at", "updated_at")
    return own_attributes(**{name: row[name] for name in names})


def typed_value(own: Mapping[str, Any], values: Mapping[str, Any], definition: ObjectDefinition, name: str) -> Typed | None:
    """As filters read it; None for a name that the object does not have."""
    if name in ATTRIBUTES:
        value = own.get(name)
        return Typed(ATTRIBUTES[name], [value] if name == "owner" and value else value)
    field = definition.field(name)
    return Typed(field.type, values.get(name)) if field else None


_OF_EMPLOYEES = ("email", "roles", "phone")


class _Blank(dict[str, Any]):
    """Has everything, and all of it is blank."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> None:
        return None

    def __str__(self) -> str:
        return ""


class RelatedRecord:
    """With `own` None there is none, and all that it would have is blank. Without a definition only its name has a type."""

    def __init__(self, own: Mapping[str, Any] | None, values: Mapping[str, Any], definition: ObjectDefinition | None) -> None:
        self._own = own
        self._values = values
        self._definition = definition

    @property
    def context(self) -> dict[str, Any]:
        """What templates read."""
        if self._own is None:
            return _Blank()
        blank = {field.name: None for field in self._definition.fields} if self._definition else {}
        return {**blank, **self._values, **self._own}

    def value(self, name: str) -> Any:
        context = self.context
        if name not in context:
            raise ExpectedFailure("unknown_field", f"The related record has no field {name} (any more).")
        return context[name]

    def typed(self, name: str) -> Typed:
        own = self._own or {}
        if self._definition is None and (self._own is None or name == "name"):
            return Typed("text", own.get(name))
        found = typed_value(own, self._values, self._definition, name) if self._definition else None
        if found is None:
            raise FilterError("unknown_field", f"The related record has no field {name} (any more).")
        return found


@dataclass(frozen=True)
class Link:
    """What a record's relationships are read from."""

    definition: ObjectDefinition
    values: Mapping[str, Any]
    owner_id: UUID | None


@dataclass(frozen=True)
class _Way:
    """To an employee, or to a record of an object; nowhere without a target."""

    target: UUID | None
    object: str | None = None


async def related_records(
    connection: Connection, definitions: Definitions, links: Mapping[UUID, Link], names: Collection[str]
) -> dict[UUID, dict[str, RelatedRecord]]:
    """By these names of relationships, `owner` among them, for each of the records."""
    ways = {id: {name: _way(link, name) for name in names} for id, link in links.items()}
    every = [way for ways_of in ways.values() for way in ways_of.values()]
    employees = await _employees(connection, {way.target for way in every if way.target and not way.object})
    records = await _records(connection, definitions, {way.target for way in every if way.target and way.object})
    there: dict[UUID | None, RelatedRecord] = {**employees, **records}
    blank = await _blank(connection, {way.object for way in every if way.object and way.target not in there})
    return {
        id: {name: there[way.target] if way.target in there else blank[way.object] for name, way in ways_of.items()}
        for id, ways_of in ways.items()
    }


def _way(link: Link, name: str) -> _Way:
    """A field that is no relationship leads nowhere."""
    if name == "owner":
        return _Way(link.owner_id)
    field, ids = link.definition.field(name), link.values.get(name)
    target = UUID(ids[0]) if ids and isinstance(field, RelationshipField | TeamSelectorField) else None
    match field:
        case RelationshipField():
            return _Way(target, field.object)
        case TeamSelectorField():
            return _Way(target)
        case _:
            return _Way(None)


async def _employees(connection: Connection, ids: Collection[UUID]) -> dict[UUID, RelatedRecord]:
    rows = await list_employees_by_ids(connection, ids) if ids else []
    return {row["id"]: RelatedRecord({"name": row["name"]}, {name: row[name] for name in _OF_EMPLOYEES}, None) for row in rows}


async def _records(connection: Connection, definitions: Definitions, ids: Collection[UUID]) -> dict[UUID, RelatedRecord]:
    rows = await list_records_by_ids(connection, ids) if ids else []
    found = [await definitions.object(connection, row["object_id"], row["object_revision"]) for row in rows]
    return {row["id"]: RelatedRecord(own_of(row), row["field_values"], each) for row, each in zip(rows, found, strict=True)}


async def records_in_variables(
    connection: Connection, definitions: Definitions, variables: Mapping[str, Any], names: Collection[str]
) -> dict[str, RelatedRecord]:
    """By the names of variables that name records; the first of a list. None for one that is gone."""
    held = {name: variables.get(name) for name in names}
    ids = {name: UUID(str(each[0] if isinstance(each, list) else each)) for name, each in held.items() if each}
    found = await _records(connection, definitions, set(ids.values()))
    return {name: found[id] for name, id in ids.items() if id in found}


async def _blank(connection: Connection, objects: Collection[str]) -> dict[str | None, RelatedRecord]:
    """Where a relationship leads nowhere its values still have types."""
    blank: dict[str | None, RelatedRecord] = {None: RelatedRecord(None, {}, None)}
    for api_name in objects:
        found = await read_object(connection, api_name)
        blank[api_name] = RelatedRecord(None, {}, found.definition if found else None)
    return blank
