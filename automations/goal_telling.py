"""What the history and the Temporal UI say of a goal that waits for dates, or that a date decided."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from automations.calendars import Moved
from automations.event_triggers import OnOrAroundDate
from automations.goal_moments import Coming, DatedWait, Verdict

Timeout = Mapping[str, Any]
"""{"until"}, with {"moved", "says"} if that was moved to a working day; empty where it never comes."""


def output_of(wait: DatedWait, verdict: Verdict, timeout: Timeout, now: datetime) -> dict[str, Any]:
    """Of its step run. `until` is when it looks again, `moments` what its dates come to.

    {"until", "moved", "timeout", "moments": [{"trigger", "at", "moved"}]} while it waits, and then {"path"} with what decided:
    "met_by" or "passed" with {"trigger", "kind", "event_at", "evaluated_at", …}.
    """
    limit = {key: timeout[key] for key in ("until", "moved") if key in timeout}
    if not wait.dates:
        return {**limit, **({"path": verdict.path} if verdict.path else {})}
    if verdict.path is None:
        first = _first(verdict)
        waits = (
            {"until": first.moment.isoformat(), "moved": _moved(first.due)} if first else {"until": None, "moved": None, **limit}
        )
        return {**waits, "timeout": timeout.get("until"), "moments": [_moment(coming) for coming in verdict.comings]}
    if verdict.by is None:
        return {**limit, "path": verdict.path}
    return {"path": verdict.path, "met_by" if verdict.path == "met" else "passed": _decided_by(verdict.by, now)}


def moved_in_words(verdict: Verdict, timeout: Timeout, zone: ZoneInfo) -> str:
    """The end of the line that says what it waits for; empty unless the moment at which it looks again was moved."""
    first = _first(verdict)
    if first is None:
        return timeout.get("says", "")
    words = first.due.in_words(zone)
    return f", {words}" if words else ""


def _first(verdict: Verdict) -> Coming | None:
    """The date at which it looks again; None if that is when its time is up, or never."""
    return next((coming for coming in verdict.comings if coming.moment == verdict.until), None)


def _moment(coming: Coming) -> dict[str, Any]:
    moved = {"moved": coming.due.as_json()} if coming.due.passed else {}
    return {"trigger": coming.trigger.summary(), "at": coming.moment.isoformat(), **moved}


def _moved(due: Moved) -> dict[str, Any] | None:
    return due.as_json() if due.passed else None


def _decided_by(coming: Coming, now: datetime) -> dict[str, Any]:
    kind = "date_reached" if isinstance(coming.trigger, OnOrAroundDate) else "activity_overdue"
    moved = {"moved": coming.due.as_json()} if coming.due.passed else {}
    times = {"event_at": coming.moment.isoformat(), "evaluated_at": now.isoformat()}
    return {"trigger": coming.trigger.as_json(), "kind": kind, **coming.told, **moved, **times}
