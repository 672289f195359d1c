"""Texts that steps send, kept under a name."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from store.database import Connection
from store.ids import new_id
from store.messages import Channel
from store.sql import QUERIES


@dataclass(frozen=True)
class TemplateTexts:
    """What a template holds. `html` goes with the plain text of a mail."""

    channel: Channel
    name: str
    subject: str = ""
    body: str = ""
    html: str | None = None


async def read_template(connection: Connection, api_name: str) -> Any | None:
    return await QUERIES.read_message_template(connection, api_name=api_name)


async def lock_template(connection: Connection, api_name: str) -> Any | None:
    """Nobody else saves it until the end of the transaction, also where there is none yet."""
    await QUERIES.lock_message_template_name(connection, key=f"message_template/{api_name}")
    return await read_template(connection, api_name)


async def put_template(connection: Connection, api_name: str, texts: TemplateTexts, now: datetime) -> Any:
    """The row. What it says already changes nothing. To be called in the transaction that has locked it."""
    row = await read_template(connection, api_name)
    said = asdict(texts)
    if row is None:
        return await QUERIES.insert_message_template(connection, id=new_id(), api_name=api_name, now=now, **said)
    if all(row[name] == value for name, value in said.items()):
        return row
    return await QUERIES.update_message_template(connection, api_name=api_name, now=now, **said)


async def list_templates(
    connection: Connection, *, channel: Channel | None = None, cursor: str | None = None, size: int = 50
) -> list[Any]:
    """By api_name."""
    return [row async for row in QUERIES.list_message_templates(connection, channel=channel, cursor=cursor, size=size)]


async def delete_template(connection: Connection, api_name: str) -> Any | None:
    """The row as it was; None if there is none such."""
    return await QUERIES.delete_message_template(connection, api_name=api_name)
