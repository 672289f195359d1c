"""What tests of triggers do by API, and a worker's part by hand: events are evaluated when the test says so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2

from activities.firing import Firings
from activities.planning import fire_due_once, scan_once
from activities.relaying import evaluate_events
from activities.services import Services
from automations.firings import FiringPage, PlannedTime
from tests.builders import Json, delay

LEAD: Json = {
    "api_name": "lead",
    "name": "Lead",
    "fields": [
        {"name": "email", "type": "email"},
        {"name": "status", "type": "text"},
        {"name": "seats", "type": "integer"},
        {"name": "country", "type": "dropdown", "options": ["DE", "AT", "US"]},
        {"name": "boxes", "type": "checkboxes", "options": ["a", "b", "c"]},
        {"name": "labels", "type": "tags"},
        {"name": "due", "type": "date"},
        {"name": "meets", "type": "datetime"},
    ],
    "stages": ["New", "Demo", "Won"],
}
TODAY = datetime.now(UTC).date()


def day(offset: int) -> str:
    """So many days from today, as a date field holds it."""
    return (TODAY + timedelta(days=offset)).isoformat()


@dataclass
class World:
    """A gateway, a worker that works when it is told to, and the record that everything is about."""

    api: httpx2.AsyncClient
    services: Services
    record: str = ""
    activity: str = ""
    leads: int = field(default=0)

    async def put(self, address: str, body: Json) -> Json:
        return _ok(await self.api.put(address, json=body))

    async def post(self, address: str, body: Json | None = None) -> Json:
        return _ok(await self.api.post(address, json=body))

    async def get(self, address: str, **parameters: Any) -> Any:
        return _ok(await self.api.get(address, params=parameters))

    async def lead(self, **parts: Any) -> None:
        """A new one, which everything is about from now on."""
        self.leads += 1
        email = f"lead-{self.leads}@example.com"
        values = {"email": email, **parts.pop("values", {})}
        made = await self.post("/objects/lead/records", {"name": f"Lead {self.leads}", "values": values, **parts})
        self.record = made["id"]

    async def save(self, *triggers: Json, **parts: Any) -> Json:
        document = {"api_name": "subject", "name": "Subject", "active": True, "object": "lead", "steps": [delay("rest")]}
        return await self.put("/automations/subject", document | {"triggers": list(triggers)} | parts)

    async def relay(self, now: datetime | None = None) -> None:
        """All that a worker does about events until there is nothing to do, as if it were `now`."""
        while await evaluate_events(self.services) + await scan_once(self.services, now):
            pass
        await fire_due_once(self.services, now)
        while await evaluate_events(self.services):
            pass

    async def listening_since(self, moment: datetime) -> None:
        """As if all had been saved then."""
        async with self.services.database.transaction() as connection:
            await connection.execute("update listeners set since = $1", moment)
            await connection.execute("update automations set activated_at = $1", moment)

    async def evaluations(self, **parameters: Any) -> list[Json]:
        """Oldest first."""
        listed = await self.get("/automations/subject/evaluations", size=200, **parameters)
        return listed["items"][::-1]

    async def came(self, trigger: str = "t") -> list[str]:
        """What became of the record's events: started, or the reason why not."""
        rows = await self.evaluations(record_id=self.record)
        return [row["reason"] or row["outcome"] for row in rows if row["trigger_id"] == trigger]

    async def executions(self) -> list[Json]:
        """Of the record, oldest first."""
        return (await self.get("/executions", automation="subject", record_id=self.record))["items"][::-1]

    async def explained(self, trigger: str = "t", **parameters: Any) -> Json:
        return await self.get(f"/automations/subject/triggers/{trigger}/explain", **parameters)


def _ok(answer: httpx2.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


Action = Callable[[World], Awaitable[Any]]


def create(**parts: Any) -> Action:
    """A new record, which the rest is about."""
    return lambda world: world.lead(**parts)


def edit(**values: Any) -> Action:
    return lambda world: world.api.patch(f"/records/{world.record}", json={"values": values})


def change(**attributes: Any) -> Action:
    """Of the record itself: its stage, name or owner."""
    return lambda world: world.api.patch(f"/records/{world.record}", json=attributes)


def archive(world: World) -> Awaitable[Any]:
    return world.post(f"/records/{world.record}/archive")


def unarchive(world: World) -> Awaitable[Any]:
    return world.post(f"/records/{world.record}/unarchive")


def log(type: str) -> Action:
    return lambda world: world.post(f"/records/{world.record}/activities", {"type": type, "status": "completed"})


def schedule(type: str, days: float = 1) -> Action:
    """A crm activity that is due in so many days."""

    async def act(world: World) -> None:
        due_at = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        body = {"type": type, "status": "scheduled", "due_at": due_at}
        world.activity = (await world.post(f"/records/{world.record}/activities", body))["id"]

    return act


def complete(world: World) -> Awaitable[Any]:
    return world.post(f"/activities/{world.activity}/complete")


def cancel(world: World) -> Awaitable[Any]:
    return world.post(f"/activities/{world.activity}/cancel")


def tell(kind: str, **parts: Any) -> Action:
    """What happened elsewhere."""
    return lambda world: world.post("/events", {"kind": kind, "record": {"object": "lead", "id": world.record}, **parts})


def call(method: str = "POST", **more: Any) -> Action:
    """The webhook `form`, which finds the record by its id."""

    async def act(world: World) -> None:
        told = {"lead": world.record, **more}
        parts: Json = {"json": told} if method == "POST" else {"params": told}
        _ok(await world.api.request(method, "/webhooks/subject/form", **parts))

    return act


def start(world: World) -> Awaitable[Any]:
    """By hand."""
    return world.post("/automations/subject/executions", {"record_id": world.record})


def planned(at: datetime) -> Action:
    """What the Temporal Schedule's workflow does when a planned time has come."""

    async def act(world: World) -> None:
        automation = await world.get("/automations/subject")
        trigger = automation["document"]["triggers"][0]["id"]
        asked = {"automation_id": UUID(automation["id"]), "trigger_id": trigger, "planned": at}
        firings = Firings(world.services)
        plan = await firings.plan_firing(PlannedTime(**asked, started=at))
        if plan.due_at:
            await firings.fire_page(FiringPage(**asked, due_at=plan.due_at))

    return act


def passes(days: float) -> Action:
    """A worker that comes by so many days from now."""
    return lambda world: world.relay(datetime.now(UTC) + timedelta(days=days))


def relayed(world: World) -> Awaitable[Any]:
    return world.relay()
