"""Fetches what a step sees."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from activities.related import Link, RelatedRecord, records_in_variables, related_records
from activities.results import Key
from activities.secrets import secrets_named
from activities.services import Services
from activities.situation import Situation
from automations.fields import ObjectDefinition
from automations.needs import text_needs
from store.database import Connection
from store.events import read_event
from store.goals import list_scheduled_activities

if TYPE_CHECKING:
    from activities.writing import Attempt


async def situation_of(connection: Any, attempt: "Attempt", services: Services) -> Situation:
    """A query or two more where the step follows relationships; none for most steps."""
    row, request = attempt.row, attempt.request
    definition = (
        await services.definitions.object(connection, row["object_id"], row["object_revision"]) if row["record_id"] else None
    )
    needs = attempt.plan.needs(attempt.step)
    related = await _related(connection, row, definition, needs.relationships, services)
    event = await read_event(connection, row["event_id"]) if needs.body and row["event_id"] else None
    brought = event["payload"] if event else {}
    activities = await list_scheduled_activities(connection, [row["record_id"]], request.now) if needs.activities else []
    key = Key(request.execution_id, request.sequence)
    secrets = await secrets_named(connection, needs.secrets, services.settings.keyring)
    in_variables = await records_in_variables(connection, services.definitions, row["variables"], needs.record_variables)
    return Situation(
        row, attempt.plan, definition, related, brought, request.now, key, activities, secrets, in_variables, request.attempt
    )


async def seeing(connection: Connection, texts: Iterable[str], situation: Situation, services: Services) -> Situation:
    """The same, with what these texts read: what a template says is known only when its step runs."""
    needs, row = text_needs(texts), situation.row
    related = await _related(connection, row, situation.definition, needs.relationships, services)
    event = await read_event(connection, row["event_id"]) if needs.body and row["event_id"] else None
    return situation.seeing(related, event["payload"] if event else {})


async def _related(
    connection: Connection, row: Any, definition: ObjectDefinition | None, names: Collection[str], services: Services
) -> dict[str, RelatedRecord]:
    if definition is None or not names:
        return {}
    links = {row["record_id"]: Link(definition, row["field_values"], row["owner_id"])}
    return (await related_records(connection, services.definitions, links, names))[row["record_id"]]
