"""Automations: the newest document of each, and every revision that ran."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from automations.document import AutomationDocument
from store.database import Connection
from store.due import rescan_automation
from store.effects import write_effects
from store.ids import new_id
from store.listeners import write_listeners
from store.schedules import write_schedules
from store.sql import QUERIES


async def read_automation(connection: Connection, api_name: str) -> Any | None:
    return await QUERIES.read_automation(connection, api_name=api_name)


async def lock_automation(connection: Connection, api_name: str) -> Any | None:
    return await QUERIES.lock_automation(connection, api_name=api_name)


async def list_automations(
    connection: Connection, *, object_id: UUID | None = None, cursor: str | None = None, size: int = 50
) -> list[Any]:
    """By api_name."""
    return [row async for row in QUERIES.list_automations(connection, object_id=object_id, cursor=cursor, size=size)]


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
