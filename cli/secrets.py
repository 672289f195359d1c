"""`everstep secrets`: values that steps may use and nobody reads."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from cli.exits import RefusedError
from cli.login import secret_from_input
from cli.parameters import Yes
from cli.session import SessionParameter
from client import each

group = App(name="secrets", help="Secrets: values that steps may use, as in {{ secrets.name }}, and nobody reads.")


@group.command(name="set")
def set_secret(name: str, /, *, session: SessionParameter) -> None:
    """Set a secret. Its value is asked for, or read from standard input: never an argument, which others can see.

    Example: `pass show crm | everstep secrets set crm_token`
    """
    view = session.client.put_secret(name, {"value": secret_from_input(f"Value of {name}: ")})
    if session.output.json:
        session.output.value(view)
    session.output.say(f"Set {view.name}.")


@group.command(name="list")
def list_secrets(*, session: SessionParameter) -> None:
    """List their names; values are told nowhere."""
    columns = {"name": "name", "set": "updated_at", "by": "updated_by"}
    session.output.table(each(session.client.list_secrets), columns, empty="No secrets.")


@group.command
def delete(
    name: str,
    /,
    *,
    force: Annotated[bool, Parameter(negative="", help="Also while automations use it")] = False,
    yes: Yes = False,
    session: SessionParameter,
) -> None:
    """Delete a secret: steps that use it fail from now on."""
    if not session.output.confirm(f"Delete the secret {name}?", yes=yes):
        raise RefusedError("not_confirmed", "Nothing was deleted.")
    session.client.delete_secret(name, force=force)
    session.output.say(f"Deleted {name}.")
