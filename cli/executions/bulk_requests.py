"""The same asked of many executions: followed to its end, with a progress bar."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.session import Session
from client import UnreachableError, each
from client.models import BulkRequestItem, BulkRequestProgress, BulkRequestView

Kind = Literal["pause", "resume", "cancel", "skip", "retry"]
_AT_ONCE = 10_000
_LOOK_EVERY_SECONDS = 0.5
_TRIES = 120


def ask_all(session: Session, kind: Kind, ids: Sequence[str], body: dict[str, Any]) -> list[BulkRequestItem]:
    """What came of it for each."""
    found: list[BulkRequestItem] = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=session.output.aside, transient=True, disable=session.output.json) as progress:
        bar = progress.add_task(f"{kind.capitalize()}", total=len(ids))
        for start in range(0, len(ids), _AT_ONCE):
            asked = {**body, "ids": ids[start : start + _AT_ONCE]}
            view = session.client.request_in_bulk(kind, asked, wait=1)
            _follow(session, view, lambda done, start=start: progress.update(bar, completed=start + done))
            found += each(session.client.get_bulk_request_items, view.id, limit=1_000_000)
    return found


def _follow(session: Session, view: BulkRequestProgress | BulkRequestView, show: Any) -> None:
    """Until its end. A gateway that is away for a minute is asked again."""
    tries = _TRIES
    while not view.finished_at:
        show(view.total - view.left)
        time.sleep(_LOOK_EVERY_SECONDS)
        try:
            view, tries = session.client.get_bulk_request(view.id), _TRIES
        except UnreachableError:
            if not (tries := tries - 1):
                raise
