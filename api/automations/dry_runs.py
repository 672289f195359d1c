"""Dry runs: what an automation would do, without doing it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx2
import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from activities.definitions import Definitions, Plan
from activities.dry_frame import Notes, TriedDefinitions
from activities.dry_hearing import Heard, heard
from activities.dry_outside import Outside, Would, WouldKind
from activities.dry_running import LONGEST, PATIENCE, DryEnd, DryRun
from activities.services import Services
from activities.settings import Settings
from activities.starting import create_execution
from api.access import CallerDep, needs
from api.automations.dry_run_preparing import DryRunBody, Prepared, prepare
from api.deps import DatabaseDep, DefinitionsDep, SettingsDep
from api.executions.views import step_run_view
from automations.access import Access, Place
from automations.evaluation import Reason
from automations.executions import TerminalState
from automations.positions import Positions
from store.database import Connection
from store.executions import read_execution
from store.notifications import list_notifications
from store.rehearsal import Rehearsal, rehearsed, step_runs_of

router = APIRouter(tags=["automations"])

AT_ONCE = 3
"""Of one gateway: each holds a connection to the database."""


class DryStepView(BaseModel):
    """One visit of one step. Times are those of the dry run's clock; `waited_until` is where it jumped over a wait."""

    sequence: int
    lane: str
    step_id: str
    step_type: str
    description: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    waited_until: datetime | None
    used: list[dict[str, Any]]
    output: dict[str, Any]
    error: dict[str, Any] | None
    next: dict[str, Any] | None


class FieldChangeView(BaseModel):
    field: str
    before: Any
    after: Any
    step_id: str
    record_id: UUID | None


class WouldView(BaseModel):
    """What would have left the house. `assumed`: no answer was given for the step, so it was one that says all is well."""

    step_id: str
    kind: WouldKind
    says: str
    details: Mapping[str, Any]
    assumed: bool


class HeardView(BaseModel):
    """A trigger that listens to the event: it would start its automation, or not for a reason."""

    automation: str
    trigger_id: str
    would_start: bool
    reason: Reason | None
    detail: str | None


class DryEventView(BaseModel):
    step_id: str
    kind: str
    record_id: UUID | None
    payload: dict[str, Any]
    heard_by: list[HeardView]


class DryRunView(BaseModel):
    """What came of it: how it ended and why, the ids of the steps in their order, and all that it would have done.

    `stopped`: by a limit of dry runs. `paused`: a person would have to do something.
    """

    outcome: TerminalState | Literal["paused", "stopped"]
    reason: str
    record_id: UUID | None
    began_at: datetime
    ended_at: datetime
    path: list[str]
    timeline: list[DryStepView]
    field_changes: list[FieldChangeView]
    variables: dict[str, Any]
    would: list[WouldView]
    events: list[DryEventView]
    warnings: list[str]


def _slots(request: Request) -> asyncio.Semaphore:
    return request.app.state.dry_runs


@router.post(
    "/automations/{api_name}/dry-run",
    summary="Ask what it would do",
    dependencies=[needs("executions:operate")],
)
async def run_dry(
    api_name: str,
    body: DryRunBody,
    database: DatabaseDep,
    definitions: DefinitionsDep,
    settings: SettingsDep,
    caller: CallerDep,
    slots: Annotated[asyncio.Semaphore, Depends(_slots)],
) -> DryRunView:
    """Runs its steps on the record as it is now, and takes all of it back: nothing is changed, sent, called or started.

    Waits are jumped over. Needs records:view of its object too, and automations:edit to try another document.
    """
    with structlog.contextvars.bound_contextvars(dry_run=True):
        async with slots, rehearsed(database, patience=PATIENCE, at_most=LONGEST) as rehearsal:
            asked = _Asked(api_name, body, caller.access, definitions, settings)
            return await _rehearse(rehearsal, asked)


@dataclass(frozen=True)
class _Asked:
    api_name: str
    body: DryRunBody
    access: Access
    definitions: Definitions
    settings: Settings


