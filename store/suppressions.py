"""Who gets no messages any more: addresses in lower case, numbers with + and digits."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from store.database import Connection
from store.sql import QUERIES

Channel = Literal["email", "text"]
Reason = Literal["unsubscribed", "bounced", "complained", "by_hand"]


async def suppress(
    connection: Connection,
    channel: Channel,
    address: str,
    reason: Reason,
    now: datetime,
    *,
    message_id: UUID | None = None,
    by: str = "",
) -> None:
    """The first reason stays."""
    await QUERIES.insert_suppression(
        connection, channel=channel, address=address.lower(), reason=reason, now=now, message_id=message_id, by=by
    )


async def is_suppressed(connection: Connection, channel: Channel, address: str) -> bool:
    return await QUERIES.is_suppressed(connection, channel=channel, address=address.lower())


async def lift(connection: Connection, channel: Channel, address: str) -> bool:
    """False if the address was not on the list."""
    return await QUERIES.delete_suppression(connection, channel=channel, address=address.lower()) is not None
