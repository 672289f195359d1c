"""`everstep audit`: what people did, and what it changed."""

from __future__ import annotations

from cli.executions.filters import moment
from cli.parameters import Limit
from cli.session import SessionParameter
from client import each

_COLUMNS = {
    "at": "at", "who": "actor", "key": "key_name", "did": "action", "to": lambda view: f"{view.kind} {view.target}", "why": "why",
    "id": "id",
}  # fmt: skip


def audit(
    entry: str | None = None, /, *, kind: str | None = None, target: str | None = None, action: str | None = None,
    since: str | None = None, until: str | None = None, limit: Limit = 50,
    session: SessionParameter,
) -> None:  # fmt: skip
    """Show what people did, newest first.

    With an id: that one, whole, with what was before and after.

    Example: `everstep audit --kind automation --target demo-request --since 7d`

    Parameters
    ----------
    kind
        Such as automation, execution, key, secret or kill_switch.
    target
        The name or id of one of its kind.
    action
        Such as automation.saved.
    since
        From then on: a time, or how long ago, as in 2h.
    until
        Before that.
    """
    if entry:
        rows = {**_COLUMNS, "before": "before", "after": "after", "request": "request_id"}
        session.output.details(session.client.get_audit_entry(entry), rows)
        return
    times = {"since": moment(since) if since else None, "until": moment(until) if until else None}
    found = each(session.client.get_audit, kind=kind, target=target, action=action, **times, limit=limit)
    session.output.table(found, _COLUMNS, empty="Nothing was done.")
