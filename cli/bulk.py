"""`everstep bulk`: one automation on many records, with its progress."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from pydantic_core import to_json
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from automations.reading import DocumentSyntaxError, read_yaml
from cli.exits import DONE, ENDED_BADLY, WrongUseError
from cli.parameters import Flag, Limit, Variables
from cli.records_named import pairs
from cli.session import Session, SessionParameter
from client import UnreachableError, each
from client.models import BulkStartView

group = App(name="bulk", help="Start an automation on many records, and watch it.")
_COLUMNS = {
    "id": "id", "automation": "automation", "state": "state", "total": "total", "started": "started", "resumed": "resumed",
    "skipped": "skipped", "failed": "failed", "left": "left", "by": "by", "created": "created_at",
}  # fmt: skip
_TRIES = 60
Outcome = Literal["started", "resumed", "skipped", "failed"]


@group.command
def start(
    name: str,
    /,
    *,
    every: Annotated[bool, Parameter(name="--all", negative="")] = False,
    filter: Path | None = None,
    ids: Path | None = None,
    variable: Variables = None,
    priority: Literal["regular", "low"] | None = None,
    resume_paused: Flag = False,
    by: str = "",
    follow: Flag = False,
    session: SessionParameter,
) -> int:
    """Start an automation on many records; paced, so that others are served too.

    With --follow the exit code is 1 if a record failed or the bulk start was canceled.

    Examples:

    - `everstep bulk start score-lead --all --follow`
    - `everstep bulk start score-lead --filter dach.yaml` with `{field: country, op: is_any_of, value: [DE, AT, CH]}` in the file

    Parameters
    ----------
    every
        All records of the automation's object.
    filter
        A file with a filter: those that fit it.
    ids
        A file with a record's id on each line.
    priority
        In place of the automation's own.
    resume_paused
        Where an execution of it is paused on a record, let that go on instead.
    by
        Who starts it; without it the API key's name is kept.
    follow
        Show the progress until it is done.
    """
    body = _selection(every, filter, ids) | {
        "variables": pairs(variable or [], "variable"),
        "resume_paused": resume_paused,
        "by": by,
    }
    view = session.client.start_in_bulk(name, body | ({"priority": priority} if priority else {}))
    if follow:
        return _followed(session, view)
    _show(session, view)
    return DONE


def _selection(every: bool, filter: Path | None, ids: Path | None) -> dict[str, Any]:
    if sum((every, filter is not None, ids is not None)) != 1:
        raise WrongUseError("Say which records by one of --all, --filter and --ids.")
    if ids is not None:
        return {"record_ids": [line.strip() for line in ids.read_text(encoding="utf-8").splitlines() if line.strip()]}
    return {"filter": _filter(filter)} if filter is not None else {"all": True}


def _filter(file: Path) -> object:
    try:
        return read_yaml(file.read_text(encoding="utf-8"))
    except DocumentSyntaxError as error:
        raise WrongUseError(f"{file}: {error}") from None


@group.command(name="list")
def list_bulk_starts(name: str, /, *, limit: Limit = 20, session: SessionParameter) -> None:
    """List the bulk starts of an automation, newest first."""
    session.output.table(each(session.client.get_bulk_starts, name, limit=limit), _COLUMNS, empty="No bulk starts.")


@group.command
def show(bulk_start: str, /, *, follow: Flag = False, session: SessionParameter) -> int:
    """Show how far a bulk start is; with --follow until it is done."""
    view = session.client.get_bulk_start(bulk_start)
    if follow:
        return _followed(session, view)
    _show(session, view)
    return DONE


@group.command
def records(
    bulk_start: str,
    /,
    *,
    outcome: Outcome | None = None,
    limit: Limit = 100,
    session: SessionParameter,
) -> None:
    """Show what became of each record."""
    columns = {"record": "record_id", "outcome": "outcome", "reason": "reason", "execution": "execution_id"}
    found = each(session.client.get_bulk_start_records, bulk_start, outcome=outcome, limit=limit)
    session.output.table(found, columns, empty="No records.")


@group.command
def cancel(bulk_start: str, /, *, why: str = "", by: str = "", session: SessionParameter) -> None:
    """Start the records that are left no more; what was started goes on."""
    _show(session, session.client.cancel_bulk_start(bulk_start, {"why": why, "by": by}))


def _show(session: Session, view: BulkStartView) -> None:
    rows = {**_COLUMNS, "per second": "per_second", "reason": "reason", "finished": "finished_at"}
    session.output.details(view, rows)


def _followed(session: Session, view: BulkStartView) -> int:
    session.output.note(f"Bulk start {view.id}; Ctrl-C stops watching, `everstep bulk cancel` stops it.")
    view = _lines(session, view) if session.output.json else _bar(session, view)
    if not session.output.json:
        _show(session, view)
    return ENDED_BADLY if view.failed or view.state == "canceled" else DONE


def _lines(session: Session, view: BulkStartView) -> BulkStartView:
    """A JSON object a line, for each change."""
    newest = view
    for newest in _changes(session, view):
        print(to_json(newest.model_dump(mode="json")).decode(), flush=True)
    return newest


def _bar(session: Session, view: BulkStartView) -> BulkStartView:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=session.output.aside, transient=True) as progress:
        bar = progress.add_task(view.automation, total=view.total or None, said="")
        newest = view
        for newest in _changes(session, view):
            said = ", ".join(f"{count} {name}" for name in ("skipped", "failed") if (count := getattr(newest, name)))
            progress.update(bar, total=newest.total or None, completed=newest.total - newest.left, said=said)
    return newest


def _changes(session: Session, view: BulkStartView) -> Iterator[BulkStartView]:
    """How far it is, now and on each change, until its end. A stream that breaks off is taken up again, for a minute."""
    tries = _TRIES
    while not view.finished_at:
        try:
            for event in session.client.stream_bulk_start(view.id):
                view, tries = BulkStartView.model_validate_json(event.data), _TRIES
                yield view
        except UnreachableError:
            if not (tries := tries - 1):
                raise
            time.sleep(1)
    yield view
