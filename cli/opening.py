"""`everstep open`: an execution in Temporal's Web UI."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cli.exits import RefusedError
from cli.session import SessionParameter


def open_execution(
    execution: str,
    /,
    *,
    browser: Annotated[bool, Parameter(negative="", help="Open it in the browser too")] = False,
    session: SessionParameter,
) -> None:
    """Print the address of an execution in Temporal's Web UI."""
    view = session.client.get_execution(execution)
    if view.web_ui_url is None:
        raise RefusedError("no_web_ui", "The gateway knows no Web UI: its setting EVERSTEP_WEB_UI_URL names it.")
    if session.output.json:
        session.output.value({"web_ui_url": view.web_ui_url})
    else:
        print(view.web_ui_url, flush=True)
    if browser:
        import webbrowser

        webbrowser.open(view.web_ui_url)
