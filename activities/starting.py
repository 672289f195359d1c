"""Starting executions: the row first, the workflow under an id made from it."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.common import Priority as TaskPriority
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.settings import Settings
from activities.trips import tell_of_trip
from automations.document import AutomationDocument
from automations.executions import Request, workflow_id
from automations.messages import Carried, ExecutionStart, Limits
from automations.model import Priority
from automations.outcomes import StepRef
from automations.positions import Positions
from automations.steps.base import StepBase
from store.database import Connection, Database
from store.executions import NewExecution, insert_execution, mark_started
from store.ids import new_id
from store.kill_switches import trip_kill_switch
from store.starts import count_start
from workflows.execution import ExecutionWorkflow
from workflows.shown import AUTOMATION, PRIORITY, RECORD, STATE

_LOG = structlog.get_logger("everstep.starting")
TASK_TIMEOUT = timedelta(seconds=5)
"""Until a lost worker is noticed in a chain of local activities. A chain that is busy sees signals at four fifths of it."""

OWN_LAUNCH = timedelta(seconds=5)
"""For who writes a row and then starts its workflow; after that time a crash has come in between."""
LAUNCH_BY_WORKER = timedelta(0)


@dataclass(frozen=True)
class Target:
    """What an execution is to run on: an automation at its newest revision, and a record or none."""

    automation: Any
    document: AutomationDocument
    record: Any | None = None


@dataclass(frozen=True)
class Restart:
    """Takes up an execution that is over, at one of its steps and with these variables."""

    of: UUID
    step: StepBase
    variables: dict[str, Any]


@dataclass(frozen=True)
class Cause:
    """Why it starts. A child inherits its parent's priority and chain, a restart those of what it takes up."""

    trigger: dict[str, Any]
    overrides: dict[str, Any] = field(default_factory=dict)
    priority: Priority | None = None
    event_id: UUID | None = None
    parent_id: UUID | None = None
    root_id: UUID | None = None
    depth: int = 0
    restart: Restart | None = None


@dataclass(frozen=True)
class Started:
    """An execution whose row is there and whose workflow may not be yet."""

    id: UUID
    workflow_id: str
    priority: Priority
    start: ExecutionStart
    automation: str
    record_id: UUID | None


def task_queue(settings: Settings, priority: Priority) -> str:
    """Each priority has its queue, so that a flood of low ones stands in nobody's way."""
    return f"{settings.queue_prefix}-{priority}"


async def create_execution(
    connection: Connection,
    target: Target,
    cause: Cause,
    now: datetime,
    settings: Settings,
    *,
    launch_in: timedelta = OWN_LAUNCH,
    execution_id: UUID | None = None,
) -> Started:
    """Writes the row; `launch` follows once it is committed, or is left to the workers by LAUNCH_BY_WORKER."""
    execution_id, record, restart = execution_id or new_id(), target.record, cause.restart
    first = restart.step if restart else Positions(target.document).first()
    start = ExecutionStart(execution_id=execution_id, first=StepRef.to(first) if first else None, limits=_limits(settings))
    priority = cause.priority or target.document.priority
    shown = f"{record['object']}:{_slug(record['name'])}" if record else None
    started = Started(
        execution_id, workflow_id(target.document.api_name, shown, str(execution_id)), priority, start,
        target.document.api_name, record["id"] if record else None,
    )  # fmt: skip
    new = NewExecution(
        id=execution_id, workflow_id=started.workflow_id, automation_id=target.automation["id"], record_id=started.record_id,
        priority=priority, step_id=first.id if first else None, revision=target.automation["revision"],
        start_request=start_request(started), now=now, overrides=cause.overrides, trigger=cause.trigger, event_id=cause.event_id,
        parent_id=cause.parent_id, root_id=cause.root_id, depth=cause.depth,
        variables=restart.variables if restart else {}, restarted_from=restart.of if restart else None,
        launch_in=launch_in,
    )  # fmt: skip
    await insert_execution(connection, new)
    return started


async def limit_starts(
    connection: Connection, started: Started, automation_id: UUID, event_at: datetime, now: datetime, settings: Settings
) -> None:
    """For a start that an event causes: more of them in a minute than the limit hold the automation back until a person looks.

    The minute is that in which the events happened, however late they are evaluated. The others of this automation wait for the
    transaction's end: let little follow in it.
    """
    starts = await count_start(connection, automation_id, event_at)
    if starts > settings.max_starts_per_minute:
        await _trip(connection, started, starts, now, settings)


async def _trip(connection: Connection, started: Started, starts: int, now: datetime, settings: Settings) -> None:
    why = f"{starts:,} triggered starts in one minute; {settings.max_starts_per_minute:,} are the most"
    tripped = await trip_kill_switch(connection, started.automation, limit="starts_per_minute", why=why, now=now)
    if tripped:
        _LOG.warning("kill_switch_tripped", switch=str(tripped.id), automation=started.automation, why=why)
        await tell_of_trip(connection, tripped)


def _limits(settings: Settings) -> Limits:
    return Limits(
        step_runs=settings.max_step_runs, visits=settings.max_visits,
        visits_without_wait=settings.max_visits_without_wait, steps_per_run=settings.steps_per_run,
    )  # fmt: skip


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "record"


def start_request(started: Started) -> dict[str, Any]:
    """What the row keeps, so that a start that was cut short can be done again."""
    return {
        "start": started.start.as_json(),
        "automation": started.automation,
        "record_id": str(started.record_id) if started.record_id else None,
    }


def restarted(row: Any) -> Started:
    """The start that a row describes."""
    kept = row["start_request"]
    return Started(
        row["id"], row["workflow_id"], row["priority"], ExecutionStart.model_validate(kept["start"]), kept["automation"],
        UUID(kept["record_id"]) if kept["record_id"] else None,
    )  # fmt: skip


async def launch(client: Client, settings: Settings, started: Started, request: Request | None = None) -> None:
    """Starts the workflow, once however often it is called; a request goes in with it.

    Raises RPCError while Temporal is away: the row stands, and the worker starts it later.
    """
    try:
        await client.start_workflow(
            ExecutionWorkflow.run,
            started.start,
            id=started.workflow_id,
            task_queue=task_queue(settings, started.priority),
            id_reuse_policy=_reuse(started),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            task_timeout=TASK_TIMEOUT,
            search_attributes=_search_attributes(started),
            static_summary=f"{started.automation} on {started.workflow_id.split('/')[1]}",
            priority=TaskPriority(priority_key=2 if started.priority == "regular" else 4),
            start_signal=request.kind if request else None,
            start_signal_args=[request] if request else [],
        )
    except WorkflowAlreadyStartedError:
        return  # it ran and is over


def _reuse(started: Started) -> WorkflowIDReusePolicy:
    """One that is started again from its row follows a workflow that was terminated for that."""
    if started.start.carried == Carried():
        return WorkflowIDReusePolicy.REJECT_DUPLICATE
    return WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY


async def launch_and_mark(database: Database, client: Client, settings: Settings, started: Started) -> None:
    """Tells the row too, so that nobody starts it again while it stands in its queue. Raises what `launch` raises."""
    await launch(client, settings, started)
    async with database.connection() as connection:
        await mark_started(connection, started.id)


def _search_attributes(started: Started) -> TypedSearchAttributes:
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(AUTOMATION, started.automation),
        SearchAttributePair(STATE, "active"),
        SearchAttributePair(PRIORITY, started.priority),
    ]
    if started.record_id:
        pairs.append(SearchAttributePair(RECORD, str(started.record_id)))
    return TypedSearchAttributes(pairs)
