"""Messages that steps send: each is written before it leaves the house, and what became of it after."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

Channel = Literal["email", "text"]
MessageState = Literal["queued", "sent", "failed"]


@dataclass(frozen=True)
class NewMessage:
    """A message to be: that of a step run (`execution_id`, `sequence`), or the one at its `place` where it sends several.

    `record_id` is the record that it is for, or about. `unsubscribe_token` is what the page to get no more of them is found by.
    """

    execution_id: UUID
    sequence: int
    channel: Channel
    sender: str
    recipients: Sequence[str]
    place: int = 0
    record_id: UUID | None = None
    cc: Sequence[str] = ()
    subject: str = ""
    body: str = ""
    html: str | None = None
    template: str | None = None
    unsubscribe_token: str | None = None


async def queue_message(connection: Connection, new: NewMessage, now: datetime) -> Any:
    """The row. It says what `new` says as long as it is certain that nobody got it, with the token that it had first.

    Else it is the row as it was handed over, or sent.
    """
    values = {**asdict(new), "recipients": list(new.recipients), "cc": list(new.cc)}
    row = await QUERIES.queue_message(connection, id=new_id(), now=now, **values)
    if row is not None:
        return row
    return await QUERIES.find_message(connection, execution_id=new.execution_id, sequence=new.sequence, place=new.place)


async def hand_over(connection: Connection, message_id: UUID, attempt: int, now: datetime) -> int | None:
    """How often it was handed over by now, this time included, without an answer that was written. Call it before it leaves.

    None, and it is not to leave, where another attempt of its step run has begun since this one.
    """
    return await QUERIES.hand_message_over(connection, id=message_id, attempt=attempt, now=now)


async def mark_sent(
    connection: Connection,
    message_id: UUID,
    now: datetime,
    *,
    provider_id: str | None = None,
    delivery: str | None = None,
    refused: Sequence[str] = (),
) -> None:
    """`refused` are the recipients that were not taken while others were."""
    await QUERIES.mark_message_sent(
        connection, id=message_id, provider_id=provider_id, delivery=delivery, refused=list(refused), now=now
    )


async def mark_failed(connection: Connection, message_id: UUID, error: Mapping[str, str], now: datetime) -> None:
    """For good: the last hand-over certainly sent nothing, and none is to follow. `error` is code and sentence.

    What a later attempt has sent in the meantime stays sent.
    """
    await QUERIES.mark_message_failed(connection, id=message_id, error=dict(error), now=now)


async def mark_refused_for_now(connection: Connection, message_id: UUID, error: Mapping[str, str], now: datetime) -> None:
    """The last hand-over certainly sent nothing: it stays queued for another. Doubt about those before stays."""
    await QUERIES.mark_message_refused(connection, id=message_id, error=dict(error), now=now)


async def places_taken(connection: Connection, execution_id: UUID, sequence: int) -> list[Any]:
    """The `place` of each message of a step run, with its `recipients` and the `record_id` that it is for."""
    return [row async for row in QUERIES.list_message_places(connection, execution_id=execution_id, sequence=sequence)]


async def read_message(connection: Connection, message_id: UUID) -> Any | None:
    """All columns, and `automation`: the api_name of the one that sent it."""
    return await QUERIES.read_message(connection, id=message_id)


async def list_messages(
    connection: Connection,
    *,
    record_id: UUID | None = None,
    execution_id: UUID | None = None,
    channel: Channel | None = None,
    state: MessageState | None = None,
    reached: Sequence[UUID] | None = None,
    cursor: UUID | None = None,
    size: int = 50,
) -> list[Any]:
    """Newest first, without their texts, of the automations that are `reached`. What is not given does not narrow."""
    rows = QUERIES.list_messages(
        connection, record_id=record_id, execution_id=execution_id, channel=channel, state=state, automations=reached,
        cursor=cursor, size=size,
    )  # fmt: skip
    return [row async for row in rows]
