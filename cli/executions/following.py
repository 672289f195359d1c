"""The step runs of an execution, one a line, as they happen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json, to_json

from cli.executions.views import state_line, step_line
from cli.session import Session
from client import Client, ServerSentEvent, UnreachableError
from client.models import ExecutionView, StepRunView

_TRIES = 60


def follow(session: Session, execution: str, *, until_over: bool) -> None:
    """Each step run when it changes; with `until_over` until the execution is."""
    if until_over:
        for event in _events(session.client, execution):
            _print(session, event.event, from_json(event.data) if event.data else {})
        return
    for run in _runs(session, execution):
        _print(session, "step_run", run.model_dump(mode="json"))


def _events(client: Client, execution: str) -> Iterator[ServerSentEvent]:
    """A stream that breaks off is taken up where it was, for a minute."""
    last, tries = None, _TRIES
    while tries:
        try:
            for event in client.stream_execution(execution, last_event_id=last):
                last, tries = event.id or last, _TRIES
                yield event
                if event.event == "end":
                    return
        except UnreachableError:
            if tries == 1:
                raise
        tries -= 1
        time.sleep(1)


def _runs(session: Session, execution: str) -> list[StepRunView]:
    found, after = list[StepRunView](), 0
    while True:
        page = session.client.get_execution_history(execution, after=after, size=200)
        found += page.step_runs
        if page.next_after is None:
            return found
        after = page.next_after


def _print(session: Session, event: str, data: Any) -> None:
    if session.output.json:
        print(to_json({"event": event, **data}).decode(), flush=True)
    elif event == "step_run":
        session.output.console.print(step_line(StepRunView.model_validate(data)), soft_wrap=True)
    elif event == "execution":
        session.output.console.print(state_line(ExecutionView.model_validate(data)), soft_wrap=True)
