"""Which object and automation something belongs to: what the permission of a caller is decided by."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from automations.access import Place, Reach
from store.database import Connection
from store.sql import QUERIES

_QUERIES = {
    "api_name": "place_of_automation",
    "execution_id": "place_of_execution",
    "record_id": "place_of_record",
    "activity_id": "place_of_activity",
    "event_id": "place_of_event",
    "bulk_start_id": "place_of_bulk_start",
    "delivery_id": "place_of_delivery",
    "message_id": "place_of_message",
}
"""By the name that the key has in paths."""

NAMED = frozenset(_QUERIES)


@dataclass(frozen=True)
class Reached:
    """Where events are within reach: of records of these objects, or for one of these automations alone."""

    objects: list[UUID]
    automations: list[UUID]


async def find_place(connection: Connection, kind: str, key: Any) -> Place | None:
    """`kind` is one of NAMED. None if there is no such thing."""
    row = await getattr(QUERIES, _QUERIES[kind])(connection, key=key)
    return Place(row["object"], row["automation"]) if row else None


async def reached_automations(connection: Connection, reach: Reach) -> list[UUID] | None:
    """None: all of them."""
    if reach.everywhere:
        return None
    rows = QUERIES.list_reached_automations(connection, objects=list(reach.objects), automations=list(reach.automations))
    return [row["id"] async for row in rows]


async def reached_places(connection: Connection, reach: Reach) -> Reached | None:
    """None: all of them."""
    automations = await reached_automations(connection, reach)
    if automations is None:
        return None
    objects = [row["id"] async for row in QUERIES.list_reached_objects(connection, objects=list(reach.objects))]
    return Reached(objects, automations)
