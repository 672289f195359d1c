"""Deleting an automation: its name is free at once, its executions and their history stay."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.access import ActorDep, needs
from api.deps import ConnectionsDep, DatabaseDep, SettingsDep
from api.errors import RefusedError
from api.etags import IfMatch, expected_revision
from api.executions.telling import tell
from api.problems import NotFoundError
from automations.executions import Request
from store.audit import Actor, Deed, write_audit, write_audits
from store.automations import ask_to_cancel, count_open_executions, delete_automation, lock_automation
from store.database import Connection

router = APIRouter(tags=["automations"])

CancelOpen = Annotated[bool, Query(description="Cancel its open executions; without it they keep it from being deleted")]
Why = Annotated[str, Query(max_length=500, description="Kept in the audit log, and in the histories of what is canceled")]


class DeletedAutomationView(BaseModel):
    """`canceled`: how many open executions were asked to end."""

    id: UUID
    api_name: str
    deleted_at: datetime
    canceled: int


@router.delete("/automations/{api_name}", summary="Delete an automation", dependencies=[needs("automations:remove")])
async def remove_automation(
    api_name: str,
    database: DatabaseDep,
    connections: ConnectionsDep,
    settings: SettingsDep,
    actor: ActorDep,
    cancel_open: CancelOpen = False,
    why: Why = "",
    if_match: IfMatch = None,
) -> DeletedAutomationView:
    """It listens no more, and another automation may take its name. Its executions can still be read by their ids."""
    expected, now = expected_revision(if_match), datetime.now(UTC)
    async with database.transaction() as connection:
        row = await _found(connection, api_name, expected)
        if not cancel_open:
            await _require_none_open(connection, row)
        await delete_automation(connection, row["id"], now)
        asked = await _canceled(connection, row, actor, why, now)
        await write_audit(connection, actor, Deed("automation.deleted", "automation", api_name, row["document"], why=why))
    await tell(connections, settings, asked)
    return DeletedAutomationView(id=row["id"], api_name=api_name, deleted_at=now, canceled=len(asked))


async def _found(connection: Connection, api_name: str, expected: int | None) -> Any:
    """Locked. Raises NotFoundError, and RefusedError 412 if it is not at the `expected` revision."""
    row = await lock_automation(connection, api_name)
    if row is None:
        raise NotFoundError("automation", api_name)
    if expected is not None and row["revision"] != expected:
        said = f"The automation is at revision {row['revision']}, not {expected}: read it again."
        raise RefusedError(412, "revision_changed", said)
    return row


async def _require_none_open(connection: Connection, row: Any) -> None:
    count = await count_open_executions(connection, row["id"])
    if count:
        open_ones = f"{count:,} open execution{'s' * (count != 1)}"
        said = f"Automation {row['api_name']} has {open_ones}: add cancel_open=true to cancel them."
        raise RefusedError(409, "executions_open", said)


async def _canceled(connection: Connection, row: Any, actor: Actor, why: str, now: datetime) -> list[Any]:
    """Also those that began since they were counted."""
    said = f"automation {row['api_name']} was deleted{': ' if why else ''}{why}"
    request = Request(id=f"delete-{uuid4()}", kind="cancel", by=actor.name, why=said)
    asked = await ask_to_cancel(connection, row["id"], request, now)
    deeds = [Deed("execution.canceled", "execution", str(each["id"]), why=said) for each in asked]
    await write_audits(connection, actor, deeds)
    return asked
