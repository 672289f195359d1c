"""The records that a step names: its own, those over some hops, those in a variable."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from activities.definitions import Definitions
from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.fields import ObjectDefinition, RelationshipField
from automations.steps.records import Records, RecordsInField, RecordsInVariable, RecordsThrough, describe_records, hops_of
from automations.steps.uses import BackHop, Hop
from store.database import Connection
from store.hops import follow_back, follow_field
from store.objects import read_object

MAX_RECORDS = 10_000
"""That one step may come to."""


async def named_records(connection: Connection, records: Records, situation: Situation, *, most: int = MAX_RECORDS) -> list[UUID]:
    """Their ids, each once; empty if there is none. Those in a variable may be archived or gone.

    Raises ExpectedFailure `no_record`, `unknown_field`, `unknown_object`, `unknown_variable` and `too_many_records`.
    """
    match records:
        case "this_record":
            found = [_own(situation)]
        case RecordsInVariable():
            found = _in_variable(records, situation)
        case RecordsInField() | RecordsThrough():
            found = await _over(connection, hops_of(records), situation, most)
    if len(found) > most:
        said = f"{describe_records(records)} leads to more than {most:,} records; this step takes no more."
        raise ExpectedFailure("too_many_records", said[0].upper() + said[1:])
    return found


def _own(situation: Situation) -> UUID:
    if situation.definition is None:
        raise ExpectedFailure("no_record", "The execution has no record.")
    return situation.row["record_id"]


def _in_variable(records: RecordsInVariable, situation: Situation) -> list[UUID]:
    held = situation.variable(records.variable)
    several = held if isinstance(held, list) else [held] if held else []
    return list(dict.fromkeys(UUID(each) for each in several))


async def _over(connection: Connection, hops: Sequence[Hop], situation: Situation, most: int) -> list[UUID]:
    found: Collection[UUID] = [_own(situation)]
    definition = situation.definition
    for hop in hops:
        definition = await _definition_behind(connection, definition, hop)
        found = await _hop(connection, found, hop, most + 1)
    return list(found)


async def _hop(connection: Connection, ids: Collection[UUID], hop: Hop, size: int) -> Collection[UUID]:
    if not ids:
        return []
    if isinstance(hop, BackHop):
        return await follow_back(connection, ids, hop.object, hop.field, size)
    return await follow_field(connection, ids, hop, size)


async def _definition_behind(connection: Connection, definition: ObjectDefinition | None, hop: Hop) -> ObjectDefinition | None:
    if isinstance(hop, BackHop):
        return await _of_back_hop(connection, hop)
    field = definition.field(hop) if definition else None
    if definition is not None and not isinstance(field, RelationshipField):
        raise ExpectedFailure("unknown_field", f"{definition.name} has no relationship {hop} (any more).")
    stored = await read_object(connection, field.object) if isinstance(field, RelationshipField) else None
    return stored.definition if stored else None


async def _of_back_hop(connection: Connection, hop: BackHop) -> ObjectDefinition:
    stored = await read_object(connection, hop.object)
    if stored is None:
        raise ExpectedFailure("unknown_object", f"There is no object {hop.object} (any more).")
    if not isinstance(stored.definition.field(hop.field), RelationshipField):
        raise ExpectedFailure("unknown_field", f"{stored.definition.name} has no relationship {hop.field} (any more).")
    return stored.definition


async def definition_of_contact(connection: Connection, row: Any, definitions: Definitions) -> ObjectDefinition:
    """Of a record's object. Raises ExpectedFailure `no_contact` where its records are no people."""
    definition = await definitions.object(connection, row["object_id"], row["object_revision"])
    if not definition.contact:
        said = f"{row['name']} is no contact: records of {definition.api_name} are no people."
        raise ExpectedFailure("no_contact", said)
    return definition