async def _rehearse(rehearsal: Rehearsal, asked: _Asked) -> DryRunView:
    async with rehearsal.connection() as connection:
        prepared = await prepare(connection, asked.api_name, asked.body, asked.access, asked.definitions, datetime.now(UTC))
        outside = Outside(prepared.script.answers)
        notes = Notes(prepared.script, outside)
        for warning in prepared.warnings:
            notes.warn(warning)
        async with httpx2.AsyncClient(transport=outside, trust_env=False) as http:
            services = _services(rehearsal, prepared, asked, outside, http)
            started = await create_execution(connection, prepared.target, prepared.cause, prepared.now, asked.settings)
            run = DryRun(services, rehearsal, started, prepared.now, notes)
            end = await run.run()
            came = _Came(end, run, await _notified(connection, started.id, outside.would), outside)
            view = await _view(connection, started.id, prepared, came)
            told = await heard(connection, run.told, services, notes)
        return view.model_copy(update={"events": [_event(each, asked.access) for each in told], "warnings": notes.warnings})


# Steps launch nothing here.
_NO_TEMPORAL: Any = None


def _services(rehearsal: Rehearsal, prepared: Prepared, asked: _Asked, outside: Outside, http: httpx2.AsyncClient) -> Services:
    plan = Plan(prepared.target.document)
    tried = TriedDefinitions(asked.definitions, prepared.target.automation["id"], plan)
    return Services(asked.settings, rehearsal, _NO_TEMPORAL, http, tried, outside.send_mail, outside.send_text)


@dataclass(frozen=True)
class _Came:
    end: DryEnd
    run: DryRun
    would: list[Would]
    outside: Outside


async def _notified(connection: Connection, execution_id: UUID, would: list[Would]) -> list[Would]:
    """With the mails about failures, which wait in the outbox."""
    steps = {row["sequence"]: row["step_id"] for row in await step_runs_of(connection, execution_id)}
    return would + [
        Would(
            steps.get(row["sequence"], ""), "error_notification", f"mail to {row['recipient']}: {row['subject']}",
            {"to": [row["recipient"]], "subject": row["subject"], "body": row["body"]},
        )
        for row in await list_notifications(connection, execution_id)
    ]  # fmt: skip


async def _view(connection: Connection, execution_id: UUID, prepared: Prepared, came: _Came) -> DryRunView:
    row = await read_execution(connection, execution_id)
    assert row, "its row is in this transaction"
    document, run = prepared.target.document, came.run
    positions = Positions(document)
    timeline = [_step(each, positions, run) for each in await step_runs_of(connection, execution_id)]
    return DryRunView(
        outcome=came.end.outcome, reason=came.end.reason or row["warning"] or "", record_id=row["record_id"],
        began_at=prepared.now, ended_at=run.now, path=[step.step_id for step in timeline], timeline=timeline,
        field_changes=[change for told in run.told for change in _changes(told.step_id, told.event)],
        variables={each.name: row["variables"].get(each.name) for each in document.variables},
        would=[_would(each, came.outside) for each in came.would], events=[], warnings=[],
    )  # fmt: skip


def _step(row: Any, positions: Positions, run: DryRun) -> DryStepView:
    shown = step_run_view(row, positions, positions).model_dump(include=set(DryStepView.model_fields))
    return DryStepView(**shown, waited_until=run.waited.get(row["sequence"]))


def _changes(step_id: str, event: Any) -> Iterator[FieldChangeView]:
    payload = event["payload"]
    match event["kind"]:
        case "field_updated":
            fields = {name: (payload["old"].get(name), value) for name, value in payload["new"].items()}
        case "stage_updated":
            fields = {"stage": (payload["old"], payload["new"])}
        case _:
            fields = {}
    for field, (before, after) in fields.items():
        yield FieldChangeView(field=field, before=before, after=after, step_id=step_id, record_id=event["record_id"])


def _would(would: Would, outside: Outside) -> WouldView:
    assumed = would.kind in ("http_request", "mail", "text") and would.step_id in outside.assumed
    return WouldView(step_id=would.step_id, kind=would.kind, says=would.says, details=would.details, assumed=assumed)


def _event(each: Heard, access: Access) -> DryEventView:
    """Of the automations that listen, those that the caller may see."""
    reach, event = access.reach("automations:view"), each.told.event
    seen = (row for row in each.evaluations if reach.holds(Place(row["object"], row["api_name"])))
    return DryEventView(
        step_id=each.told.step_id, kind=event["kind"], record_id=event["record_id"], payload=event["payload"],
        heard_by=[
            HeardView(
                automation=row["api_name"], trigger_id=row["trigger_id"], would_start=row["outcome"] == "started",
                reason=row["reason"], detail=row["detail"],
            )
            for row in seen
        ],
    )  # fmt: skip
