"""When triggers fired, for those that are to be quiet afterwards."""

from datetime import datetime, timedelta
from uuid import UUID

from store.database import Connection
from store.ids import NIL
from store.sql import QUERIES

_LATE = timedelta(days=7)
"""Events are evaluated no later than this after they happened."""


async def take_turn_with_throttle(connection: Connection, automation_id: UUID, trigger_id: str, record_id: UUID | None) -> None:
    """Others of this trigger and record wait until the end of the transaction. For who evaluates events beside the relay."""
    await QUERIES.take_turn_with_throttle(connection, key=f"{automation_id}/{trigger_id}/{record_id or NIL}")


async def fires(
    connection: Connection, automation_id: UUID, trigger_id: str, record_id: UUID | None, event_at: datetime, quiet: timedelta
) -> bool:
    """Whether an event starts an execution: it is then kept as a firing. Two at once of one trigger and record may both do."""
    key = {"automation_id": automation_id, "trigger_id": trigger_id, "record_id": record_id or NIL}
    fired = await QUERIES.fire(connection, **key, event_at=event_at, quiet=quiet)
    if fired:
        await QUERIES.forget_firings(connection, **key, before=event_at - quiet - _LATE)
    return bool(fired)


async def firing_before(
    connection: Connection, automation_id: UUID, trigger_id: str, record_id: UUID | None, event_at: datetime, quiet: timedelta
) -> datetime | None:
    """The firing that keeps an event quiet: the nearest to it within the window."""
    key = {"automation_id": automation_id, "trigger_id": trigger_id, "record_id": record_id or NIL}
    return await QUERIES.find_firing(connection, **key, event_at=event_at, quiet=quiet)
