"""Deleting a record for good: what was written of it goes, its id stays for the executions that worked on it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.records import lock_record, refuse_changed
from store.requests import end_executions_of_record
from store.sql import QUERIES


async def delete_record(
    connection: Connection, record_id: UUID, *, now: datetime, revision: int | None = None, by: str = ""
) -> Any | None:
    """The row as it was; None if there is no such record. Raises RecordChangedError. Call it in a transaction.

    Its open executions are asked to end; whoever deletes hands that over, see `list_being_canceled`. What their steps have used
    stays in their histories.
    """
    await end_executions_of_record(connection, record_id, f"delete-{new_id()}", now, by, "its record was deleted")
    row = await lock_record(connection, record_id)
    if row is None:
        return None
    refuse_changed(row, revision)
    await QUERIES.drop_due_of_record(connection, id=record_id, object_id=row["object_id"])
    await QUERIES.wipe_record(connection, id=record_id, now=now)
    await QUERIES.wipe_evaluations_of_record(connection, id=record_id)
    await QUERIES.wipe_deliveries_of_record(connection, id=record_id)
    await QUERIES.wipe_events_of_record(connection, id=record_id, now=now)
    await QUERIES.wipe_activities_of_record(connection, id=record_id, now=now)
    await QUERIES.wipe_messages_of_record(connection, id=record_id, now=now)
    await QUERIES.wipe_texts_of_record(connection, id=record_id)
    return row
