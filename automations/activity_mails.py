"""The mail that tells a member of the team what is theirs to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from automations.notifications import Notification, cut

_SHOWN = 20
"""Of the records that are named."""


@dataclass(frozen=True)
class NewActivities:
    """What was scheduled for one of the team, on the records of these names.

    `due` is in the timezone of the business. `role` is the one that it was scheduled for, where it was for nobody in particular.
    """

    type: str
    due: datetime
    records: Sequence[str]
    note: str
    role: str | None
    automation: str


def notification_of(new: NewActivities) -> Notification:
    due = f"{new.due:%Y-%m-%d %H:%M %Z}"
    facts = [
        ("Record" if len(new.records) == 1 else "Records", _named(new.records)),
        ("Due", due),
        ("For", f"everybody with the role {new.role}" if new.role else ""),
        ("Scheduled by", new.automation),
    ]
    parts = ["\n".join(f"{name}: {value}" for name, value in facts if value), cut(new.note.strip())]
    return Notification("info", f"{new.type}: {_in_short(new.records)}, due {due}", "\n\n".join(filter(None, parts)) + "\n")


def _in_short(records: Sequence[str]) -> str:
    return records[0] if len(records) == 1 else f"{len(records)} records"


def _named(records: Sequence[str]) -> str:
    more = len(records) - _SHOWN
    return ", ".join(records[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
