"""Executions and their step runs as people read them."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from cli.output import Output, cell, moment, words
from client.models import ExecutionView, StepRunView

_MARKS = {
    "completed": ("✓", "green"), "failed": ("✗", "red"), "waiting": ("…", "yellow"), "retrying": ("↻", "yellow"),
    "skipped": ("–", "dim"), "canceled": ("×", "magenta"), "held": ("■", "yellow"), "running": ("▸", "cyan"),
}  # fmt: skip
COLUMNS = {
    "id": "id", "automation": "automation", "record": "record_name", "state": "state", "why": lambda view: why(view),
    "step": "step_id", "steps": "steps_run", "failed steps": lambda view: view.steps_failed or "", "created": "created_at",
}  # fmt: skip
_ROWS = {
    "id": "id", "automation": "automation", "record": lambda view: _record(view),
    "state": "state", "why": lambda view: why(view), "step": "step_id", "requested": "requested", "warning": "warning",
    "steps run": "steps_run", "steps failed": "steps_failed", "priority": "priority",
    "started by": lambda view: starter(view.trigger),
    "part of": lambda view: view.parent_id, "restarted from": "restarted_from", "restarted as": "restarted_as",
    "created": "created_at", "finished": "finished_at", "web ui": "web_ui_url",
}  # fmt: skip


def _record(view: ExecutionView) -> str:
    return f"{view.record_name or ''} {view.record_id or ''}".strip()


def why(view: ExecutionView) -> str:
    """In a few words: what it waits for, and what went wrong."""
    until = view.waiting_until or view.retry_at
    said = view.pause_reason or view.cancel_reason or ""
    return " · ".join(filter(None, (said, f"until {moment(until)}" if until else "", view.reason or "")))


def starter(trigger: dict[str, Any]) -> str:
    by = f" by {trigger['by']}" if trigger.get("by") else ""
    match trigger.get("type"):
        case "manual":
            return f"{f'bulk start {bulk}' if (bulk := trigger.get('bulk_start')) else 'hand'}{by}"
        case "automation":
            return f"automation {trigger.get('automation', '')}"
        case kind:
            return f"{str(kind).replace('_', ' ')} {trigger.get('webhook') or trigger.get('id') or ''}".strip()


def show_execution(view: ExecutionView, output: Output) -> None:
    output.details(view, _ROWS)


def step_line(run: StepRunView) -> Text:
    """One step run on one line: when, how it stands, what it did and what came out."""
    mark, style = _MARKS.get(run.status, ("·", ""))
    result = words(run.error["sentence"]) if run.error else _result(run.output)
    lane = f"{run.lane} · " if run.lane else ""
    line = Text.assemble(
        (moment(run.finished_at or run.started_at), "dim"), "  ", (mark, style), f" {lane}{run.step_id}  ",
        (run.step_type, "dim"), f"  {run.description}", (f"  → {result}" if result else "", "red" if run.error else ""),
    )  # fmt: skip
    return line.append(f"  attempt {run.attempt}", style="yellow") if run.attempt > 1 else line


def _result(output: dict[str, Any]) -> str:
    shown = output.get("changed", output)
    return ", ".join(f"{name} {words(value)}" for name, value in shown.items() if name != "body")[:160]


def state_line(view: ExecutionView) -> Text:
    return Text.assemble((moment(view.updated_at), "dim"), "  ", cell(view.state), f"  {why(view)}")
