"""`everstep recover`: what becomes of executions whose workflow Temporal has forgotten."""

from __future__ import annotations

from cyclopts import App

from cli.exits import RefusedError
from cli.parameters import By, Limit, Why, Yes
from cli.session import Session, SessionParameter
from client import each
from client.models import RecoveryView

group = App(
    name="recover",
    help="Executions whose workflow Temporal has forgotten: start them again, or end them.",
)
_MISSING = {
    "execution": "execution_id", "automation": "automation", "state": "state", "missed": "found_at",
}  # fmt: skip
_COLUMNS = {
    "id": "id", "decision": "decision", "by": "by", "why": "why", "looked at": "looked_at",
    "started": "started", "reloaded": "reloaded", "ended": "ended", "closed": "closed",
    "created": "created_at", "finished": "finished_at",
}  # fmt: skip


@group.command
def missing(*, limit: Limit = 50, session: SessionParameter) -> None:
    """List open executions without a workflow. A few are ended by themselves, more wait for you."""
    found = each(session.client.get_missing_workflows, limit=limit)
    session.output.table(found, _MISSING, empty="Every open execution has its workflow.")


@group.command(name="start-again")
def start_again(*, why: Why = "", by: By = "", session: SessionParameter) -> None:
    """Let every open execution go on from its row, after Temporal was restored or set up anew.

    What its steps did stays done, and is not done again.
    """
    _begin(session, "start_again", why, by)


@group.command
def end(*, yes: Yes = False, why: Why = "", by: By = "", session: SessionParameter) -> None:
    """Cancel the executions without a workflow."""
    if not session.output.confirm("Cancel all executions without a workflow?", yes=yes):
        raise RefusedError("not_confirmed", "Nothing was ended.")
    _begin(session, "end", why, by)


@group.command
def show(recovery: str | None = None, /, *, session: SessionParameter) -> None:
    """Show how far a recovery is: the newest one, or the one of that id."""
    if recovery is None:
        session.output.table(each(session.client.get_recoveries, limit=1), _COLUMNS, empty="None.")
        return
    _show(session, session.client.get_recovery(recovery))


def _begin(session: Session, decision: str, why: str, by: str) -> None:
    said = {name: value for name, value in {"why": why, "by": by}.items() if value}
    _show(session, session.client.begin_recovery({"decision": decision, **said}))


def _show(session: Session, view: RecoveryView) -> None:
    session.output.details(view, _COLUMNS)
