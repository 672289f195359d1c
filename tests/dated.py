"""What tests of date triggers share: records that change at given times, and the three that plan by hand of the test.

All times are in 2096, as a trigger counts only from when it is saved, which is now.
"""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from activities.planning import fire_due_once, scan_once
from activities.relaying import evaluate_events
from activities.services import Services
from automations.fields import ObjectDefinition
from store.automations import set_active
from store.business import Business, write_business
from store.crm_activities import schedule_activity
from store.due import rescan_all
from store.objects import put_object, read_object
from store.records import archive_record, change_record, create_record, unarchive_record
from tests.builders import Json, delay
from tests.engine import Engine

LEAD: Json = {
    "api_name": "lead",
    "name": "Lead",
    "fields": [
        {"name": "status", "type": "text"},
        {"name": "due", "type": "date"},
        {"name": "meets", "type": "datetime"},
    ],
}
WEEKDAYS = {"working_days": ["mon", "tue", "wed", "thu", "fri"], "days_off": [{"date": "2096-03-05", "name": "Founders' day"}]}
"""1 March 2096 is a Thursday."""


def at(text: str) -> datetime:
    """`03-01` is midnight of 1 March 2096 and `03-01 09:00` nine o'clock, in UTC; another year may be said."""
    text = text if len(text.split()[0]) > 5 else f"2096-{text}"
    found = datetime.fromisoformat(text)
    return datetime.combine(found.date(), found.time() or time(), UTC)


def shown(moment: datetime) -> str:
    """The other way round."""
    text = moment.astimezone(UTC).isoformat(" ", "minutes").removesuffix("+00:00").removesuffix(" 00:00")
    return text.removeprefix("2096-")


def on_date(**more: Any) -> Json:
    return {"id": "date", "type": "on_or_around_date", "field": "due", **more}


def overdue(**more: Any) -> Json:
    return {"id": "late", "type": "activity_overdue", **more}


class Leads:
    """Leads, an automation that looks at their dates, and who keeps the plans of it."""

    def __init__(self, engine: Engine, services: Services) -> None:
        self.engine, self.services, self.database = engine, services, engine.database

    async def save(self, *triggers: Json, scan: bool = True, **parts: Any) -> None:
        """And plans it for the records that are there."""
        async with self.database.connection() as connection:
            if await read_object(connection, "lead") is None:
                await put_object(connection, ObjectDefinition.model_validate(LEAD))
        await self.engine.save(object="lead", triggers=list(triggers), steps=[delay("rest")], **parts)
        if scan:
            await self.scan()

    async def without_field(self, name: str) -> None:
        fields = [field for field in LEAD["fields"] if field["name"] != name]
        async with self.database.connection() as connection:
            await put_object(connection, ObjectDefinition.model_validate({**LEAD, "fields": fields}))

    async def activate(self, active: bool = True) -> None:
        async with self.database.transaction() as connection:
            await set_active(connection, "subject", active)

    async def since(self, moment: str) -> None:
        """As if the automation had been activated then, a moment ago."""
        async with self.database.transaction() as connection:
            await connection.execute("update automations set activated_at = $1", at(moment))
            await connection.execute("update due_scans set since = $1", at(moment))

    async def create(self, now: str, name: str = "Ada", **values: Any) -> UUID:
        async with self.database.transaction() as connection:
            stored = await read_object(connection, "lead")
            assert stored
            return (await create_record(connection, stored, name=name, values=values, now=at(now)))["id"]

    async def change(self, now: str, lead: UUID, **values: Any) -> None:
        async with self.database.connection() as connection:
            await change_record(connection, lead, values=values, now=at(now))

    async def archive(self, now: str, lead: UUID) -> None:
        async with self.database.connection() as connection:
            await archive_record(connection, lead, now=at(now))

    async def unarchive(self, now: str, lead: UUID) -> None:
        async with self.database.connection() as connection:
            await unarchive_record(connection, lead, now=at(now))

    async def schedule(self, now: str, lead: UUID, due: str, type: str = "call") -> UUID:
        async with self.database.connection() as connection:
            return (await schedule_activity(connection, lead, type=type, due_at=at(due), now=at(now)))["id"]  # pyright: ignore[reportOptionalSubscript]

    async def business(self, now: str | None = None, **parts: Any) -> None:
        """As the gateway writes it."""
        business = Business.model_validate({"name": "Us", "timezone": "UTC", "locale": "en", **parts})
        async with self.database.transaction() as connection:
            if await write_business(connection, business):
                await rescan_all(connection, at(now) if now else datetime.now(UTC))

    async def relay(self) -> None:
        while await evaluate_events(self.services):
            pass

    async def scan(self) -> int:
        """How many records, over all pages."""
        total = 0
        while found := await scan_once(self.services):
            total += found
        return total

    async def sweep(self, now: str) -> int:
        total = 0
        while found := await fire_due_once(self.services, at(now)):
            total += found
        return total

    async def planned(self) -> list[str]:
        """When anything is due, in order."""
        async with self.database.connection() as connection:
            return [shown(row["due_at"]) for row in await connection.fetch("select due_at from due_triggers order by due_at")]

    async def rows(self) -> list[Any]:
        async with self.database.connection() as connection:
            return await connection.fetch("select * from due_triggers order by due_at")

    async def scans(self) -> list[str]:
        async with self.database.connection() as connection:
            return [row["trigger_id"] for row in await connection.fetch("select trigger_id from due_scans order by 1")]

    async def evaluations(self) -> list[tuple[str, str]]:
        """When it was to be, and why nothing started, or started."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select event_at, coalesce(reason, outcome) as came from evaluations order by event_at, id"
            )
        return [(shown(row["event_at"]), row["came"]) for row in rows]

    async def started(self, now: str) -> list[str]:
        """As of which times executions started so far, after firing what is due by then."""
        await self.relay()
        await self.sweep(now)
        await self.relay()
        return [moment for moment, came in await self.evaluations() if came == "started"]

    async def warnings(self) -> Json:
        async with self.database.connection() as connection:
            return await connection.fetchval("select warnings from automations where api_name = 'subject'")
