"""What a leaf of a filter is about, as SQL says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from automations.errors import FilterError
from automations.fields import ObjectDefinition, RelationshipField
from automations.filters import FieldFilter, Leaf, RelatedFilter, VariableFilter
from store.filter_sql.parameters import Parameters

_UUID = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"


@dataclass(frozen=True)
class Subject:
    """A value by its type. `text` is SQL that is null where it is blank; `json` the same as jsonb, `moment` as a point in time.

    `field` is the name of a record's own field: what its index can find.
    """

    type: str
    text: str
    json: str = "null::jsonb"
    moment: str | None = None
    field: str | None = None

    def through(self, target: str) -> "Subject":
        """Of the record `x` whose id is the target; blank where there is none."""

        def read(sql: str) -> str:
            return f"(select {sql} from records x where x.id = {target})"

        return Subject(self.type, read(self.text), read(self.json), read(self.moment) if self.moment else None)


def subject_of(
    leaf: Leaf, definition: ObjectDefinition, objects: Mapping[str, ObjectDefinition], parameters: Parameters
) -> Subject:
    """On the records `r`. Raises FilterError for what is not there."""
    match leaf:
        case FieldFilter():
            return value_of("r", leaf.field, definition, parameters)
        case RelatedFilter():
            return _related(leaf, definition, objects, parameters)
        case VariableFilter():
            raise FilterError("unknown_variable", f"There is no execution here that could have a variable {leaf.variable}.")
        case _:
            assert_never(leaf)


def value_of(row: str, name: str, definition: ObjectDefinition, parameters: Parameters) -> Subject:
    """An attribute or a field of the records that are called `row` in the statement. Raises FilterError."""
    match name:
        case "name" | "stage":
            return Subject("text" if name == "name" else "stage", f"nullif({row}.{name}, '')")
        case "owner":
            return Subject("team_selector", f"{row}.owner_id::text", f"to_jsonb(array_remove(array[{row}.owner_id::text], null))")
        case "created_at" | "updated_at":
            return Subject("datetime", f"{row}.{name}::text", moment=f"{row}.{name}")
        case _:
            return _field(row, name, definition, parameters)


def _field(row: str, name: str, definition: ObjectDefinition, parameters: Parameters) -> Subject:
    field = definition.field(name)
    if field is None:
        raise FilterError("unknown_field", f"{definition.name} has no field {name} (any more).")
    key = parameters.add(name, "text")
    return Subject(field.type, f"({row}.field_values ->> {key})", f"({row}.field_values -> {key})", field=name)


def _related(
    leaf: RelatedFilter, definition: ObjectDefinition, objects: Mapping[str, ObjectDefinition], parameters: Parameters
) -> Subject:
    """Of the first record that the relationship leads to."""
    relationship, name = leaf.related.split(".", 1)
    field = definition.field(relationship)
    if not isinstance(field, RelationshipField) or field.object not in objects:
        raise FilterError("unknown_field", f"{definition.name} has no relationship field {relationship} (any more).")
    id = f"(r.field_values -> {parameters.add(relationship, 'text')} ->> 0)"
    return value_of("x", name, objects[field.object], parameters).through(f"(case when {id} ~ {_UUID} then {id}::uuid end)")
