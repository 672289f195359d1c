"""Resuming what is paused where a person asks for a start."""

from uuid import UUID

from temporalio.client import Client

from activities.resuming import lock_resumable
from activities.settings import Settings
from api.errors import RefusedError
from api.executions.requesting import ask
from api.executions.starting import target_by_hand
from store.audit import Actor
from store.database import Database


async def resume_by_hand(
    database: Database, client: Client, settings: Settings, api_name: str, record_id: UUID | None, actor: Actor
) -> list[UUID]:
    """The paused executions of the automation on the record, or of a global one, that go on; the oldest first.

    Raises RefusedError as a start does.
    """
    async with database.transaction() as connection:
        target = await target_by_hand(connection, api_name, record_id)
        rows = await lock_resumable(connection, target.automation["id"], [record_id] if record_id else None)
    found = [row["id"] for row in rows]
    return [each for each in found if await _resumes(database, client, settings, each, actor)]


async def _resumes(database: Database, client: Client, settings: Settings, execution_id: UUID, actor: Actor) -> bool:
    """Not if something else has become of it since."""
    try:
        await ask(database, client, settings, execution_id, "resume", actor=actor, why="asked to start", path=None)
    except RefusedError as refused:
        if refused.status != 409:
            raise
        return False
    return True
