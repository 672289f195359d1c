"""Bulk starts in the tests: written as the gateway writes them, worked on by hand, and what became of them."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from activities.bulk_starting import bulk_start_once
from activities.services import Services
from activities.telling import tell_once
from automations.bulk_starts import Selection
from store import bulk_starts as stored
from store.automations import read_automation
from store.database import Connection
from store.ids import new_id
from tests.engine import Engine


@dataclass
class Bulk:
    """Bulk starts at a pace, by workers that are called by the test."""

    engine: Engine
    services: Services

    def at_pace(self, per_second: int) -> "Bulk":
        """Pages hold half as many records."""
        settings = self.services.settings.model_copy(update={"bulk_starts_per_second": per_second})
        return replace(self, services=replace(self.services, settings=settings))

    async def records(self, count: int, **values: Any) -> list[UUID]:
        return [await self.engine.lead(f"Lead {number}", **values) for number in range(count)]

    async def ask(self, records: Sequence[UUID] = (), *, api_name: str = "subject", **parts: Any) -> UUID:
        """On these records, or on those of a selection `{filter: …}` or `{all: true}`."""
        selection = Selection.model_validate({name: parts.pop(name) for name in ("filter", "all") if name in parts})
        async with self.engine.database.transaction() as connection:
            automation = await read_automation(connection, api_name)
            assert automation is not None
            new = stored.NewBulkStart(
                id=new_id(), automation_id=automation["id"], state="running" if records else "collecting", selection=selection,
                now=datetime.now(UTC),
                **{"variables": {}, "priority": None, "resume_paused": False, "by": "ada@example.com", **parts},
            )  # fmt: skip
            await stored.insert_bulk_start(connection, new)
            await stored.add_bulk_start_records(connection, new.id, dict.fromkeys(records))
        return new.id

    async def page(self) -> int:
        """The next page, whenever it is due."""
        await self.tell(
            """
            update bulk_starts set next_at = now()
            where id = any(array(select id from bulk_starts where finished_at is null for update skip locked))
            """
        )
        return await self.turn()

    async def turn(self) -> int:
        """What a worker does of both: the next page that is due, and telling what is to be told."""
        return await bulk_start_once(self.services) + await tell_once(self.services)

    async def finish(self, bulk_start: UUID, *, workers: int = 1) -> Any:
        """The row once it is over."""

        async def work() -> None:
            while (await self.row(bulk_start))["finished_at"] is None:
                await self.page()

        await asyncio.gather(*(work() for _ in range(workers)))
        return await self.row(bulk_start)

    async def row(self, bulk_start: UUID) -> Any:
        async with self.engine.database.connection() as connection:
            return await stored.read_bulk_start(connection, bulk_start)

    async def outcomes(self, bulk_start: UUID) -> dict[UUID, tuple[str | None, str | None]]:
        """Outcome and reason, by record."""
        async with self.engine.database.connection() as connection:
            rows = await stored.list_bulk_start_records(connection, bulk_start, size=10_000)
        return {row["record_id"]: (row["outcome"], row["reason"]) for row in rows}

    async def executions(self) -> list[Any]:
        """All there are, the oldest first."""
        async with self.engine.database.connection() as connection:
            return await connection.fetch("select * from executions order by id")

    async def started_on(self) -> Counter[UUID]:
        """How many executions there are for each record."""
        return Counter(row["record_id"] for row in await self.executions())

    async def tell(self, sql: str, *arguments: Any) -> None:
        async with self.engine.database.connection() as connection:
            await connection.execute(sql, *arguments)


async def left_to_tell(connection: Connection) -> int:
    return await connection.fetchval("select count(*) from requests_to_tell")
