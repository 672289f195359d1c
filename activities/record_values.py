"""Records as filters read them outside of any execution."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from activities.definitions import Definitions
from activities.related import Link, RelatedRecord, own_of, related_records, typed_value
from automations.errors import FilterError
from automations.fields import ObjectDefinition
from automations.filter_evaluation import FilterValues, Typed
from automations.filters import Filter
from automations.needs import filter_needs
from store.database import Connection


class RecordValues:
    """The fields of one record, its own attributes, and those one relationship further. There are no variables."""

    def __init__(
        self,
        own: Mapping[str, Any],
        values: Mapping[str, Any],
        definition: ObjectDefinition,
        related: Mapping[str, RelatedRecord],
    ) -> None:
        self._own, self._values, self._definition, self._related = own, values, definition, related

    def field(self, name: str, /) -> Typed:
        found = typed_value(self._own, self._values, self._definition, name)
        if found is None:
            raise FilterError("unknown_field", f"{self._definition.name} has no field {name} (any more).")
        return found

    def variable(self, name: str, /) -> Typed:
        raise FilterError("unknown_variable", f"There is no execution here that could have a variable {name}.")

    def related(self, path: str, /) -> Typed:
        relationship, name = path.split(".", 1)
        if relationship != "owner":
            self.field(relationship)
        record = self._related.get(relationship)
        return record.typed(name) if record else Typed("text", None)


async def record_values(
    connection: Connection, definitions: Definitions, rows: Sequence[Any], filters: Sequence[Filter]
) -> dict[UUID, FilterValues]:
    """By the records' ids, with what these filters ask of related records: as many queries for many records as for one.

    The rows are those of `store.records`.
    """
    found = {row["id"]: await definitions.object(connection, row["object_id"], row["object_revision"]) for row in rows}
    links = {row["id"]: Link(found[row["id"]], row["field_values"], row["owner_id"]) for row in rows}
    related = await related_records(connection, definitions, links, filter_needs(filters))
    return {row["id"]: RecordValues(own_of(row), row["field_values"], found[row["id"]], related[row["id"]]) for row in rows}
