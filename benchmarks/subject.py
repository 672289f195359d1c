"""The automation that is measured: five database steps on a record of its own, with history and record changes."""

from datetime import UTC, datetime
from typing import Any

from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from store.automations import create_automation
from store.database import Database
from store.objects import put_object
from store.records import create_record

STEPS_OF_ONE_EXECUTION = 5
CHANGES_OF_ONE_EXECUTION = 3

_OBJECT = ObjectDefinition.model_validate(
    {
        "api_name": "lead",
        "name": "Lead",
        "fields": [
            {"name": "status", "type": "text"},
            {"name": "email", "type": "email"},
            {"name": "seats", "type": "integer"},
            {"name": "country", "type": "dropdown", "options": ["DE", "AT", "US"]},
            {"name": "labels", "type": "tags"},
        ],
    }
)
_VALUES = {"status": "new", "email": "ada@example.com", "seats": 80, "country": "DE"}

_DOCUMENT = AutomationDocument.model_validate(
    {
        "api_name": "qualify-lead",
        "name": "Qualify a lead",
        "object": "lead",
        "active": True,
        "variables": [{"id": "read-seats", "name": "seats", "type": "number", "sources": [{"field": "seats"}]}],
        "steps": [
            {
                "id": "is-big",
                "type": "condition",
                "if": {"all": [{"variable": "seats", "op": ">=", "value": 50}, {"field": "country", "op": "=", "value": "DE"}]},
                "if_yes": [
                    {"id": "qualify", "type": "change_field_value", "changes": [{"field": "status", "value": "qualified"}]},
                    {
                        "id": "reserve",
                        "type": "math",
                        "operation": "add",
                        "arguments": [{"field": "seats"}, {"constant": 5}],
                        "into": {"field": "seats"},
                    },
                    {
                        "id": "label",
                        "type": "change_field_value",
                        "changes": [{"field": "labels", "how": "add", "value": ["big", "{{ record.country }}"]}],
                    },
                ],
            }
        ],
    }
)


async def save_automation(database: Database) -> str:
    """Its api_name."""
    async with database.transaction() as connection:
        stored = await put_object(connection, _OBJECT)
        await create_automation(connection, _DOCUMENT, stored.id)
    return _DOCUMENT.api_name


async def create_leads(database: Database, count: int) -> list[Any]:
    """Records that no execution has changed yet, so that every change is one."""
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        stored = await put_object(connection, _OBJECT)
        return [await create_record(connection, stored, name="Ada Lovelace", values=_VALUES, now=now) for _ in range(count)]
