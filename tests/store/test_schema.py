"""What the schema promises as a whole."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from store.database import Connection, Database
from store.events import insert_event
from store.wakeups import EVENTS

_UNINDEXED = """
select c.conrelid::regclass || '.' || (
           select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1])
from pg_constraint c
where c.contype = 'f' and c.connamespace = 'public'::regnamespace
  and c.confrelid::regclass::text <> all($1::text[])
  and not exists (
    select from pg_index i
    where i.indrelid = c.conrelid and i.indisvalid
      and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = format('(%s IS NOT NULL)', (
          select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1])))
      and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
  )
"""
_NEVER_DELETED = ["api_keys", "automations", "employees", "objects", "records"]
"""Of those the row stays: revoked, deleted for people, not active, emptied."""


async def test_what_points_at_rows_that_are_deleted_is_found_by_an_index(database: Database) -> None:
    async with database.connection() as connection:
        found = await connection.fetch(_UNINDEXED, _NEVER_DELETED)
    assert [row[0] for row in found] == []


async def test_only_events_that_are_there_wake_the_relay(database: Database) -> None:
    told = asyncio.Queue[str]()

    def heard(*message: Any) -> None:
        told.put_nowait(message[3])

    none = "insert into events (id, kind, event_at, payload) select id, kind, event_at, payload from events where false"
    async with asyncio.timeout(20), database.connection() as listener, database.connection() as writer:
        await listener.add_listener(EVENTS, heard)
        await writer.execute(none)
        await writer.execute("select pg_notify($1, 'after none')", EVENTS)
        assert await told.get() == "after none"
        await insert(writer)
        await writer.execute("select pg_notify($1, 'after one')", EVENTS)
        assert [await told.get(), await told.get()] == ["", "after one"]
        await listener.remove_listener(EVENTS, heard)


async def insert(connection: Connection) -> None:
    assert await insert_event(connection, "form_submitted", None, datetime.now(UTC), {})


async def test_no_statement_trigger_acts_on_statements_that_change_nothing(database: Database) -> None:
    """Those of a statement run also where it changes no row: they have to look at what changed."""
    async with database.connection() as connection:
        found = await connection.fetch(
            "select tgname from pg_trigger where not tgisinternal and tgtype & 1 = 0"
            " and tgnewtable is null and tgoldtable is null"
        )
    assert [row["tgname"] for row in found] == []
