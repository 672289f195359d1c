"""Automations: the newest document of each, and every revision that ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from automations.document import AutomationDocument
from automations.executions import Request
from store.database import Connection
from store.due import rescan_automation
from store.effects import write_effects
from store.ids import new_id
from store.listeners import write_listeners
from store.schedules import write_schedules
from store.sql import QUERIES

Sort = Literal["api_name", "name", "-updated_at"]


async def read_automation(connection: Connection, api_name: str) -> Any | None:
    return await QUERIES.read_automation(connection, api_name=api_name)


async def lock_automation(connection: Connection, api_name: str) -> Any | None:
    return await QUERIES.lock_automation(connection, api_name=api_name)


async def read_automation_by_id(connection: Connection, automation_id: UUID) -> Any:
    """Also one that was deleted: its executions still go by it."""
    return await QUERIES.read_automation_by_id(connection, id=automation_id)


class ListKey(NamedTuple):
    """Where a page ended: by api_name, and by what the list is sorted by. `name` in lower case, as Postgres writes it."""

    api_name: str | None
    name: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class Listing:
    """Which automations, and in which order. `name` is a part of it; `after` is the last one of the page before."""

    object: str | None = None
    active: bool | None = None
    name: str | None = None
    webhook: bool | None = None
    sort: Sort = "api_name"
    after: ListKey | None = None


_ALL = Listing()


async def list_automations(
    connection: Connection, listing: Listing = _ALL, *, reached: Sequence[UUID] | None = None, size: int = 50
) -> list[Any]:
    """Only those that are `reached`."""
    after = listing.after or ListKey(None)
    rows = QUERIES.list_automations(
        connection, reached=reached, object=listing.object, active=listing.active, name=listing.name, webhook=listing.webhook,
        sort=listing.sort, cursor=after.api_name, after_name=after.name, after_time=after.updated_at, size=size,
    )  # fmt: skip
    return [row async for row in rows]


async def create_automation(connection: Connection, document: AutomationDocument, object_id: UUID | None) -> bool:
    """False if the api_name was taken in the meantime. Call it in a transaction."""
    now = datetime.now(UTC)
    made = await QUERIES.insert_automation(
        connection, id=new_id(), api_name=document.api_name, object_id=object_id, active=document.active,
        document=document.as_json(), now=now,
    )  # fmt: skip
    if made is not None:
        await QUERIES.insert_revision(connection, automation_id=made, revision=1, document=document.as_json())
        await _listen(connection, made, object_id, document, now)
    return made is not None


async def replace_automation(
    connection: Connection, automation_id: UUID, revision: int, document: AutomationDocument, object_id: UUID | None
) -> bool:
    """False if the automation is no longer at that revision: nothing was written then. Call it in a transaction."""
    now = datetime.now(UTC)
    saved = await QUERIES.update_automation(
        connection, id=automation_id, revision=revision, object_id=object_id, active=document.active,
        document=document.as_json(), now=now,
    )  # fmt: skip
    if saved is not None:
        await QUERIES.insert_revision(connection, automation_id=automation_id, revision=saved, document=document.as_json())
        await _listen(connection, automation_id, object_id, document, now)
    return saved is not None


async def _listen(
    connection: Connection, automation_id: UUID, object_id: UUID | None, document: AutomationDocument, now: datetime
) -> None:
    """What the triggers wait for changes with the document."""
    await write_listeners(connection, automation_id, object_id, document, now)
    await write_effects(connection, automation_id, object_id, document)
    await write_schedules(connection, automation_id, document, now)
    await rescan_automation(connection, automation_id, now)


async def read_document(connection: Connection, automation_id: UUID, revision: int) -> AutomationDocument:
    """A document as it was saved; it was checked then."""
    document = await QUERIES.read_document(connection, automation_id=automation_id, revision=revision)
    return AutomationDocument.model_validate(document)


async def set_active(connection: Connection, api_name: str, active: bool) -> Any | None:
    """The row if this changed it. Call it in a transaction."""
    now = datetime.now(UTC)
    row = await QUERIES.set_active(connection, api_name=api_name, active=active, now=now)
    if row is not None:
        await _listen(connection, row["id"], row["object_id"], AutomationDocument.model_validate(row["document"]), now)
    return row


async def list_existing_automations(connection: Connection, api_names: list[str]) -> set[str]:
    return {row["api_name"] async for row in QUERIES.list_existing_automations(connection, api_names=api_names)}


async def count_open_executions(connection: Connection, automation_id: UUID) -> int:
    return await QUERIES.count_open_executions(connection, automation_id=automation_id)


async def ask_to_cancel(connection: Connection, automation_id: UUID, request: Request, now: datetime) -> list[Any]:
    """Writes the request on its open executions and into their histories. The rows are what it takes to hand it over."""
    rows = QUERIES.ask_to_cancel(
        connection, automation_id=automation_id, request=request.model_dump(), request_id=request.id, asked_by=request.by,
        why=request.why, now=now,
    )  # fmt: skip
    return [row async for row in rows]


async def delete_automation(connection: Connection, automation_id: UUID, now: datetime) -> Any | None:
    """The row if this deleted it: it listens no more, and another may take its name. Call it in a transaction.

    Its bulk starts end here, before its executions are asked to: a bulk start locks itself first, and executions after that.
    """
    row = await QUERIES.delete_automation(connection, id=automation_id, now=now)
    if row is None:
        return None
    reason = f"automation {row['api_name']} was deleted"
    await QUERIES.end_bulk_starts_of_automation(connection, automation_id=automation_id, reason=reason, now=now)
    await QUERIES.delete_webhook_secrets_of_automation(connection, automation_id=automation_id)
    document = AutomationDocument(api_name=row["api_name"], name=row["api_name"])
    await _listen(connection, automation_id, row["object_id"], document, now)
    return row
