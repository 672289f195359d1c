"""`everstep health`: whether the gateway and what is behind it answer."""

from __future__ import annotations

from cli.session import SessionParameter
from client import Client


def health(*, session: SessionParameter) -> None:
    """Ask whether the gateway, its database and Temporal answer.

    Exit code 4 if one of them does not, 5 if the gateway itself does not.
    """
    with Client(session.target.url, session.target.key, retries=0) as client:
        found = client.ready()
    if session.output.json:
        session.output.value(found)
    session.output.say(f"[green]✓[/] {session.target.url} is ready.")
