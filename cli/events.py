"""`everstep events`: what happened elsewhere is told, and what became of it is shown."""

from __future__ import annotations

from typing import Any

from cyclopts import App

from automations.reading import read_yaml
from cli.exits import WrongUseError
from cli.output import words
from cli.parameters import File, Limit
from cli.session import SessionParameter
from client import each

group = App(name="events", help="Tell what happened elsewhere, and look at what became of it.")


@group.command
def tell(
    event: str | None = None,
    /,
    *,
    file: File = None,
    session: SessionParameter,
) -> None:
    """Tell of an event, or of several in a list: all of them are kept or none.

    Example: `everstep events tell '{kind: form_submitted, form: demo, record: {object: lead, email: ada@analytical.example}}'`

    Parameters
    ----------
    event
        As YAML or JSON.
    file
        A file with it in place of the argument.
    """
    if (event is None) == (file is None):
        raise WrongUseError("Give the event as an argument, or in a --file.")
    body: Any = read_yaml(event or "" if file is None else file.read_text(encoding="utf-8"))
    told = session.client.tell_events({"events": body} if isinstance(body, list) else body)
    session.output.table(told.events, {"event": "id", "told before": "duplicate"})


@group.command(name="list")
def list_events(
    *, record: str | None = None, kind: str | None = None, limit: Limit = 50,
    session: SessionParameter,
) -> None:  # fmt: skip
    """List events, newest first, with what the triggers made of them.

    Parameters
    ----------
    record
        Only those of this record, by its id.
    kind
        Only those of this kind.
    """
    columns = {
        "id": "id",
        "kind": "kind",
        "record": "record_id",
        "happened": "event_at",
        "evaluated": "evaluated_at",
        "made of it": _made,
    }
    found = each(session.client.get_events, record_id=record, kind=kind, limit=limit)
    session.output.table(found, columns, empty="No events.")


def _made(event: Any) -> str:
    return "; ".join(f"{each.automation} {each.trigger_id}: {words(each.reason or each.outcome)}" for each in event.evaluations)
