"""Which executions are meant, as options that lists and requests in bulk share."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from cli.exits import WrongUseError
from cli.records_named import record_id
from client import Client

State = Literal["active", "paused", "retrying", "completed", "canceled", "failed"]
_AGO = re.compile(r"(\d{1,6})(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIMES = ("created_after", "created_before", "updated_after", "updated_before", "finished_after", "finished_before")


@Parameter(name="*", group=Group("Which executions", sort_key=1))
@dataclass(frozen=True)
class Which:
    """Everything that is said has to hold. Times are as in 2026-03-01T09:00Z, or so long ago: 30m, 2h, 7d."""

    automation: str | None = None
    "Of this automation."
    object: str | None = None
    "Of automations that work on this object."
    record: str | None = None
    "On this record: its id, or with --object a field of it as in email=ada@example.com."
    state: tuple[State, ...] = ()
    "In one of these states; may be given several times."
    pause_reason: str | None = None
    "Paused for this: delay, goal, error, condition_error, manual, automation or kill_switch."
    cancel_reason: str | None = None
    "Canceled for this."
    step: str | None = None
    "Standing on this step, by its id."
    trigger: str | None = None
    "Started by a trigger of this type, or manual."
    priority: Literal["regular", "low"] | None = None
    "Of this priority."
    parent: str | None = None
    "Started by this execution."
    root: str | None = None
    "Of the chain of this execution."
    restarted_from: str | None = None
    "That took this execution up."
    bulk_start: str | None = None
    "Started by this bulk start."
    created_after: str | None = None
    "Created at that time or later."
    created_before: str | None = None
    "Created earlier."
    updated_after: str | None = None
    "Changed at that time or later."
    updated_before: str | None = None
    "Changed earlier."
    finished_after: str | None = None
    "Finished at that time or later."
    finished_before: str | None = None
    "Finished earlier."
    open: bool | None = None
    "Not over yet; --no-open: over."
    failed_steps: bool | None = None
    "With a step that failed; --no-failed-steps: without."

    def asked(self, client: Client) -> dict[str, Any]:
        """As the gateway is asked. Raises WrongUseError for a time that is none."""
        said = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        if "record" in said:
            object = self.object or (client.get_automation(self.automation).object if self.automation else None)
            said["record_id"] = str(record_id(client, object, said.pop("record")))
        for ours, theirs in _NAMES.items():
            if ours in said:
                said[theirs] = said.pop(ours)
        if "state" in said:
            said["state"] = list(said["state"])
        return said | {name: moment(said[name]) for name in _TIMES if name in said}


_NAMES = {
    "step": "step_id", "trigger": "trigger_type", "parent": "parent_id", "root": "root_id", "bulk_start": "bulk_start_id",
}  # fmt: skip
WhichParameter = Annotated[Which, Parameter(name="*")]


def moment(text: str) -> str:
    """ISO 8601 of a time, or of so long ago; one without an offset is in UTC. Raises WrongUseError."""
    if ago := _AGO.fullmatch(text):
        return (datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).isoformat()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUseError(f"{text!r} is no time: write 2026-03-01T09:00Z, or how long ago, as in 30m, 2h or 7d.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()
