"""Executions as the gateway shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from automations.document import AutomationDocument
from automations.executions import CancelReason, OpenState, PauseReason, State, web_ui_link
from automations.lanes import Standing, Standings
from automations.model import Priority
from automations.nesting import configuration
from automations.positions import Positions


class LaneView(BaseModel):
    """Where one of several lanes is: `fork:sales` is the lane sales of the branch fork."""

    lane: str
    state: OpenState
    pause_reason: PauseReason | None
    waiting_until: datetime | None
    retry_at: datetime | None
    attempt: int
    reason: str | None
    step_id: str | None


class ExecutionView(BaseModel):
    """An execution: where it is, why, and where it came from. Times are UTC.

    `lanes` are those that run or wait side by side, where there are several. `restarted_from` is the execution that it takes up,
    `restarted_as` are those that took it up. `automation_deleted`: another automation may go by that name by now.
    """

    id: UUID
    automation: str
    automation_deleted: bool = False
    record_id: UUID | None
    record_name: str | None
    object: str | None
    state: State
    pause_reason: PauseReason | None
    waiting_until: datetime | None
    retry_at: datetime | None
    attempt: int
    reason: str | None
    cancel_reason: CancelReason | None
    warning: str | None
    requested: str | None
    step_id: str | None
    steps_run: int
    steps_failed: int
    lanes: list[LaneView]
    priority: Priority
    trigger: dict[str, Any]
    parent_id: UUID | None
    root_id: UUID
    depth: int
    restarted_from: UUID | None
    restarted_as: list[UUID] = []
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    workflow_id: str
    web_ui_url: str | None = None


def execution_view(row: Any, web_ui_url: str | None, namespace: str) -> ExecutionView:
    values = {name: row[name] for name in ExecutionView.model_fields if name in row and name != "lanes"}
    link = web_ui_link(web_ui_url, namespace, row["workflow_id"])
    request = row["request"]
    return ExecutionView(
        **values, automation=row["api_name"], requested=request["kind"] if request else None, lanes=_lanes(row), web_ui_url=link
    )  # fmt: skip


def _lanes(row: Any) -> list[LaneView]:
    """A lane that stands on a branch is there in the lanes of it."""
    if len(row["lanes"]) < 2:
        return []
    lanes = Standings({lane: Standing.model_validate(standing) for lane, standing in row["lanes"].items()}).walked
    return [LaneView(lane=lane, step_id=standing.step, **_shown(standing)) for lane, standing in lanes.items()]


def _shown(standing: Standing) -> dict[str, Any]:
    return {name: value for name, value in standing.model_dump().items() if name in LaneView.model_fields}


class StepRunView(BaseModel):
    """One visit of one step, as it ran: its own configuration, the values that it used, what came out, and each failed attempt.

    `lane` is empty for the main one, `deleted` says whether a save has deleted the step since.
    """

    sequence: int
    lane: str
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
    names = StepRunView.model_fields.keys() & set(row.keys())
    return StepRunView(
        **{name: row[name] for name in names},
        description=step.summary() if step else "",
        duration_ms=round(row["duration"].total_seconds() * 1000, 3) if row["duration"] is not None else None,
        next=_next(row["outcome"]),
        configuration=configuration(step) if step else None,
        deleted=row["step_id"] not in newest,
    )


def step_run_views(rows: Sequence[Any], newest_document: dict[str, Any]) -> list[StepRunView]:
    newest = positions_of(newest_document)
    documents = {row["revision"]: row["document"] for row in rows}
    ran_from = {revision: positions_of(document) for revision, document in documents.items()}
    return [step_run_view(row, newest, ran_from[row["revision"]]) for row in rows]


def _next(outcome: dict[str, Any] | None) -> dict[str, Any] | None:
    """What followed: a step, a wait, a hold or the end."""
    if outcome is None:
        return None
    shown = {key: value for key, value in outcome.items() if key in ("kind", "reason", "until", "says", "state")}
    return {**shown, "step": outcome["step"]["id"]} if "step" in outcome else shown


def positions_of(document: dict[str, Any]) -> Positions:
    return Positions(AutomationDocument.model_validate(document))
