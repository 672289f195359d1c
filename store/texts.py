"""Texts that come in, and whose they are; what a provider says of those that went out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.fields import ObjectDefinition
from store.database import Connection
from store.events import insert_event
from store.ids import new_id
from store.sql import QUERIES

RECEIVED = "text_received"
"""The kind of the event."""


@dataclass(frozen=True)
class ReceivedText:
    """As its provider told of it, under an id that no other text has."""

    provider_id: str
    sender: str
    recipient: str
    body: str


@dataclass(frozen=True)
class _Belongs:
    """`message_id`: the last text that went to the number, which this one answers."""

    record_id: UUID | None = None
    message_id: UUID | None = None


async def keep_received_text(connection: Connection, text: ReceivedText, now: datetime) -> bool:
    """Once, with the event of the record that it belongs to, if it belongs to one; False for one that came before.

    To be called in a transaction. Nobody changes or archives the record until its end.
    """
    id = await QUERIES.insert_incoming_text(
        connection, id=new_id(), provider_id=text.provider_id, sender=text.sender, recipient=text.recipient, body=text.body,
        now=now,
    )  # fmt: skip
    if id is None:
        return False
    belongs = await _belongs(connection, text.sender)
    if belongs.record_id is not None:
        event_id = await insert_event(connection, RECEIVED, belongs.record_id, now, _payload(text, belongs))
        await QUERIES.place_incoming_text(
            connection, id=id, record_id=belongs.record_id, message_id=belongs.message_id, event_id=event_id
        )
    return True


def _payload(text: ReceivedText, belongs: _Belongs) -> dict[str, Any]:
    answered = {"message": str(belongs.message_id)} if belongs.message_id else {}
    return {"from": text.sender, "to": text.recipient, "body": text.body, **answered}


async def _belongs(connection: Connection, number: str) -> _Belongs:
    """To the record that was last written to at the number; else to the oldest contact that holds it."""
    row = await QUERIES.find_last_text_to(connection, number=number)
    if row is not None and await _held(connection, row["record_id"]):
        return _Belongs(row["record_id"], row["id"])
    record_id = await _contact(connection, number)
    return _Belongs(record_id) if record_id and await _held(connection, record_id) else _Belongs()


async def _held(connection: Connection, record_id: UUID) -> bool:
    """Whether it is there, and not archived. It stays so until the end of the transaction."""
    return bool([row async for row in QUERIES.hold_told_records(connection, ids=[record_id])])


async def _contact(connection: Connection, number: str) -> UUID | None:
    rows = [row async for row in QUERIES.list_contact_objects(connection)]
    places = [
        (row["id"], {field.name: number})
        for row in rows
        for field in ObjectDefinition.model_validate(row["definition"]).fields
        if field.type == "phone"
    ]
    objects, held = [object_id for object_id, _ in places], [values for _, values in places]
    nothing: list[None] = [None] * len(places)
    found = QUERIES.find_told_records(
        connection, places=[0] * len(places), object_ids=objects, ids=nothing, names=nothing, held=held
    )
    return next(iter([row["id"] async for row in found]), None)


async def list_answers(connection: Connection, message_id: UUID) -> list[Any]:
    """What came in since this text was written and belongs to its record: `event_id` and `body`, the oldest first."""
    return [row async for row in QUERIES.list_answers(connection, message_id=message_id)]


async def write_delivery(connection: Connection, provider_id: str, delivery: str, error: str | None, now: datetime) -> None:
    """What became of a text. Providers' calls overtake each other: what is final stays."""
    await QUERIES.write_delivery(connection, provider_id=provider_id, delivery=delivery, error=error, now=now)


async def list_incoming_texts(
    connection: Connection, *, record_id: UUID | None = None, cursor: UUID | None = None, size: int = 50
) -> list[Any]:
    """Newest first."""
    return [row async for row in QUERIES.list_incoming_texts(connection, record_id=record_id, cursor=cursor, size=size)]
