"""Hearing from Postgres that there is something to do, sooner than by asking."""

import asyncio
from typing import Any, NoReturn

from store.database import UNAVAILABLE, Connection, Database

EVENTS = "everstep_events"
"""Told of by a trigger of the table, see the migrations."""

_AGAIN = 1.0


async def keep_hearing(database: Database, channel: str, woken: asyncio.Event) -> NoReturn:
    """Sets `woken` whenever the channel is told of, and whenever something may have been missed.

    Holds a connection. Where that is lost, whoever waits has to ask by himself until there is another one.
    """
    while True:
        try:
            async with database.connection() as connection:
                await _hear(connection, channel, woken)
        except UNAVAILABLE:
            pass
        await asyncio.sleep(_AGAIN)


async def _hear(connection: Connection, channel: str, woken: asyncio.Event) -> None:
    lost = asyncio.Event()

    def heard(*_: Any) -> None:
        woken.set()

    def over(_: Any) -> None:
        lost.set()

    await connection.add_listener(channel, heard)
    connection.add_termination_listener(over)
    try:
        woken.set()
        await lost.wait()
    finally:
        if not connection.is_closed():
            connection.remove_termination_listener(over)
            await connection.remove_listener(channel, heard)
