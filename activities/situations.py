"""Fetches what a step sees."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from activities.results import Key
from activities.services import Services
from activities.situation import RelatedRecord, Situation
from automations.fields import ObjectDefinition
from store.events import read_event
from store.records import read_record
from store.team import list_employees_by_ids

if TYPE_CHECKING:
    from activities.writing import Attempt


async def situation_of(connection: Any, attempt: "Attempt", services: Services) -> Situation:
    """One query more for each relationship that the step follows; none for most steps."""
    row, request = attempt.row, attempt.request
    definition = (
        await services.definitions.object(connection, row["object_id"], row["object_revision"]) if row["record_id"] else None
    )
    needs = attempt.plan.needs(attempt.step)
    related = {name: await _related(connection, row, definition, name, services) for name in needs.relationships}
    event = await read_event(connection, row["event_id"]) if needs.body and row["event_id"] else None
    body = event["payload"].get("body") if event else None
    return Situation(row, attempt.plan, definition, related, body, request.now, Key(request.execution_id, request.sequence))


async def _related(
    connection: Any, row: Any, definition: ObjectDefinition | None, name: str, services: Services
) -> RelatedRecord | None:
    if name == "owner":
        return await _employee(connection, row["owner_id"])
    field = definition.field(name) if definition else None
    ids = row["field_values"].get(name) if field else None
    if field is None or not ids:
        return None
    if field.type == "team_selector":
        return await _employee(connection, UUID(ids[0]))
    record = await read_record(connection, UUID(ids[0])) if field.type == "relationship" else None
    if record is None:
        return None
    related = await services.definitions.object(connection, record["object_id"], record["object_revision"])
    return RelatedRecord(record["name"], record["field_values"], related)


async def _employee(connection: Any, employee_id: UUID | None) -> RelatedRecord | None:
    employees = await list_employees_by_ids(connection, [employee_id]) if employee_id else []
    if not employees:
        return None
    employee = employees[0]
    return RelatedRecord(employee["name"], {"email": employee["email"], "roles": employee["roles"]}, None)
