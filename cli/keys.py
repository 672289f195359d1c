"""`everstep keys`: who may call the gateway, and what for."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from cli.session import Session, SessionParameter
from client import each
from client.models import MadeKeyView

group = App(name="keys", help="API keys: who may call the gateway, and what for.")
_COLUMNS = {
    "id": "id", "name": "name", "ends in": "hint", "scopes": "scopes", "expires": "expires_at", "last used": "last_used_at",
    "revoked": "revoked_at",
}  # fmt: skip


@group.command
def create(
    name: str,
    /,
    *,
    scope: Annotated[list[str], Parameter(name=["--scope", "-s"])],
    expires_in_days: int | None = None,
    requests_per_minute: int | None = None,
    session: SessionParameter,
) -> None:
    """Make a key. It is shown this once: stdout gets nothing else, so that it can be piped on.

    Example: `everstep keys create ci --scope automations:edit --scope executions:operate@object/lead`

    Parameters
    ----------
    scope
        automations:view|edit|remove, executions:operate, records:view|edit|remove, events:write or admin, each everywhere or
        @object/name or @automation/name; may be given several times.
    expires_in_days
        Without it the key does not expire.
    requests_per_minute
        In place of what the gateway allows each key.
    """
    body: dict[str, Any] = {"name": name, "scopes": scope}
    if expires_in_days is not None:
        body["expires_in_days"] = expires_in_days
    if requests_per_minute is not None:
        body["requests_per_minute"] = requests_per_minute
    _told(session, session.client.make_api_key(body))


@group.command(name="list")
def list_keys(
    *, revoked: Annotated[bool, Parameter(negative="", help="Those that were revoked too")] = False, session: SessionParameter
) -> None:
    """List the keys; the keys themselves are told nowhere."""
    session.output.table(each(session.client.get_api_keys, revoked=revoked), _COLUMNS, empty="No keys.")


@group.command
def show(key: str = "self", /, *, session: SessionParameter) -> None:
    """Show a key by its id; without one, the key that you use and what it may do."""
    found = session.client.get_own_api_key() if key == "self" else session.client.get_api_key(key)
    session.output.details(found, _COLUMNS)


@group.command
def revoke(key: str, /, *, why: str = "", session: SessionParameter) -> None:
    """Refuse a key from now on."""
    session.output.details(session.client.revoke_api_key(key, {"why": why}), _COLUMNS)


@group.command
def rotate(key: str, /, *, grace_hours: float = 24, session: SessionParameter) -> None:
    """Make a new key in place of one. The old one is taken for some time yet."""
    _told(session, session.client.rotate_api_key(key, {"grace_hours": grace_hours}))


def _told(session: Session, made: MadeKeyView) -> None:
    if session.output.json:
        session.output.value(made)
        return
    session.output.note(f"Key {made.id} ({made.name}): {', '.join(made.scopes)}. It is shown this once:")
    print(made.key, flush=True)
