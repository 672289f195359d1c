"""Whether what is given for a record can be kept: values by their type, and all that must exist in the database."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from automations import scalars
from automations.errors import FieldValueError, RecordValueErrors, RequiredFieldError
from automations.field_values import field_value, record_values
from automations.fields import FieldDefinition, ObjectDefinition, RelationshipField, TeamSelectorField
from store.database import Connection
from store.errors import UnknownEmployeeError, UnknownRecordError, UnknownStageError
from store.sql import QUERIES


async def checked(
    connection: Connection,
    definition: ObjectDefinition,
    values: Mapping[str, object],
    attributes: Mapping[str, object],
    *,
    complete: bool = False,
) -> dict[str, Any]:
    """{"values": …} in canonical form, and "name", "stage" and "owner_id" as far as given.

    Raises RecordValueErrors with every problem.
    """
    errors: list[FieldValueError] = []
    found: dict[str, Any] = {"values": _values(definition, values, complete, errors)}
    if "name" in attributes:
        found["name"] = _name(attributes["name"], errors)
    if "stage" in attributes:
        found["stage"] = _stage(definition, attributes["stage"], errors)
    references = _references(definition, values)
    errors += await _unknown_records(connection, references)
    employees = await _KnownEmployees.among(connection, references, attributes.get("owner"))
    errors += employees.unknown(references)
    if "owner" in attributes:
        found["owner_id"] = employees.owner(attributes["owner"], errors)
    if errors:
        raise RecordValueErrors(errors)
    return found


def _values(
    definition: ObjectDefinition, values: Mapping[str, object], complete: bool, errors: list[FieldValueError]
) -> dict[str, Any]:
    try:
        return record_values(definition, values, complete=complete)
    except RecordValueErrors as several:
        errors += several.errors
        return {}


def _name(raw: object, errors: list[FieldValueError]) -> str:
    if scalars.is_blank(raw):
        errors.append(RequiredFieldError("name", "text", raw, "name is required and may not be blank."))
        return ""
    try:
        return scalars.item_text(raw)
    except scalars.UnfitError as unfit:
        errors.append(FieldValueError("name", "text", raw, unfit.sentence("name", raw)))
        return ""


def _stage(definition: ObjectDefinition, raw: object, errors: list[FieldValueError]) -> str | None:
    if scalars.is_blank(raw):
        return None
    stage = raw.strip() if isinstance(raw, str) else raw
    if stage not in definition.stages:
        known = ", ".join(definition.stages) or "none"
        sentence = f"{scalars.shown(raw)} is no stage of {definition.api_name}; its stages: {known}."
        errors.append(UnknownStageError("stage", "stage", raw, sentence))
    return str(stage)


_References = list[tuple[RelationshipField | TeamSelectorField, list[str]]]


def _references(definition: ObjectDefinition, values: Mapping[str, object]) -> _References:
    """The ids that well-formed values name."""
    fields = [(definition.field(name), raw) for name, raw in values.items()]
    return [
        (field, ids)
        for field, raw in fields
        if isinstance(field, RelationshipField | TeamSelectorField) and (ids := _ids(field, raw))
    ]


def _ids(field: FieldDefinition, raw: object) -> list[str]:
    try:
        ids = field_value(field, raw)
    except FieldValueError:
        return []
    return [str(id) for id in ids] if isinstance(ids, list) else []


async def _unknown_records(connection: Connection, references: _References) -> list[FieldValueError]:
    wanted = [(field, ids) for field, ids in references if isinstance(field, RelationshipField)]
    if not wanted:
        return []
    rows = QUERIES.list_objects_of_records(connection, ids=[UUID(id) for _, ids in wanted for id in ids])
    objects = {str(row["id"]): row["object"] async for row in rows}
    return [
        UnknownRecordError(field.name, field.type, id, f"{field.name}: there is no {field.object} with the id {id}.")
        for field, ids in wanted
        for id in ids
        if objects.get(id) != field.object
    ]


async def unknown_references(
    connection: Connection, field: RelationshipField | TeamSelectorField, ids: Sequence[str]
) -> list[FieldValueError]:
    """One for each of the ids, canonical ones, that names nothing and nobody whom the field could."""
    references: _References = [(field, [*ids])]
    employees = await _KnownEmployees.among(connection, references, None)
    return await _unknown_records(connection, references) + employees.unknown(references)


class _KnownEmployees:
    """Those of the employees asked for that exist, found by one query."""

    def __init__(self, by_id: Mapping[str, UUID], by_email: Mapping[str, UUID]) -> None:
        self._by_id, self._by_email = by_id, by_email

    @classmethod
    async def among(cls, connection: Connection, references: _References, owner: object) -> "_KnownEmployees":
        ids = [id for field, ids in references if isinstance(field, TeamSelectorField) for id in ids]
        key = _owner_key(owner)
        emails = [key] if "@" in key else []
        ids += [key] if _is_id(key) else []
        if not ids and not emails:
            return cls({}, {})
        rows = [row async for row in QUERIES.list_known_employees(connection, ids=[UUID(id) for id in ids], emails=emails)]
        return cls({str(row["id"]): row["id"] for row in rows}, {row["email"]: row["id"] for row in rows})

    def unknown(self, references: _References) -> list[FieldValueError]:
        return [
            UnknownEmployeeError(field.name, field.type, id, f"{field.name}: there is no employee with the id {id}.")
            for field, ids in references
            if isinstance(field, TeamSelectorField)
            for id in ids
            if id not in self._by_id
        ]

    def owner(self, raw: object, errors: list[FieldValueError]) -> UUID | None:
        if scalars.is_blank(raw):
            return None
        key = _owner_key(raw)
        found = self._by_email.get(key) if "@" in key else self._by_id.get(key)
        if found is None:
            sentence = f"owner: there is no employee with the id or address {scalars.shown(raw)}."
            errors.append(UnknownEmployeeError("owner", "employee", raw, sentence))
        return found


def _owner_key(raw: object) -> str:
    """An id or an address as the database compares it."""
    return str(raw).strip().lower() if isinstance(raw, str | UUID) else ""


def _is_id(key: str) -> bool:
    try:
        return bool(scalars.uuid_text(key))
    except scalars.UnfitError:
        return False
