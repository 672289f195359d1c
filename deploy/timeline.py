"""Prints what executions do, as they do it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx2
from rich.console import Console
from rich.markup import escape

from deploy.examples import call

_MARKS = {
    "completed": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "waiting": "[yellow]…[/]",
    "retrying": "[yellow]↻[/]",
    "skipped": "–",
    "canceled": "×",
    "held": "[yellow]■[/]",
    "running": "▸",
}
_STATES = {
    "active": "cyan",
    "paused": "yellow",
    "retrying": "yellow",
    "completed": "green",
    "failed": "red",
    "canceled": "magenta",
}
_FAR = timedelta(seconds=60)


class Timeline:
    """Follows every execution made since it began; each step run and each state is printed once."""

    def __init__(self, client: httpx2.AsyncClient, console: Console, known: set[str]) -> None:
        self._client, self._console, self._known = client, console, known
        self._printed: set[tuple[str, ...]] = set()

    async def follow(self) -> list[dict[str, Any]]:
        """One look: prints what is new, answers the executions of this run, oldest first."""
        page = await call(self._client, "GET", "/executions?size=50")
        ours = [execution for execution in reversed(page["items"]) if execution["id"] not in self._known]
        for execution in ours:
            await self._follow_one(execution)
        return ours

    async def _follow_one(self, execution: dict[str, Any]) -> None:
        if self._once("begun", execution["id"]):
            begins = f"[bold]begins[/], started by {_starter(execution['trigger'])} · {execution['priority']}"
            self._line(execution, begins, execution["created_at"])
        history = await call(self._client, "GET", f"/executions/{execution['id']}/history?size=200")
        for run in history["step_runs"]:
            if self._once(execution["id"], str(run["sequence"]), run["status"], str(run["attempt"])):
                said = f"  {_MARKS[run['status']]} {run['step_id']:<8} {_said(run)}"
                self._line(execution, said, run["finished_at"] or run["started_at"])
        if self._once(execution["id"], execution["state"], execution["waiting_until"] or ""):
            self._line(execution, _state(execution), execution["updated_at"])

    def _once(self, *key: str) -> bool:
        new = key not in self._printed
        self._printed.add(key)
        return new

    def _line(self, execution: dict[str, Any], said: str, at: str) -> None:
        who = f"{execution['automation']} · {execution['record_name'] or 'global'}"
        self._console.print(f"[dim]{at[11:19]}[/]  {escape(who):<30} {said}", highlight=False, soft_wrap=True)


def _starter(trigger: dict[str, Any]) -> str:
    match trigger["type"]:
        case "webhook":
            return f"webhook {trigger['webhook']}"
        case "automation":
            return f"automation {trigger['automation']}"
        case "manual":
            return "the API"
        case _:
            return f"its trigger {trigger.get('id', '')} ({trigger['type'].replace('_', ' ')})"


def _said(run: dict[str, Any]) -> str:
    """What the step did: its own words, and the result."""
    result = run["error"]["sentence"] if run["error"] else _result(run["output"])
    return escape(f"{run['description']}{f'  →  {result}' if result else ''}")


_UNSAID = frozenset({"body", "message"})


def _result(output: dict[str, Any]) -> str:
    """In a line: no blanks, and nothing that has parts of its own."""
    changed = output.get("changed")
    shown = changed if isinstance(changed, dict) else output
    return ", ".join(f"{name} {value}" for name, value in shown.items() if name not in _UNSAID and _is_plain(value))[:120]


def _is_plain(value: Any) -> bool:
    return value not in (None, "", []) and not _has_parts(value)


def _has_parts(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_has_parts, value)))


def _state(execution: dict[str, Any]) -> str:
    colour = _STATES[execution["state"]]
    until = f" until {execution['waiting_until'][:16].replace('T', ' ')} UTC" if execution["waiting_until"] else ""
    why = f": {execution['reason']}" if execution["reason"] else ""
    return f"[{colour}]{execution['state']}[/]{escape(why)}{until}"


def is_at_rest(execution: dict[str, Any]) -> bool:
    """Over, or waiting for longer than anyone would watch."""
    if execution["finished_at"]:
        return True
    if execution["state"] != "paused" or not execution["waiting_until"]:
        return execution["state"] == "paused"
    left = datetime.fromisoformat(execution["waiting_until"]) - datetime.fromisoformat(execution["updated_at"])
    return left > _FAR
