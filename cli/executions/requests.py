"""What people ask of executions: of one, of several, or of all that fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli.executions.bulk_requests import ask_all
from cli.executions.filters import Which, WhichParameter
from cli.executions.views import show_execution
from cli.exits import DONE, REFUSED, RefusedError, WrongUseError
from cli.parameters import By, Variables, Why, Yes
from cli.records_named import pairs
from cli.session import Session, SessionParameter
from client import Client, each
from client.models import BulkRequestItem, ExecutionView

Verb = Literal["pause", "resume", "cancel", "skip", "retry"]
Every = Annotated[bool, Parameter(name="--all", negative="", help="All that fit the filters")]
Wait = Annotated[float, Parameter(help="Seconds to wait for it to take effect, up to 60; with one execution")]
_NOBODY = Which()


def register(group: App) -> None:
    for command in (pause, resume, cancel, skip, retry, restart):
        group.command(command)


def pause(
    *ids: str, which: WhichParameter = _NOBODY, every: Every = False, yes: Yes = False, wait: Wait = 0,
    why: Why = "", by: By = "", session: SessionParameter,
) -> int:  # fmt: skip
    """Pause executions at their next step. A delay's time goes on counting."""
    return _ask(session, "pause", ids, which, {"why": why, "by": by}, every=every, yes=yes, wait=wait)


def resume(
    *ids: str, which: WhichParameter = _NOBODY, every: Every = False, yes: Yes = False, wait: Wait = 0,
    why: Why = "", by: By = "", session: SessionParameter,
) -> int:  # fmt: skip
    """Let paused executions go on; one that a failed step paused runs that step again, with the newest configuration.

    Example: `everstep executions resume --automation score-lead --pause-reason error --all`
    """
    return _ask(session, "resume", ids, which, {"why": why, "by": by}, every=every, yes=yes, wait=wait)


def cancel(
    *ids: str, which: WhichParameter = _NOBODY, every: Every = False, yes: Yes = False, wait: Wait = 0,
    why: Why = "", by: By = "", session: SessionParameter,
) -> int:  # fmt: skip
    """End executions, in whatever open state they are. What their steps did stays.

    Example: `everstep executions cancel --automation score-lead --open --all --why "wrong list"`
    """
    return _ask(session, "cancel", ids, which, {"why": why, "by": by}, every=every, yes=yes, wait=wait)


def skip(
    *ids: str, path: Annotated[str | None, Parameter(help="yes or no of a condition, met or not_met of a goal")] = None,
    which: WhichParameter = _NOBODY, every: Every = False, yes: Yes = False, wait: Wait = 0,
    why: Why = "", by: By = "", session: SessionParameter,
) -> int:  # fmt: skip
    """Pass over the failed or waiting step."""
    body = {"why": why, "by": by} | ({"path": path} if path else {})
    return _ask(session, "skip", ids, which, body, every=every, yes=yes, wait=wait)


def retry(
    *ids: str, which: WhichParameter = _NOBODY, every: Every = False, yes: Yes = False, wait: Wait = 0,
    why: Why = "", by: By = "", session: SessionParameter,
) -> int:  # fmt: skip
    """Let retrying steps run now."""
    return _ask(session, "retry", ids, which, {"why": why, "by": by}, every=every, yes=yes, wait=wait)


def restart(
    execution: str, /, *, step: str, variable: Variables = None,
    why: Why = "", by: By = "", session: SessionParameter,
) -> None:  # fmt: skip
    """Take up an execution that is over in a new one, at a step and with the variables that it had.

    Parameters
    ----------
    step
        The id of the step to begin at.
    variable
        `name=value`, in place of the value that it had; may be given several times.
    """
    body = {"step": step, "why": why, "by": by, "variables": pairs(variable or [], "variable")}
    show_execution(session.client.restart_execution(execution, body), session.output)


def _ask(
    session: Session, verb: Verb, ids: Sequence[str], which: Which, body: dict[str, Any], *, every: bool, yes: bool, wait: float
) -> int:
    body = {name: value for name, value in body.items() if value}
    if len(ids) == 1 and which == _NOBODY and not every:
        show_execution(_one(session.client, verb, ids[0], body, wait), session.output)
        return DONE
    meant = _meant(session.client, ids, which, every)
    if not meant:
        session.output.table([], {}, empty="No executions fit.")
        return DONE
    if not session.output.confirm(f"{verb.capitalize()} {len(meant)} executions?", yes=yes or bool(ids)):
        raise RefusedError("not_confirmed", "Nothing was asked.")
    return _show(session, ask_all(session, verb, meant, body))


def _meant(client: Client, ids: Sequence[str], which: Which, every: bool) -> list[str]:
    """Raises WrongUseError: so that nobody cancels everything by a slip."""
    asked = which.asked(client)
    if ids and (asked or every):
        raise WrongUseError("Name executions, or say which by filters and --all: not both.")
    if not ids and not (asked and every):
        raise WrongUseError("Name executions, or say which by filters and --all; --open --all are all that are not over.")
    return list(ids) or [str(view.id) for view in each(client.list_executions, **asked)]


def _show(session: Session, found: list[BulkRequestItem]) -> int:
    session.output.table(found, {"id": "id", "outcome": _outcome, "why not": lambda item: item.sentence or ""})
    counted = Counter(_outcome(item) for item in found)
    session.output.say(", ".join(f"{count} {outcome}" for outcome, count in counted.items()), "bold")
    return DONE if set(counted) <= {"asked"} else REFUSED


def _outcome(item: BulkRequestItem) -> str:
    """None: the bulk request was canceled before its turn."""
    return (item.outcome or "not_asked").replace("_", " ")


def _one(client: Client, verb: Verb, id: str, body: dict[str, Any], wait: float) -> ExecutionView:
    ask = {
        "pause": client.pause_execution, "resume": client.resume_execution, "cancel": client.cancel_execution,
        "skip": client.skip_execution_step, "retry": client.retry_execution,
    }[verb]  # fmt: skip
    return ask(id, body, wait=wait or None)
