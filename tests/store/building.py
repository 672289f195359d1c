"""What tests of the store begin with: an object with a field of most types, and records of it."""

from datetime import UTC, datetime
from typing import Any

from automations.fields import ObjectDefinition
from store.database import Connection
from store.objects import StoredObject, put_object
from store.records import create_record

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)

LEAD_FIELDS: list[dict[str, Any]] = [
    {"name": "email", "type": "email"},
    {"name": "second_email", "type": "email"},
    {"name": "phone", "type": "phone"},
    {"name": "country", "type": "dropdown", "options": ["DE", "AT"]},
    {"name": "seats", "type": "integer"},
    {"name": "score", "type": "decimal"},
    {"name": "budget", "type": "money"},
    {"name": "born", "type": "date"},
    {"name": "called_at", "type": "datetime"},
    {"name": "is_key", "type": "yes_no"},
    {"name": "stars", "type": "rating"},
    {"name": "zone", "type": "timezone"},
    {"name": "labels", "type": "tags"},
    {"name": "interests", "type": "checkboxes", "options": ["a", "b"]},
    {"name": "note", "type": "longtext"},
    {"name": "account", "type": "relationship", "object": "account"},
    {"name": "partners", "type": "relationship", "object": "account", "many": True},
    {"name": "seller", "type": "team_selector"},
]


def definition(fields: list[dict[str, Any]] = LEAD_FIELDS, **parts: Any) -> ObjectDefinition:
    stages = ["New", "Won"]
    return ObjectDefinition.model_validate({"api_name": "lead", "name": "Lead", "fields": fields, "stages": stages} | parts)


async def lead_object(connection: Connection) -> StoredObject:
    await account_object(connection)
    return await put_object(connection, definition())


async def account_object(connection: Connection) -> StoredObject:
    return await put_object(connection, definition([], api_name="account", name="Account"))


async def record_of(connection: Connection, stored: StoredObject, name: str = "Ada", **parts: Any) -> Any:
    values = parts.pop("values", {})
    return await create_record(connection, stored, name=name, values=values, now=NOW, **parts)


async def events_of(connection: Connection, record_id: Any) -> list[tuple[str, dict[str, Any]]]:
    rows = await connection.fetch("select kind, payload from events where record_id = $1 order by id", record_id)
    return [(row["kind"], row["payload"]) for row in rows]


async def pretend_newer(connection: Connection) -> None:
    """As if a later release had migrated the database."""
    sql = "insert into _pogo_migration (migration_hash, migration_id, applied, schema_name) values ($1, $1, now(), 'public')"
    await connection.execute(sql, "9999_later")
