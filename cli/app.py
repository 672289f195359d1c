"""All commands as one: `everstep <command>`, with the options that each of them takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

from cyclopts import App, Group, Parameter

from cli import completion
from cli.exits import EXIT_CODES, ends
from cli.session import Session

_HELP = f"""Durable CRM automations, by hand and in scripts.

Which gateway: --url, EVERSTEP_URL or `everstep login`; with which key: EVERSTEP_API_KEY or `everstep login`.

{EXIT_CODES}
"""
_COMMANDS = {
    "apply": "cli.apply:apply",
    "validate": "cli.checking:validate",
    "lint": "cli.checking:lint",
    "export": "cli.automations:export",
    "automations": "cli.automations:group",
    "dry-run": "cli.dry_run:dry_run",
    "start": "cli.starting:start",
    "bulk": "cli.bulk:group",
    "executions": "cli.executions:group",
    "open": "cli.opening:open_execution",
    "triggers": "cli.triggers:group",
    "kill": "cli.kill:group",
    "recover": "cli.recovering:group",
    "records": "cli.records:group",
    "events": "cli.events:group",
    "webhooks": "cli.webhooks:group",
    "keys": "cli.keys:group",
    "secrets": "cli.secrets:group",
    "audit": "cli.audit:audit",
    "health": "cli.health:health",
    "login": "cli.login:login",
    "logout": "cli.login:logout",
    "profiles": "cli.login:profiles",
}
"""Where they are: each is read when it is first asked for."""

_EVERYWHERE = Group("Everywhere", sort_key=99)

app = App(
    name="everstep",
    help=_HELP,
    help_format="markdown",
    version=lambda: version("everstep"),
    default_parameter=Parameter(negative_iterable=(), show_default=False),
)
for _name, _place in _COMMANDS.items():
    app.command(_place, name=_name)
completion.register(app, lambda: read_all())
app.register_install_completion_command()
app.meta.group_parameters = _EVERYWHERE


def read_all() -> None:
    """The overview tells of commands that were read only."""
    for name in _COMMANDS:
        app[name]


def run(tokens: Sequence[str]) -> Any:
    """What the command answers. Raises as the command does, and CycloptsError for words that are no command."""
    if not tokens or tokens[0].startswith("-"):
        read_all()
    return app.meta(tokens, exit_on_error=False, print_error=False, result_action="return_value")


@app.meta.default
def _launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    json: Annotated[bool, Parameter(negative="", help="One JSON value on stdout, errors as JSON on stderr")] = False,
    profile: Annotated[str | None, Parameter(help="A gateway and key that `everstep login` has kept")] = None,
    url: Annotated[str | None, Parameter(help="The gateway's address")] = None,
) -> Any:
    command, bound, ignored = app.parse_args(tokens, exit_on_error=False, print_error=False)
    if "session" not in ignored:
        return command(*bound.args, **bound.kwargs)
    session = Session(json=json, url=url, profile=profile)
    try:
        return command(*bound.args, **bound.kwargs, session=session)
    finally:
        session.close()


def main(tokens: Sequence[str] | None = None) -> NoReturn:
    """The command itself: prints, and ends the process with an exit code. Without tokens: those of the process."""
    said = sys.argv[1:] if tokens is None else tokens
    ends(lambda: run(said), as_json="--json" in said)
