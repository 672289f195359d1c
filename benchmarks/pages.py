"""Many executions, written straight into the database, and pages of their list near its beginning and far from it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
from pydantic_core import from_json, to_json

from benchmarks.calling import Call, called
from benchmarks.measuring import percentiles
from store.database import Database
from store.ids import new_id

SIZE = 50
FILTERS: Mapping[str, Mapping[str, str]] = {
    "all": {},
    "automation and state": {"automation": "listed", "state": "completed"},
}
"""Of ten executions eight are of the automation, and six are completed."""

_PER_INSERT = 50_000


async def fill(database: Database, executions: int) -> None:
    """A second apart, up to now, each over."""
    automations = [new_id(), new_id()]
    async with database.connection() as connection:
        for automation, name in zip(automations, ("listed", "not-listed"), strict=True):
            await connection.execute(
                "insert into automations (id, api_name, active, document) values ($1, $2, true, '{}')", automation, name
            )
        for start in range(0, executions, _PER_INSERT):
            await _insert(connection, automations, start, min(start + _PER_INSERT, executions), executions)
        await connection.execute("vacuum analyze executions")


async def _insert(connection: Any, automations: list[UUID], start: int, end: int, executions: int) -> None:
    await connection.execute(
        """
        insert into executions (id, workflow_id, automation_id, priority, state, revision, root_id, start_request, trigger,
                                created_at, updated_at, finished_at, workflow_started)
        select id, id::text, case when n % 10 < 8 then $1::uuid else $2::uuid end, 'regular',
               (array['completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'failed', 'canceled',
                      'completed', 'failed'])[1 + n % 10],
               1, id, '{}', '{"type": "manual"}', at, at, at, true
        from generate_series($3::int, $4::int - 1) n,
             lateral (select $5::timestamptz - ($6::int - n) * interval '1 second' as at) moment,
             lateral (select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008'
                              || lpad(n::text, 15, '0'))::uuid as id) made
        """,
        *automations, start, end, datetime.now(UTC), executions,
        timeout=300,
    )  # fmt: skip


@dataclass(frozen=True)
class Pages:
    """How to ask for the first page of a list, and for one far behind it."""

    near: Call
    far: Call

    async def turn(self, requests: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """The 50th and 99th percentile of either, in seconds."""
        return percentiles(await called(self.near, requests, 1)), percentiles(await called(self.far, requests, 1))


async def pages(client: httpx2.AsyncClient, database: Database, filter: Mapping[str, str], page: int) -> Pages:
    """The far one is what a caller gets who walks there."""
    first = {**filter, "size": str(SIZE)}
    cursor = (await client.get("/executions", params=first)).json()["next_cursor"]
    far = {**first, "cursor": _moved(cursor, await _before(database, filter, page))}
    return Pages(_asking(client, first), _asking(client, far))


def _asking(client: httpx2.AsyncClient, params: Mapping[str, str]) -> Call:
    async def ask(number: int) -> None:
        answered = await client.get("/executions", params=params)
        assert len(answered.json()["items"]) == SIZE, answered.text

    return ask


def _moved(cursor: str, place: str) -> str:
    """The cursor of the same list behind another row."""
    name, _ = from_json(base64.urlsafe_b64decode(cursor))
    return base64.urlsafe_b64encode(to_json([name, place])).decode()


async def _before(database: Database, filter: Mapping[str, str], page: int) -> str:
    """The last row of the page before."""
    rows = "select e.id, e.updated_at from executions e join automations a on a.id = e.automation_id"
    fitting = f"{rows} where a.api_name = $2 and e.state = $3" if filter else rows
    async with database.connection() as connection:
        row: Any = await connection.fetchrow(
            f"{fitting} order by e.id desc offset $1 limit 1", (page - 1) * SIZE - 1, *filter.values()
        )
    return f"{row['updated_at'].isoformat()} {row['id']}"
