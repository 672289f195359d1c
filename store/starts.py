"""How often automations are started: by the minute, and within a chain."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES


async def count_start(connection: Connection, automation_id: UUID, event_at: datetime) -> int:
    """Counts one start, and says how many there are in the minute of its event.

    Others wait for the transaction's end: call it late in it.
    """
    return await QUERIES.count_start(connection, automation_id=automation_id, event_at=event_at)


async def starts_in_chain(
    connection: Connection, root_id: UUID, automation_ids: Collection[UUID]
) -> Counter[tuple[UUID, UUID | None]]:
    """By automation and record (None: globally)."""
    rows = QUERIES.list_starts_in_chain(connection, root_id=root_id, automation_ids=list(automation_ids))
    return Counter({(row["automation_id"], row["record_id"]): row["starts"] async for row in rows})
