"""`everstep executions`: where they are and why, and what can be done about it."""

from __future__ import annotations

from typing import Literal

from cyclopts import App

from cli.executions import requests
from cli.executions.filters import Which, WhichParameter
from cli.executions.following import follow
from cli.executions.views import COLUMNS, show_execution, step_line
from cli.output import moment
from cli.parameters import Follow, Limit, Seconds
from cli.session import SessionParameter
from cli.waiting import wait as wait_for
from client import each

group = App(name="executions", help="Look at executions; pause, resume, cancel, skip, retry and restart them.")
requests.register(group)
Sort = Literal["-created_at", "created_at", "-updated_at", "updated_at"]
_NOBODY = Which()


@group.command(name="list")
def list_executions(
    *,
    which: WhichParameter = _NOBODY,
    sort: Sort = "-created_at",
    limit: Limit = 50,
    session: SessionParameter,
) -> None:
    """List executions, newest first.

    Examples:

    - `everstep executions list --automation score-lead --state paused --pause-reason error`
    - `everstep executions list --failed-steps --created-after 2h --json`

    Parameters
    ----------
    sort
        Newest first with a minus.
    """
    found = each(session.client.list_executions, **which.asked(session.client), sort=sort, limit=limit)
    session.output.table(found, COLUMNS, empty="No executions.")


@group.command
def count(*, which: WhichParameter = _NOBODY, session: SessionParameter) -> None:
    """Count executions; exactly, up to 10,000."""
    found = session.client.count_executions(**which.asked(session.client))
    if session.output.json:
        session.output.value(found)
    session.output.say(f"{found.count}{' or more' if found.more else ''}")


@group.command
def show(execution: str, /, *, session: SessionParameter) -> None:
    """Show an execution: where it is, why, and where it came from."""
    show_execution(session.client.get_execution(execution), session.output)


@group.command
def explain(execution: str, /, *, session: SessionParameter) -> None:
    """Say in a sentence why it is where it is, and what can be done."""
    found = session.client.explain_execution(execution)
    if session.output.json:
        session.output.value(found)
        return
    session.output.console.print(found.sentence, markup=False, soft_wrap=True)


@group.command
def history(execution: str, /, *, session: SessionParameter) -> None:
    """Show what started it, each of its step runs, and all that was asked of it."""
    found = session.client.get_execution_history(execution, size=200)
    while found.next_after is not None and len(found.step_runs) < 10_000:
        more = session.client.get_execution_history(execution, size=200, after=found.next_after)
        found.step_runs, found.next_after = [*found.step_runs, *more.step_runs], more.next_after
    if session.output.json:
        session.output.value(found)
        return
    session.output.console.print(found.started, markup=False, soft_wrap=True)
    for run in found.step_runs:
        session.output.console.print(step_line(run), soft_wrap=True)
    for asked in found.requests:
        by = f"{asked.asked_by or 'somebody'}{': ' if asked.why else ''}{asked.why}"
        said = f"{moment(asked.asked_at)}  {asked.kind} asked by {by}"
        session.output.console.print(said, markup=False, style="yellow", soft_wrap=True)


@group.command
def logs(
    execution: str,
    /,
    *,
    following: Follow = False,
    session: SessionParameter,
) -> None:
    """Show its step runs one a line; with --follow as they happen, until it is over.

    With --json each line is one JSON object.
    """
    follow(session, execution, until_over=following)


@group.command
def variables(execution: str, /, *, session: SessionParameter) -> None:
    """Show its variables, in the order in which they are set."""
    session.output.table(
        session.client.get_execution_variables(execution),
        {"variable": "name", "type": "type", "value": "value"},
        empty="No variables.",
    )


@group.command
def wait(execution: str, /, *, timeout: Seconds = 300, session: SessionParameter) -> int:
    """Wait until it is over.

    Exit code 0: completed, 1: failed or canceled, 3: paused for a person, or the time is up.
    """
    view, code = wait_for(session.client, execution, timeout)
    show_execution(view, session.output)
    return code
