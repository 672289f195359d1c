"""What is compared: each variant runs one execution after another, from its start to its end."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from temporalio.client import Client

from activities.settings import Settings
from activities.starting import Cause, Started, Target, create_execution, launch
from automations.document import AutomationDocument
from automations.messages import EndReport
from automations.model import Priority
from benchmarks.bare import Bare
from benchmarks.subject import CHANGES_OF_ONE_EXECUTION, STEPS_OF_ONE_EXECUTION, create_leads, save_automation
from store.automations import read_automation
from store.database import Database
from store.executions import mark_started, read_execution
from store.records import read_record
from store.step_runs import list_step_runs

_LONGEST_SECONDS = 60
_STARTS_AT_ONCE = 8


class Variant(Protocol):
    """`prepare` readies the next executions, outside of what is measured; `execute` returns when one is over and right."""

    @property
    def name(self) -> str: ...

    async def prepare(self, count: int) -> None: ...

    async def execute(self) -> None: ...

    async def check(self) -> None: ...


class BareVariant:
    def __init__(self, bare: Bare, client: Client) -> None:
        self.name = bare.name
        self._bare, self._client = bare, client

    async def prepare(self, count: int) -> None:
        """There is nothing to ready."""

    async def execute(self) -> None:
        await self._client.execute_workflow(self._bare.workflow.run, id=str(uuid4()), task_queue=self._bare.task_queue)

    async def check(self) -> None:
        """There is nothing that it could have left undone."""


class EverstepVariant:
    """Starts executions as the gateway does: it reads automation and record, writes the row, and launches the workflow."""

    name = "everstep"

    def __init__(self, database: Database, client: Client, settings: Settings) -> None:
        self._database, self._client, self._settings = database, client, settings
        self._api_name = ""
        self._records: list[Any] = []
        self._done: list[tuple[Any, Any]] = []

    async def prepare(self, count: int) -> None:
        self._api_name = self._api_name or await save_automation(self._database)
        self._records += await create_leads(self._database, count)

    async def execute(self) -> None:
        record_id = self._records.pop()["id"]
        started = await self._start(record_id)
        report = await self._report(started)
        if (report.state, report.steps_run) != ("completed", STEPS_OF_ONE_EXECUTION):
            raise AssertionError(f"an execution ended otherwise: {report}")
        self._done.append((started.id, record_id))

    async def _report(self, started: Started) -> EndReport:
        """Raises AssertionError for an execution that waits for a person, and would so for ever."""
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                return await self._client.get_workflow_handle(started.workflow_id, result_type=EndReport).result()
        except TimeoutError:
            async with self._database.connection() as connection:
                row = await read_execution(connection, started.id)
            assert row is not None
            raise AssertionError(f"not over in {_LONGEST_SECONDS} s: {row['state']}: {row['reason']}") from None

    async def queue(self, count: int, priority: Priority) -> list[Started]:
        """Starts so many, some at a time, and waits for none of them."""
        await self.prepare(count)
        at_once = asyncio.Semaphore(_STARTS_AT_ONCE)

        async def start(record_id: Any) -> Started:
            async with at_once:
                started = await self._start(record_id, priority)
                async with self._database.connection() as connection:
                    await mark_started(connection, started.id)
                return started

        return await asyncio.gather(*(start(self._records.pop()["id"]) for _ in range(count)))

    async def _start(self, record_id: Any, priority: Priority | None = None) -> Started:
        now = datetime.now(UTC)
        trigger = {"type": "manual", "event_at": now.isoformat(), "evaluated_at": now.isoformat()}
        async with self._database.transaction() as connection:
            row = await read_automation(connection, self._api_name)
            assert row is not None
            target = Target(row, AutomationDocument.model_validate(row["document"]), await read_record(connection, record_id))
            cause = Cause(trigger=trigger, priority=priority)
            started = await create_execution(connection, target, cause, now, self._settings)
        await launch(self._client, self._settings, started)
        return started

    async def check(self) -> None:
        """Every execution of the last round has its history, its state and its record changes. Raises AssertionError."""
        done, self._done = self._done, []
        async with self._database.connection() as connection:
            for execution_id, record_id in done:
                execution, record = await read_execution(connection, execution_id), await read_record(connection, record_id)
                steps = await list_step_runs(connection, execution_id)
                assert execution is not None
                assert execution["state"] == "completed"
                assert [step["status"] for step in steps] == ["completed"] * STEPS_OF_ONE_EXECUTION
                assert record is not None
                assert record["revision"] == 1 + CHANGES_OF_ONE_EXECUTION
