"""Whether the records and employees that a change would name are there."""

from collections.abc import Sequence
from dataclasses import replace

from activities.changing import Given, Holder
from automations.errors import EverstepError, FieldValueError
from automations.failures import ExpectedFailure
from automations.field_values import field_value
from automations.fields import FieldDefinition, RelationshipField, TeamSelectorField
from store.database import Connection
from store.record_checks import unknown_references


async def known_only(connection: Connection, given: Sequence[Given], holder: Holder) -> list[Given]:
    """The same, but what names a record or an employee who is not there is a failure, `unknown_record` or `unknown_employee`.

    What the field holds already may stay there, and what is taken out of it need not be known.
    """
    return [await _known(connection, each, holder) for each in given]


async def _known(connection: Connection, each: Given, holder: Holder) -> Given:
    try:
        field = holder.field_definition(each.change.field)
        fresh = _named(field, each) - _named(field, replace(each, raw=holder.field(field.name)))
    except EverstepError:
        return each  # for reasons that are told of where the change is made
    if not fresh or not isinstance(field, RelationshipField | TeamSelectorField):
        return each
    errors = await unknown_references(connection, field, sorted(fresh))
    return replace(each, failure=_as_one(errors)) if errors else each


def _named(field: FieldDefinition, each: Given) -> frozenset[str]:
    is_reference = isinstance(field, RelationshipField | TeamSelectorField)
    if not is_reference or each.is_left or each.change.how in ("remove", "clear"):
        return frozenset()
    ids = field_value(field, each.value())
    return frozenset(map(str, ids)) if isinstance(ids, list) else frozenset()


def _as_one(errors: Sequence[FieldValueError]) -> EverstepError:
    return errors[0] if len(errors) == 1 else ExpectedFailure(errors[0].code, " ".join(error.sentence for error in errors))
