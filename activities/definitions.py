"""Documents and objects, parsed once per revision: a revision never changes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import ValidationError

from activities.failures import UnreadableDocumentError
from automations.document import AutomationDocument
from automations.field_values import VariableType
from automations.fields import ObjectDefinition
from automations.needs import Needs, step_needs
from automations.positions import Positions
from automations.steps.base import StepBase
from automations.triggers.reading import unreadable
from store.automations import read_document
from store.database import Connection
from store.objects import read_object_by_id

_KEPT = 500
T = TypeVar("T")


class _Recent(Generic[T]):
    """The values asked for last, by key."""

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[UUID, int], T] = OrderedDict()

    async def get(self, key: tuple[UUID, int], read: Callable[[], Awaitable[T]]) -> T:
        if key not in self._values:
            self._values[key] = await read()
            if len(self._values) > _KEPT:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


class Plan:
    """A document as its steps need it."""

    def __init__(self, document: AutomationDocument) -> None:
        self.document = document
        self.positions = Positions(document)
        self.variables: dict[str, tuple[VariableType, bool]] = {
            variable.name: (variable.type, variable.list) for variable in document.variables
        }
        self.name = document.name
        self.object = document.object
        self.error_notification = document.error_notification
        self.calendar = document.calendar
        self._needs: dict[str, Needs] = {}

    def needs(self, step: StepBase) -> Needs:
        if step.id not in self._needs:
            self._needs[step.id] = step_needs(step)
        return self._needs[step.id]


class Definitions:
    def __init__(self) -> None:
        self._plans: _Recent[Plan] = _Recent()
        self._objects: _Recent[ObjectDefinition] = _Recent()

    async def plan(self, connection: Connection, automation_id: UUID, revision: int) -> Plan:
        """Raises UnreadableDocumentError."""

        async def read() -> Plan:
            try:
                return Plan(await read_document(connection, automation_id, revision))
            except ValidationError as error:
                raise UnreadableDocumentError(unreadable("automation", error)) from error

        return await self._plans.get((automation_id, revision), read)

    async def object(self, connection: Connection, object_id: UUID, revision: int) -> ObjectDefinition:
        async def read() -> ObjectDefinition:
            found = await read_object_by_id(connection, object_id)
            if found is None:
                raise LookupError(f"object {object_id} is gone")
            return found.definition

        return await self._objects.get((object_id, revision), read)
