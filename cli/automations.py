"""`everstep automations` and `everstep export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from pydantic_core import to_json

from automations.parsing import parse_document
from automations.writing import write_yaml
from cli.apply.files import Part, holds_files, read_parts
from cli.apply.kinds import as_kept
from cli.apply.state import State
from cli.exits import RefusedError, WrongUseError
from cli.parameters import Flag, Yes
from cli.session import SessionParameter
from client import each
from client.models import AutomationView

group = App(name="automations", help="Look at automations, switch them on and off, copy and delete them.")
_COLUMNS = {
    "automation": "api_name", "object": lambda view: view.object or "global", "active": "active", "revision": "revision",
    "name": "name",
}  # fmt: skip


@group.command(name="list")
def list_automations(
    *, object: str | None = None, active: bool | None = None, name: str | None = None, session: SessionParameter
) -> None:
    """List automations by name.

    Parameters
    ----------
    object
        Only those that work on this object.
    active
        Only those that listen; --no-active: only those that don't.
    name
        Only those with this text in their name.
    """
    found = each(session.client.list_automations, object=object, active=active, name=name)
    session.output.table(found, _COLUMNS, empty="No automations: `everstep apply -f` makes some.")


@group.command
def show(name: str, /, *, session: SessionParameter) -> None:
    """Show an automation: its document, and what is wrong with it by now."""
    view = session.client.get_automation(name)
    if session.output.json:
        session.output.value(view)
        return
    print(write_yaml(view.document), end="", flush=True)
    for warning in view.warnings:
        session.output.note(f"{warning.path}: {warning.sentence} ({warning.code})")


@group.command
def activate(name: str, /, *, session: SessionParameter) -> None:
    """Let its triggers listen from now on."""
    _done(session, session.client.activate_automation(name), "listens")


@group.command
def deactivate(name: str, /, *, session: SessionParameter) -> None:
    """Stop its triggers at once; open executions go on."""
    _done(session, session.client.deactivate_automation(name), "listens no more; open executions go on")


@group.command
def duplicate(name: str, copy: str, /, *, title: str | None = None, session: SessionParameter) -> None:
    """Copy it under another name; the copy is not active.

    Parameters
    ----------
    copy
        The api_name of the copy.
    title
        What people read as its name.
    """
    body = {"api_name": copy} | ({"name": title} if title else {})
    _done(session, session.client.duplicate_automation(name, body), f"is a copy of {name}")


@group.command
def delete(
    name: str,
    /,
    *,
    cancel_open: Flag = False,
    why: str = "",
    yes: Yes = False,
    session: SessionParameter,
) -> None:
    """Delete it; its executions and their histories stay.

    Parameters
    ----------
    cancel_open
        Cancel its open executions; without it they keep it from being deleted.
    why
        Kept in the audit log.
    """
    if not session.output.confirm(f"Delete the automation {name}?", yes=yes):
        raise RefusedError("not_confirmed", "Nothing was deleted.")
    gone = session.client.remove_automation(name, cancel_open=cancel_open, why=why)
    if session.output.json:
        session.output.value(gone)
    session.output.say(f"Deleted {name}; {gone.canceled} open executions were asked to end.")


def _done(session: SessionParameter, view: AutomationView, says: str) -> None:
    if session.output.json:
        session.output.value(view)
    session.output.say(f"{view.api_name} {says}.")


def export(
    *names: str,
    every: Annotated[bool, Parameter(name="--all", negative="")] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    session: SessionParameter,
) -> None:
    """Write automations into files that `everstep apply` takes back unchanged.

    Examples:

    - `everstep export demo-request` prints one
    - `everstep export --all -o automations/`

    Parameters
    ----------
    every
        All automations.
    output
        The directory to write to. Without it one automation is printed.
    """
    if every == bool(names):
        raise WrongUseError("Name automations, or say --all.")
    views = list(each(session.client.list_automations)) if every else [session.client.get_automation(name) for name in names]
    if output is None:
        _print([view.document for view in views], session)
        return
    state, there = State.beside([_folder(output)], session.client.url), _there(output)
    written = [_write(output, view, there.get(view.api_name)) for view in views]
    for view in views:
        state.see(view.api_name, view.revision, view.document)
    state.keep()
    files = [
        {"automation": view.api_name, "file": file, "written": new} for view, (file, new) in zip(views, written, strict=True)
    ]
    session.output.table(files, {"automation": "automation", "file": "file", "written": "written"})


def _print(documents: list[dict[str, object]], session: SessionParameter) -> None:
    if session.output.json:
        session.output.value(documents)
        return
    sys.stdout.write(write_yaml(documents[0] if len(documents) == 1 else documents))


def _folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise WrongUseError(f"{folder} is no directory.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _there(folder: Path) -> dict[str, Part]:
    """The automations that have a file of their own there, by name."""
    parts = read_parts([folder]) if holds_files(folder) else []
    return {part.name: part for part in parts if part.kind == "automation" and not part.place}


def _write(folder: Path, view: AutomationView, there: Part | None) -> tuple[Path, bool]:
    """The file, and whether it was written: one that says the same already keeps its author's words."""
    file = there.file if there else folder / f"{view.api_name}.yaml"
    if there and _says_the_same(there, view):
        return file, False
    text = write_yaml(view.document) if file.suffix != ".json" else to_json(view.document, indent=2).decode() + "\n"
    file.write_text(text, encoding="utf-8")
    return file, True


def _says_the_same(part: Part, view: AutomationView) -> bool:
    document = parse_document(part.raw).document
    return document is not None and as_kept(document, view, part.raw).as_json() == view.document
