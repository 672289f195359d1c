"""`everstep start`: one execution."""

from __future__ import annotations

from typing import Any

from cli.executions.views import show_execution
from cli.exits import DONE, WrongUseError
from cli.parameters import Flag, Seconds, Variables
from cli.records_named import pairs, record_id
from cli.session import SessionParameter
from cli.waiting import wait as wait_for


def start(
    name: str,
    /,
    *,
    record: str | None = None,
    variable: Variables = None,
    wait: Flag = False,
    timeout: Seconds = 300,
    by: str = "",
    session: SessionParameter,
) -> int:
    """Start an automation, on a record or globally.

    With --wait the exit code tells the end: 0 completed, 1 failed or canceled, 3 paused for a person or the time is up.

    Examples:

    - `everstep start score-lead --record email=ada@analytical.example --variable score=5`
    - `everstep start nightly --wait --timeout 600`

    Parameters
    ----------
    record
        Its id, or a field of it, as in `email=ada@example.com`.
    wait
        Wait for the end.
    by
        Who starts it; without it the API key's name is kept.
    """
    if timeout < 0:
        raise WrongUseError("--timeout takes seconds from 0.")
    client = session.client
    body: dict[str, Any] = {"variables": pairs(variable or [], "variable")} | ({"by": by} if by else {})
    if record is not None:
        body["record_id"] = str(record_id(client, client.get_automation(name).object, record))
    started = client.start_execution(name, body)
    if not wait:
        if session.output.json:
            session.output.value(started)
        session.output.say(f"Started {name}: {started.id}")
        return DONE
    session.output.note(f"Started {started.id}, waiting for its end …")
    view, code = wait_for(client, started.id, timeout)
    show_execution(view, session.output)
    return code
