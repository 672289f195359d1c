"""Waiting for an execution to be over, and what its end means to a script."""

from __future__ import annotations

import time
from collections.abc import Callable

from cli.exits import AT_REST, DONE, ENDED_BADLY
from client import Client
from client.models import ExecutionView

_GOES_ON = frozenset({"delay", "goal", "automation", "kill_switch"})
_LONGEST_LOOK = 2.0


def wait(
    client: Client, execution_id: object, seconds: float, looks: Callable[[ExecutionView], None] = lambda view: None
) -> tuple[ExecutionView, int]:
    """The execution when it is over, needs a person or the time is up, and the exit code that says which.

    `looks` is told of every look at it.
    """
    end, pause = time.monotonic() + seconds, 0.1
    while True:
        view = client.get_execution(str(execution_id))
        looks(view)
        if view.finished_at or _needs_a_person(view) or time.monotonic() >= end:
            return view, exit_code(view)
        time.sleep(min(pause, max(end - time.monotonic(), 0)))
        pause = min(pause * 1.5, _LONGEST_LOOK)


def _needs_a_person(view: ExecutionView) -> bool:
    """It does not go on by itself."""
    return view.state == "paused" and view.pause_reason not in _GOES_ON


def exit_code(view: ExecutionView) -> int:
    if view.state == "completed":
        return DONE
    return ENDED_BADLY if view.finished_at else AT_REST
