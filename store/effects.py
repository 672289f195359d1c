"""What automations may set off, and the circles that come of it."""

from uuid import UUID

from automations.document import AutomationDocument
from store.database import Connection
from store.objects import read_object_by_id
from store.sql import QUERIES


async def write_effects(
    connection: Connection, automation_id: UUID, object_id: UUID | None, document: AutomationDocument
) -> None:
    """To be written with the document."""
    stored = await read_object_by_id(connection, object_id) if object_id else None
    fields = sorted(document.written_fields(stored.definition if stored else None))
    started = sorted(set(document.started_automations().values()))
    await QUERIES.write_effects(
        connection, automation_id=automation_id, object_id=object_id, keys=fields + started,
        kinds=["field_updated"] * len(fields) + ["start"] * len(started),
    )  # fmt: skip


async def find_circle(connection: Connection, automation_id: UUID) -> list[str] | None:
    """The api_names of a shortest way from an automation over others back to it; None if there is none."""
    ways: dict[UUID, list[str]] = {automation_id: []}
    layer = [automation_id]
    while layer:
        reached: list[UUID] = []
        async for row in QUERIES.list_set_off(connection, automation_ids=layer):
            way = [*ways[row["source"]], row["api_name"]]
            if row["target"] == automation_id and len(way) > 1:
                return way
            if row["target"] not in ways:
                ways[row["target"]] = way
                reached.append(row["target"])
        layer = reached
    return None
