"""Crm activities: the calls, meetings and tasks that are logged or scheduled on a record."""

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from automations import scalars
from automations.model import Name

ActivityType = Name
"""call, meeting, task, or one that a business has for itself."""

ActivityStatus = Literal["scheduled", "completed", "canceled"]
ActivityNote = Annotated[str, StringConstraints(max_length=scalars.TEXT_LIMIT)]


def told(activity: Any) -> dict[str, Any]:
    """As events tell of it: ids and times are text. `activity` has the columns of its row."""
    return {
        "id": str(activity["id"]),
        "type": activity["type"],
        "note": activity["note"],
        "due_at": _text(activity["due_at"]),
        "assigned_to": str(activity["assigned_to"]) if activity["assigned_to"] else None,
        "assigned_role": activity["assigned_role"],
        "by": activity["by"],
        "completed_at": _text(activity["completed_at"]),
    }


def _text(moment: Any) -> str | None:
    return scalars.moment_text(moment) if moment else None
