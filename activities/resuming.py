"""Resuming what is paused in place of a new start."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from activities.asking import is_being, meant_by, pinned
from automations.asking import Refused
from automations.executions import Request
from store.database import Connection
from store.executions import lock_paused


async def lock_resumable(connection: Connection, automation_id: UUID, record_ids: Iterable[UUID] | None) -> list[Any]:
    """The executions of an automation on these records (None: globally) that are paused and that a resume gets going."""
    rows = await lock_paused(connection, automation_id, record_ids)
    asked = Request(id="", kind="resume")
    return [row for row in rows if not is_being(row, "cancel") and not isinstance(meant_by(asked, row), Refused)]


async def resume_of(connection: Connection, row: Any, *, by: str, why: str) -> tuple[UUID, Request]:
    """What is asked of an execution of `lock_resumable`, as `ask_executions` takes it."""
    request = Request(id=str(uuid4()), kind="resume", by=by, why=why)
    return row["id"], await pinned(connection, row, request)
