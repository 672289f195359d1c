"""Who gets no messages any more that are for the people of records, and how they come to be on that list."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from store.database import Connection
from store.messages import Channel
from store.outside_events import ToldEvent, insert_events
from store.sql import QUERIES

Reason = Literal["unsubscribed", "bounced", "complained", "by_hand"]


@dataclass(frozen=True)
class Suppression:
    """`message_id` is the message that led to it, `by` who asked for it, where that was a caller."""

    channel: Channel
    address: str
    reason: Reason
    message_id: UUID | None = None
    by: str = ""


def plain(address: str) -> str:
    """As it stands on the list: addresses in lower case; numbers have no case."""
    return address.strip().lower()


async def suppress(connection: Connection, new: Suppression, now: datetime) -> Any | None:
    """The row; None if the address is on the list already, with the reason that it had first."""
    return await QUERIES.insert_suppression(
        connection,
        channel=new.channel,
        address=plain(new.address),
        reason=new.reason,
        message_id=new.message_id,
        by=new.by,
        now=now,
    )


async def suppressed_among(connection: Connection, channel: Channel, addresses: Collection[str]) -> set[str]:
    """Those of these addresses, as they are written here, that are on the list."""
    rows = QUERIES.list_suppressed(connection, channel=channel, addresses=[plain(address) for address in addresses])
    listed = {row["address"] async for row in rows}
    return {address for address in addresses if plain(address) in listed}


async def read_suppression(connection: Connection, channel: Channel, address: str) -> Any | None:
    return await QUERIES.read_suppression(connection, channel=channel, address=plain(address))


async def list_suppressions(
    connection: Connection, *, channel: Channel | None = None, cursor: tuple[str, str] | None = None, size: int = 50
) -> list[Any]:
    """By channel and address; `cursor` are those of the last one of the page before."""
    after_channel, after_address = cursor or (None, None)
    rows = QUERIES.list_suppressions(
        connection, channel=channel, after_channel=after_channel, after_address=after_address, size=size
    )
    return [row async for row in rows]


async def delete_suppression(connection: Connection, channel: Channel, address: str) -> Any | None:
    """The row as it was; None if the address is not on the list."""
    return await QUERIES.delete_suppression(connection, channel=channel, address=plain(address))


async def suppress_told(connection: Connection, events: Sequence[tuple[ToldEvent, str | None]], now: datetime) -> None:
    """What bounced, and who unsubscribed elsewhere: each event with the address that it named its record by.

    Without one it is the address of the record, if it has one only: of several nobody says which was meant.
    """
    unnamed = [event.record_id for event, address in events if address is None]
    rows = QUERIES.list_only_addresses(connection, record_ids=unnamed) if unnamed else None
    only = {row["id"]: row["address"] async for row in rows} if rows else {}
    for event, named in events:
        address = named or only.get(event.record_id)
        if address:
            await suppress(connection, Suppression("email", address, event.payload["event"]), now)


async def find_unsubscribing(connection: Connection, token: str) -> Any | None:
    """The message whose link leads here; None if there is none (any more)."""
    return await QUERIES.find_message_by_token(connection, token=token)


async def unsubscribe(connection: Connection, message: Any, now: datetime) -> bool:
    """Puts whom the message went to on the list, and tells the record's automations. Call it in a transaction.

    False if they are on it already. The event names the template, or the subject where there was none.
    """
    wanted = [Suppression(message["channel"], address, "unsubscribed", message["id"]) for address in message["recipients"]]
    added = [row for new in wanted if (row := await suppress(connection, new, now))]
    held = [row["id"] async for row in QUERIES.hold_told_records(connection, ids=[message["record_id"]])]
    if added and held:
        payload = {"event": "unsubscribed", "message": message["template"] or message["subject"]}
        key = f"unsubscribed/{message['id']}"
        await insert_events(connection, [ToldEvent("email_event", message["record_id"], now, payload, key)])
    return bool(added)
