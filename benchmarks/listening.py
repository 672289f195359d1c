"""Automations that listen to changes of fields, each to one of its own, and events that tell of such changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from store.automations import create_automation
from store.database import Connection, Database
from store.ids import new_id
from store.objects import put_object
from store.records import create_record

FIELDS = 50
"""Of one object: the next automations are about another one."""
RECORDS = 200
"""Of all objects together, and one of each at least."""
HOT, COLD = "hot", "cold"

_INSERT = """
    insert into events (id, kind, record_id, event_at, payload)
    select id, 'field_updated', record_id, :now, jsonb_build_object(
        'old', jsonb_build_object(field, null), 'new', jsonb_build_object(field, value)
    )
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) as t (id, record_id, field, value)
""".replace(":now", "$5")


@dataclass(frozen=True)
class Listeners:
    """How many automations there are, and the records of each object."""

    automations: int
    records: Sequence[Sequence[UUID]]


async def listeners(database: Database, automations: int) -> Listeners:
    """Makes them. Automation n starts where field n % FIELDS of object n // FIELDS becomes hot."""
    objects = -(-automations // FIELDS)
    async with database.transaction() as connection:
        records = [await _object(connection, number, max(1, RECORDS // objects)) for number in range(objects)]
    for begin in range(0, automations, 500):
        async with database.transaction() as connection:
            for number in range(begin, min(automations, begin + 500)):
                await _automation(connection, number)
    async with database.connection() as connection:
        await connection.execute("vacuum analyze")
    return Listeners(automations, records)


async def _object(connection: Connection, number: int, records: int) -> list[UUID]:
    fields = [{"name": f"f{field}", "type": "text"} for field in range(FIELDS)]
    definition = {"api_name": f"object_{number}", "name": f"Object {number}", "fields": fields}
    stored = await put_object(connection, ObjectDefinition.model_validate(definition))
    now = datetime.now(UTC)
    rows = [await create_record(connection, stored, name=f"Record {index}", values={}, now=now) for index in range(records)]
    return [row["id"] for row in rows]


async def _automation(connection: Connection, number: int) -> None:
    trigger = {"id": "hot", "type": "field_updated", "field": f"f{number % FIELDS}", "to": HOT}
    document = AutomationDocument.model_validate(
        {
            "api_name": f"automation-{number}",
            "name": f"Automation {number}",
            "object": f"object_{number // FIELDS}",
            "active": True,
            "triggers": [trigger],
            "steps": [{"id": "end", "type": "stop_execution", "action": "complete"}],
        }
    )
    object_id = await connection.fetchval("select id from objects where api_name = $1", document.object)
    await create_automation(connection, document, object_id)


async def tell(database: Database, there: Listeners, events: int, *, hot: float, random: Random) -> int:
    """Writes events, each about one automation; of a share of them it starts. Answers how many that is."""
    numbers = [random.randrange(there.automations) for _ in range(events)]
    values = [HOT if random.random() < hot else COLD for _ in numbers]
    records = [random.choice(there.records[number // FIELDS]) for number in numbers]
    async with database.connection() as connection:
        fields = [f"f{number % FIELDS}" for number in numbers]
        await connection.execute(_INSERT, [new_id() for _ in numbers], records, fields, values, datetime.now(UTC))
    return values.count(HOT)
