"""Executions that wait on goals, written straight into the database: half on one record, half on others."""

from datetime import UTC, datetime
from uuid import UUID

from automations.document import AutomationDocument
from automations.event_triggers import FieldUpdated
from automations.fields import ObjectDefinition
from store.automations import create_automation
from store.database import Connection, Database
from store.ids import new_id
from store.objects import put_object
from store.records import create_record

FIELDS = 20
"""What they wait for is spread over so many fields."""

_OBJECT = {
    "api_name": "lead",
    "name": "Lead",
    "fields": [{"name": name, "type": "text"} for name in ("status", *(f"f{number}" for number in range(FIELDS)))],
}
_RECORDS = """
    insert into records (id, object_id, name) select id, $2, 'Lead ' || n from unnest($1::uuid[]) with ordinality as t (id, n)
"""
_EXECUTIONS = """
    insert into executions (
        id, workflow_id, automation_id, record_id, priority, state, pause_reason, revision, root_id, start_request, created_at,
        updated_at, workflow_started
    )
    select id, id::text, $3, record_id, 'regular', 'paused', 'goal', 1, id, '{}', $4, $4, true
    from unnest($1::uuid[], $2::uuid[]) as t (id, record_id)
"""
_WAITS = """
    insert into goal_waits (execution_id, sequence, record_id, triggers, since, after_event)
    select id, 1, record_id, trigger, $4, 0 from unnest($1::uuid[], $2::uuid[], $3::jsonb[]) as t (id, record_id, trigger)
"""
_LISTENS = """
    insert into goal_listens (record_id, listen, execution_id, sequence)
    select record_id, listen, id, 1 from unnest($1::uuid[], $2::uuid[], $3::text[]) as t (id, record_id, listen)
"""


async def record_to_edit(database: Database) -> UUID:
    async with database.transaction() as connection:
        stored = await put_object(connection, ObjectDefinition.model_validate(_OBJECT))
        row = await create_record(connection, stored, name="Ada Lovelace", values={}, now=datetime.now(UTC))
    return row["id"]


async def let_wait(database: Database, record: UUID, waiting: int) -> None:
    """None of them waits for the field `status`."""
    async with database.transaction() as connection:
        object_id = await connection.fetchval("select object_id from records where id = $1", record)
        others = [new_id() for _ in range(waiting - waiting // 2)]
        await connection.execute(_RECORDS, others, object_id)
        await _let_wait(connection, [record] * (waiting // 2) + others, await _automation(connection, object_id))
    async with database.connection() as connection:
        await connection.execute("vacuum analyze")


async def _automation(connection: Connection, object_id: UUID) -> UUID:
    goal = {"id": "booked", "type": "goal", "triggers": [{"type": "field_updated", "field": "f0"}]}
    document = AutomationDocument.model_validate(
        {"api_name": "waits", "name": "Waits", "object": "lead", "active": True, "steps": [goal]}
    )
    await create_automation(connection, document, object_id)
    return await connection.fetchval("select id from automations")


async def _let_wait(connection: Connection, records: list[UUID], automation: UUID) -> None:
    ids, now = [new_id() for _ in records], datetime.now(UTC)
    triggers = [FieldUpdated.model_validate({"field": f"f{number % FIELDS}"}) for number in range(len(records))]
    listens = [str(listen) for trigger in triggers for listen in trigger.listens()]
    await connection.execute(_EXECUTIONS, ids, records, automation, now)
    await connection.execute(
        _WAITS, ids, records, [[trigger.model_dump(mode="json", by_alias=True)] for trigger in triggers], now
    )
    await connection.execute(_LISTENS, ids, records, listens)
