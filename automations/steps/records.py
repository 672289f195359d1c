"""Which records a step works on."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from automations.model import Model, Name
from automations.steps.uses import OWN, UNKNOWN, AnyUse, BackHop, Behind, Hop, HopUse, RecordUse, VariableUse, Whose, within

MAX_HOPS = 5
MAX_CONTACTS = 100
"""That one step writes to."""

RECORDS = frozenset({"record", "uuid"})
"""The types of variables that name records."""
RECORD_LISTS = frozenset({"record[]", "uuid[]"})


class RecordsInField(Model):
    """Those behind one relationship."""

    field: Name


class RecordsThrough(Model):
    """Those at the end of several hops: a relationship field, or `{object, field}` for the records that name the one before."""

    through: Annotated[list[Hop], Field(min_length=1, max_length=MAX_HOPS)]


class RecordsInVariable(Model):
    """That of a record variable, or those of a list."""

    variable: Name


RelatedRecords = RecordsInField | RecordsThrough | RecordsInVariable
Records = Literal["this_record"] | RelatedRecords


def hops_of(records: RecordsInField | RecordsThrough) -> list[Hop]:
    return [records.field] if isinstance(records, RecordsInField) else records.through


def whose_of(records: Records) -> Whose:
    match records:
        case "this_record":
            return OWN
        case RecordsInVariable():
            return UNKNOWN
        case RecordsInField() | RecordsThrough():
            return Behind(tuple(hops_of(records)))


def records_used(records: Records, path: str) -> Iterator[AnyUse]:
    """By a step that names them at this place."""
    match records:
        case "this_record":
            yield RecordUse(path)
        case RecordsInField():
            yield RecordUse(path)
            yield HopUse(within(path, "field"), [records.field])
        case RecordsThrough():
            yield RecordUse(path)
            for index in range(len(records.through)):
                yield HopUse(f"{path}.through[{index}]", records.through[: index + 1])
        case RecordsInVariable():
            yield VariableUse(within(path, "variable"), records.variable, RECORDS, lists=True)


def contacts_used(records: RelatedRecords, path: str) -> Iterator[AnyUse]:
    """The same of records that have to be contacts."""
    for use in records_used(records, path):
        is_last = (
            isinstance(use, HopUse) and isinstance(records, RecordsInField | RecordsThrough) and use.hops == hops_of(records)
        )
        yield replace(use, contacts=True) if isinstance(use, HopUse) and is_last else use


def describe_records(records: Records) -> str:
    match records:
        case "this_record":
            return "this record"
        case RecordsInVariable():
            return f"variable {records.variable}"
        case RecordsInField() | RecordsThrough():
            return " → ".join(_hop(hop) for hop in hops_of(records))


def _hop(hop: Hop) -> str:
    return f"{hop.object} by {hop.field}" if isinstance(hop, BackHop) else hop
