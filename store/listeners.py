"""What the triggers of automations listen to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from automations.document import AutomationDocument
from automations.event_triggers import EventTrigger, Listen
from store.database import Connection
from store.sql import QUERIES

Use = Literal["start", "due"]


@dataclass(frozen=True)
class Told:
    """An event as listeners are found for it."""

    event_id: UUID
    event_at: datetime
    object_id: UUID | None
    kind: str
    keys: frozenset[str]
    automation_id: UUID | None = None
    trigger_id: str | None = None


async def write_listeners(
    connection: Connection, automation_id: UUID, object_id: UUID | None, document: AutomationDocument, now: datetime
) -> None:
    """To be written with the document. A trigger that says the same as before listens since then."""
    rows = list(_rows(document))
    await QUERIES.write_listeners(
        connection, automation_id=automation_id, object_id=object_id, now=now, trigger_ids=[row[0] for row in rows],
        uses=[row[1] for row in rows], kinds=[row[2].kind for row in rows], keys=[row[2].key for row in rows],
        definitions=[row[3] for row in rows],
    )  # fmt: skip


def _rows(document: AutomationDocument) -> Iterable[tuple[str, Use, Listen, dict[str, Any]]]:
    for trigger in document.triggers:
        definition = trigger.model_dump(mode="json", by_alias=True, exclude_unset=True)
        if isinstance(trigger, EventTrigger):
            for listen in sorted(trigger.listens()):
                yield trigger.id, "start", listen, definition
            for listen in sorted(trigger.moved_by()):
                yield trigger.id, "due", listen, definition
        elif trigger.type == "schedule":
            yield trigger.id, "start", Listen("schedule"), definition


async def find_listeners(connection: Connection, told: Sequence[Told]) -> list[Any]:
    """A row for each event and trigger that it may concern: event_id, use, the trigger's definition, its automation.

    `was_active`: the automation was when the event happened. `since`: the trigger answers nothing that happened before that.
    """
    pairs = [(each, key) for each in told for key in sorted(each.keys)]
    rows = QUERIES.find_listeners(
        connection, event_ids=[each.event_id for each, _ in pairs], event_ats=[each.event_at for each, _ in pairs],
        object_ids=[each.object_id for each, _ in pairs],
        kinds=[each.kind for each, _ in pairs], keys=[key for _, key in pairs],
        automation_ids=[each.automation_id for each, _ in pairs], trigger_ids=[each.trigger_id for each, _ in pairs],
    )  # fmt: skip
    return [row async for row in rows]


async def warn_of_triggers(connection: Connection, warnings: Sequence[tuple[UUID, str, str, str]], now: datetime) -> None:
    """Automation, trigger, code and sentence: kept until the automation is saved again."""
    for automation_id, trigger_id, code, sentence in warnings:
        told = {trigger_id: {"code": code, "sentence": sentence, "at": now.isoformat()}}
        await QUERIES.warn_of_trigger(connection, id=automation_id, trigger_id=trigger_id, warning=told)
