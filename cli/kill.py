"""`everstep kill`: holds executions back, or cancels them, until it is lifted."""

from __future__ import annotations

import getpass
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli.exits import RefusedError, WrongUseError
from cli.parameters import Yes
from cli.session import Session, SessionParameter
from client import each
from client.models import SwitchView

group = App(name="kill", help="Kill switches: hold executions back, or cancel them, until they are lifted.")
_COLUMNS = {
    "id": "id", "for": lambda view: f"{view.scope} {view.key}".strip(), "mode": "mode", "set by": "set_by", "why": "why",
    "set": "set_at", "lifted": "lifted_at", "lifted by": "lifted_by",
}  # fmt: skip
Scope = Literal["all", "automation", "step_type", "host"]
By = Annotated[str | None, Parameter(help="Who does it; without it your name on this machine")]


@group.command
def on(
    scope: Scope,
    key: str = "",
    /,
    *,
    why: str,
    mode: Literal["hold", "cancel"] = "hold",
    by: By = None,
    yes: Yes = False,
    session: SessionParameter,
) -> None:
    """Set one, for everything or for one automation, step type or host. It stands at once.

    Examples:

    - `everstep kill on automation score-lead --why "wrong scores"`
    - `everstep kill on host api.example.com --mode cancel --why "they asked us to stop"`
    - `everstep kill on all --why "maintenance"`

    Parameters
    ----------
    key
        The automation, step type or host (`*.example.com`: all below it).
    why
        Kept, and shown with what it holds.
    mode
        hold: executions wait until it is lifted; cancel: they end.
    """
    meant = f"{scope} {key}".strip()
    if not session.output.confirm(f"{mode.capitalize()} what concerns {meant}?", yes=yes or (mode == "hold" and scope != "all")):
        raise RefusedError("not_confirmed", "No kill switch was set.")
    body = {"scope": scope, "key": key, "mode": mode, "by": by or _me(), "why": why}
    _show(session, session.client.put_kill_switch(body))


@group.command
def off(scope: str, key: str = "", /, *, why: str, by: By = None, session: SessionParameter) -> None:
    """Lift one, named by its id or as it was set; what it held goes on.

    Example: `everstep kill off automation score-lead --why "mended"`
    """
    standing = [view for view in each(session.client.get_kill_switches, standing=True) if _is_meant(view, scope, key)]
    if not standing:
        raise WrongUseError(f"No kill switch stands for {f'{scope} {key}'.strip()}: `everstep kill list` shows those that do.")
    for view in standing:
        _show(session, session.client.lift_kill_switch(view.id, {"by": by or _me(), "why": why}))


@group.command(name="list")
def list_kill_switches(
    *,
    every: Annotated[bool, Parameter(name="--all", negative="", help="Those that were lifted too")] = False,
    session: SessionParameter,
) -> None:
    """List those that stand."""
    found = each(session.client.get_kill_switches, standing=not every)
    session.output.table(found, _COLUMNS, empty="No kill switch stands.")


def _is_meant(view: SwitchView, scope: str, key: str) -> bool:
    return str(view.id) == scope or (view.scope == scope and view.key == key)


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "the command line"


def _show(session: Session, view: SwitchView) -> None:
    rows: dict[str, Any] = _COLUMNS
    session.output.details(view, rows)
