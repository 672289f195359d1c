"""Executions as the gateway shows them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from automations.document import AutomationDocument
from automations.executions import PauseReason, State
from automations.model import Priority
from automations.positions import Positions


class ExecutionView(BaseModel):
    """An execution: where it is, why, and where it came from. Times are UTC."""

    id: UUID
    automation: str
    record_id: UUID | None
    record_name: str | None
    object: str | None
    state: State
    pause_reason: PauseReason | None
    waiting_until: datetime | None
    retry_at: datetime | None
    attempt: int
    reason: str | None
    warning: str | None
    requested: str | None
    step_id: str | None
    steps_run: int
    steps_failed: int
    priority: Priority
    trigger: dict[str, Any]
    parent_id: UUID | None
    root_id: UUID
    depth: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    workflow_id: str
    web_ui_url: str | None = None


def execution_view(row: Any, web_ui_url: str | None, namespace: str) -> ExecutionView:
    values = {name: row[name] for name in ExecutionView.model_fields if name in row}
    link = f"{web_ui_url}/namespaces/{namespace}/workflows/{_escaped(row['workflow_id'])}" if web_ui_url else None
    request = row["request"]
    return ExecutionView(
        **values, automation=row["api_name"], requested=request["kind"] if request else None, web_ui_url=link
    )  # fmt: skip


def _escaped(workflow_id: str) -> str:
    return workflow_id.replace("/", "%2F").replace(":", "%3A")


class StepRunView(BaseModel):
    """One visit of one step, as it ran: its own configuration, and whether a save has deleted the step since."""

    sequence: int
    step_id: str
    step_type: str
    description: str
    status: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    duration_ms: float | None
    used: list[dict[str, Any]]
    output: dict[str, Any]
    error: dict[str, Any] | None
    failures: list[dict[str, Any]]
    next: dict[str, Any] | None
    revision: int
    configuration: dict[str, Any] | None
    deleted: bool


def step_run_view(row: Any, newest: Positions, ran_from: Positions) -> StepRunView:
    step = ran_from.step(row["step_id"]) if row["step_id"] in ran_from else None
    shown = step.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"if_yes", "if_no"}) if step else None
    names = StepRunView.model_fields.keys() & set(row.keys())
    return StepRunView(
        **{name: row[name] for name in names},
        description=step.summary() if step else "",
        duration_ms=row["duration"].total_seconds() * 1000 if row["duration"] is not None else None,
        next=_next(row["outcome"]),
        configuration=shown,
        deleted=row["step_id"] not in newest,
    )


def _next(outcome: dict[str, Any] | None) -> dict[str, Any] | None:
    """What followed: a step, a wait, a hold or the end."""
    if outcome is None:
        return None
    shown = {key: value for key, value in outcome.items() if key in ("kind", "reason", "until", "says", "state")}
    return {**shown, "step": outcome["step"]["id"]} if "step" in outcome else shown


def positions_of(document: dict[str, Any]) -> Positions:
    return Positions(AutomationDocument.model_validate(document))
