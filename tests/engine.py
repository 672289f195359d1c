"""The engine on real services: what tests of executions share."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from activities import chores
from activities.asking import pinned
from activities.definitions import Definitions
from activities.mailing import MailServer
from activities.outbound import guarded_client
from activities.services import Services
from activities.settings import Settings
from activities.starting import OWN_LAUNCH, Cause, Target, create_execution, launch
from automations.document import AutomationDocument
from automations.executions import Request, RequestKind
from automations.fields import ObjectDefinition
from store.automations import create_automation, lock_automation, read_automation, replace_automation
from store.database import Database
from store.execution_lists import list_executions
from store.executions import lock_execution, read_execution, write_request
from store.objects import put_object, read_object
from store.records import change_record, create_record, read_record
from store.step_runs import list_step_runs
from worker import workers

LEAD = {
    "api_name": "lead",
    "name": "Lead",
    "fields": [
        {"name": "status", "type": "text"},
        {"name": "email", "type": "email"},
        {"name": "seats", "type": "integer"},
        {"name": "budget", "type": "money"},
        {"name": "country", "type": "dropdown", "options": ["DE", "AT", "US"]},
        {"name": "labels", "type": "tags"},
        {"name": "due", "type": "date"},
        {"name": "team", "type": "team_selector"},
    ],
}


async def until(condition: Callable[[], Awaitable[Any]], *, seconds: float = 20, says: str = "") -> Any:
    """What the condition answers once it answers something; never a bare sleep."""
    end = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {says or condition}")
        await asyncio.sleep(0.02)


@dataclass
class Engine:
    """A worker on a Temporal server and a database, and the few things tests ask of them."""

    database: Database
    client: Client
    settings: Settings
    services: Services = field(init=False, repr=False)

    @asynccontextmanager
    async def working(self, *, making_up: bool = False, relaying: bool = True) -> AsyncIterator["Engine"]:
        """Workers of both priorities, sandboxed, until the end of the block; `making_up` also mends what a crash left.

        Unless `relaying` no event reaches a goal but by the hand of the test.
        """
        async with guarded_client(self.settings) as http, aclosing(MailServer()) as mail, AsyncExitStack() as running:
            self.services = Services(self.settings, self.database, self.client, http, Definitions(), mail.send)
            for worker in workers(self.services):
                await running.enter_async_context(worker)
            for chore in self._chores(making_up, relaying):
                running.callback(asyncio.create_task(chore).cancel)
            yield self

    def _chores(self, making_up: bool, relaying: bool) -> Iterator[chores.Chore]:
        if making_up:
            yield from chores.making_up(self.services)
            yield from chores.telling(self.services)
        if making_up or relaying:
            yield from chores.launching(self.services)
        if relaying:
            yield from chores.relaying(self.services)
            yield from chores.planning(self.services)

    @asynccontextmanager
    async def bulk_requesting(self) -> AsyncIterator[None]:
        """A worker that works on bulk requests until the end of the block."""
        kinds = (chores.bulk_requesting, chores.telling)
        tasks = [asyncio.create_task(chore) for kind in kinds for chore in kind(self.services)]
        yield
        for task in tasks:
            task.cancel()

    async def save(self, **parts: Any) -> AutomationDocument:
        """Creates the automation or replaces it by its newest document."""
        document = AutomationDocument.model_validate({"api_name": "subject", "name": "Subject", "active": True, **parts})
        async with self.database.transaction() as connection:
            found = await read_object(connection, document.object) if document.object else None
            object_id = found.id if found else None
            row = await lock_automation(connection, document.api_name)
            if row is None:
                await create_automation(connection, document, object_id)
            else:
                await replace_automation(connection, row["id"], row["revision"], document, object_id)
        return document

    async def lead(self, name: str = "Ada Lovelace", owner: str | None = None, **values: Any) -> UUID:
        async with self.database.transaction() as connection:
            if await read_object(connection, "lead") is None:
                await put_object(connection, ObjectDefinition.model_validate(LEAD))
            lead = await read_object(connection, "lead")
            assert lead is not None
            row = await create_record(connection, lead, name=name, values=values, owner=owner, now=datetime.now(UTC))
            return row["id"]

    async def record(self, record_id: UUID) -> Any:
        async with self.database.connection() as connection:
            return await read_record(connection, record_id)

    async def edit(self, record_id: UUID, **values: Any) -> None:
        """A change from outside, as people make it."""
        async with self.database.connection() as connection:
            await change_record(connection, record_id, values=values, now=datetime.now(UTC))

    async def start(self, api_name: str = "subject", record: UUID | None = None, *, launched: bool = True, **cause: Any) -> UUID:
        """Row, then workflow; not `launched`: as a crash in between leaves it, see `due`."""
        async with self.database.transaction() as connection:
            row = await read_automation(connection, api_name)
            assert row, f"no automation {api_name}"
            found = await read_record(connection, record) if record else None
            target = Target(row, AutomationDocument.model_validate(row["document"]), found)
            now = datetime.now(UTC)
            cause = {"trigger": {"type": "manual", "event_at": now.isoformat(), "evaluated_at": now.isoformat()}} | cause
            launch_in = OWN_LAUNCH if launched else timedelta(hours=1)
            started = await create_execution(connection, target, Cause(**cause), now, self.settings, launch_in=launch_in)
        if launched:
            await launch(self.client, self.settings, started)
        return started.id

    async def due(self, execution_id: UUID, seconds_ago: float = 60) -> None:
        """As if it had been written so long ago, and a worker's turn to launch it had come."""
        async with self.database.connection() as connection:
            await connection.execute(
                "update executions set created_at = now() - $2::interval, launch_at = now() where id = $1",
                execution_id, timedelta(seconds=seconds_ago),
            )  # fmt: skip

    async def latest(self, api_name: str) -> Any:
        """The newest execution of an automation, once there is one."""

        async def found() -> Any:
            async with self.database.connection() as connection:
                row = await read_automation(connection, api_name)
                assert row, f"no automation {api_name}"
                return next(iter(await list_executions(connection, automations=[row["id"]], size=1)), None)

        return await until(found)

    async def execution(self, execution_id: UUID) -> Any:
        async with self.database.connection() as connection:
            return await read_execution(connection, execution_id)

    async def in_state(self, execution_id: UUID, state: str, *, reason: str | None = None, seconds: float = 20) -> Any:
        """The execution's row once it is in that state (and paused for that reason)."""

        async def found() -> Any:
            row = await self.execution(execution_id)
            return row if row["state"] == state and (reason is None or row["pause_reason"] == reason) else None

        try:
            return await until(found, seconds=seconds)
        except AssertionError:
            row = await self.execution(execution_id)
            raise AssertionError(
                f"{row['state']} ({row['pause_reason']}, {row['reason']}) and not {state} ({reason}) after {seconds} s"
            ) from None

    async def ended(self, execution_id: UUID, state: str = "completed", *, seconds: float = 20) -> Any:
        """The row once the execution is over; the workflow is over then too."""
        row = await self.in_state(execution_id, state, seconds=seconds)
        handle = await self.handle(execution_id)

        async def closed() -> bool:
            return (await handle.describe()).close_time is not None

        await until(closed, seconds=seconds, says="the workflow is over")
        return row

    async def steps(self, execution_id: UUID) -> list[Any]:
        async with self.database.connection() as connection:
            return await list_step_runs(connection, execution_id, size=50_000)

    async def visits(self, execution_id: UUID) -> list[tuple[str, str]]:
        """Step and status of each visit, in order."""
        return [(row["step_id"], row["status"]) for row in await self.steps(execution_id)]

    async def handle(self, execution_id: UUID) -> WorkflowHandle[Any, Any]:
        row = await self.execution(execution_id)
        return self.client.get_workflow_handle(row["workflow_id"])

    async def ask(self, execution_id: UUID, kind: RequestKind, **parts: Any) -> None:
        """The signal alone, as the Temporal Web UI or another client would send it."""
        await self.send(execution_id, Request(id=parts.pop("id", str(uuid4())), kind=kind, by="ada@example.com", **parts))

    async def send(self, execution_id: UUID, request: Request) -> None:
        await (await self.handle(execution_id)).signal(request.kind, request)

    async def write_request(self, execution_id: UUID, request: Request) -> None:
        """On the execution's row, where a busy chain sees it."""
        async with self.database.transaction() as connection:
            row = await lock_execution(connection, execution_id)
            if row and row["finished_at"] is None:
                await write_request(connection, execution_id, request)

    async def order(self, execution_id: UUID, kind: RequestKind, **parts: Any) -> None:
        """By row and by signal, as the gateway does it; nothing for an execution that is over."""
        request = Request(id=parts.pop("id", str(uuid4())), kind=kind, by="ada@example.com", **parts)
        if kind in ("pause", "cancel"):
            await self.write_request(execution_id, request)
        async with self.database.transaction() as connection:
            row = await lock_execution(connection, execution_id)
            request = await pinned(connection, row, request)
        with contextlib.suppress(RPCError):
            await self.send(execution_id, request)

    async def until_over(self, execution_id: UUID, kind: RequestKind) -> Any:
        """Asks for the same again and again until the execution has ended."""

        async def over() -> Any:
            await self.order(execution_id, kind)
            row = await self.execution(execution_id)
            return row if row["finished_at"] else None

        return await until(over)
