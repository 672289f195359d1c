"""A new record of an object, or the one that has its name already."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from activities.assigning import assigned
from activities.changing import new_values
from activities.situation import Situation
from automations.errors import RecordValueErrors
from automations.failures import ExpectedFailure
from automations.scalars import is_blank
from automations.steps.related import CreateRecord
from store.database import Connection
from store.events import Origin
from store.objects import StoredObject, hold_object, read_object
from store.record_names import find_free_name, find_namesake
from store.records import Attributes, change_record, create_record, read_record, unarchive_record

Made = Literal["created", "used", "unarchived", "overwritten"]


@dataclass(frozen=True)
class Outcome:
    """The record's row, and how the step came to it."""

    row: Any
    made: Made


async def stored_object(connection: Connection, api_name: str) -> StoredObject:
    """Raises ExpectedFailure `unknown_object`."""
    stored = await read_object(connection, api_name)
    if stored is None:
        raise ExpectedFailure("unknown_object", f"There is no object {api_name} (any more).")
    return stored


def origin_of(situation: Situation) -> Origin:
    """The chain of the execution and its priority, for the events that its steps write."""
    row = situation.row
    return Origin(row["root_id"], row["depth"], row["priority"])


async def record_of_name(connection: Connection, step: CreateRecord, stored: StoredObject, situation: Situation) -> Outcome:
    """Call it in the transaction of the step: until its end nobody else decides what becomes of this name.

    Raises ExpectedFailure `required_field` and `name_taken`, and what the values raise, each by its own code if it is alone.
    """
    name = situation.render(step.name).strip()
    if is_blank(name):
        raise ExpectedFailure("required_field", f"The name of the new {stored.definition.name} is blank.")
    await hold_object(connection, stored.id)  # before the name, as those who look for a record by its name do
    found = await find_namesake(connection, stored.id, name)
    try:
        return await _decided(connection, step, stored, situation, name, found)
    except RecordValueErrors as several:
        raise several.errors[0] if len(several.errors) == 1 else several from None


async def _decided(
    connection: Connection, step: CreateRecord, stored: StoredObject, situation: Situation, name: str, found: Any | None
) -> Outcome:
    made = _Making(connection, step, stored, situation)
    match "none" if found is None else step.existing if found["archived_at"] is None else step.archived:
        case "none":
            return Outcome(await made.new(name), "created")
        case "append_suffix":
            return Outcome(await made.new(await find_free_name(connection, stored.id, name)), "created")
        case "refuse":
            raise _taken(stored, name, found)
        case "use":
            return Outcome(await read_record(connection, _id(found)), "used")
        case "unarchive":
            return Outcome(await made.back(_id(found)), "unarchived")
        case "overwrite":
            await made.back(_id(found))
            return Outcome(await made.anew(_id(found), name), "overwritten")


def _id(found: Any | None) -> UUID:
    assert found is not None
    return found["id"]


def _taken(stored: StoredObject, name: str, found: Any) -> ExpectedFailure:
    archived = "an archived" if found["archived_at"] is not None else "a"
    return ExpectedFailure("name_taken", f"There is {archived} {stored.definition.name} named {name} already: {found['id']}.")


@dataclass(frozen=True)
class _Making:
    """What may be done, in the transaction of the step."""

    connection: Connection
    step: CreateRecord
    stored: StoredObject
    situation: Situation

    async def new(self, name: str) -> Any:
        values, attributes = await self._given()
        return await create_record(
            self.connection, self.stored, values=values, now=self._now, origin=self._origin, **{"name": name, **attributes}
        )

    async def back(self, record_id: UUID) -> Any:
        return await unarchive_record(self.connection, record_id, now=self._now, origin=self._origin)

    async def anew(self, record_id: UUID, name: str) -> Any:
        values, attributes = await self._given()
        return await change_record(
            self.connection, record_id, values=values, now=self._now, origin=self._origin, **{"name": name, **attributes}
        )

    async def _given(self) -> tuple[dict[str, Any], Attributes]:
        step, attributes = self.step, Attributes()
        if step.stage is not None:
            attributes["stage"] = self.situation.render(step.stage)
        if step.owner is not None:
            attributes["owner"] = (await assigned(self.connection, step.owner, self.situation, step.id))["id"]
        return new_values(step.values, self.situation), attributes

    @property
    def _now(self) -> datetime:
        return self.situation.now

    @property
    def _origin(self) -> Origin:
        return origin_of(self.situation)
