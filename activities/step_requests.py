"""What steps ask of executions: pause, resume and cancel, in the name of the automation that they belong to."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from activities.asking import is_being, meant_by, pinned, state_of
from activities.results import ChangedMeanwhileError
from activities.situation import Situation
from automations.asking import Refused
from automations.executions import Request, RequestKind
from automations.steps.base import StepBase
from store.database import Connection
from store.patience import HeldByOthersError, waiting_at_most

_PATIENCE = (0.05, 0.25)
"""Seconds. Two steps that each wait for the other's execution do not give way in the same moment."""


@asynccontextmanager
async def giving_way(connection: Connection) -> AsyncIterator[None]:
    """For locking other executions while its own is held: whoever holds one may wait for this one. Then the step runs again."""
    try:
        async with waiting_at_most(connection, timedelta(seconds=random.uniform(*_PATIENCE))):
            yield
    except HeldByOthersError as error:
        raise ChangedMeanwhileError from error


class Asker:
    """Asks the same of executions whose rows are locked. `left` counts those to which it does not apply, by what they are."""

    def __init__(self, kind: RequestKind, step: StepBase, situation: Situation) -> None:
        self.left: Counter[str] = Counter()
        self._kind: RequestKind = kind
        self._by = f"automation {situation.row['api_name']}"
        self._why = f"step {step.id} of execution {situation.key.execution_id}"
        self._key = str(situation.key)

    async def ask(self, connection: Connection, rows: Iterable[Any]) -> list[tuple[UUID, Request]]:
        """What is asked of them, as `ask_executions` takes it. The rows are those of `lock_paused`."""
        found = [await self._asked(connection, row) for row in rows]
        return [each for each in found if each is not None]

    async def _asked(self, connection: Connection, row: Any) -> tuple[UUID, Request] | None:
        request = Request(id=f"{self._key}:{row['id']}", kind=self._kind, by=self._by, why=self._why, cause="step")
        refused = _refused(request, row)
        if refused:
            self.left[refused] += 1
            return None
        return row["id"], await pinned(connection, row, request)


def _refused(request: Request, row: Any) -> str | None:
    """What it is instead, in a few words."""
    if is_being(row, "cancel"):
        return "being canceled"
    if request.kind == "pause" and is_being(row, "pause"):
        return "being paused"
    if not isinstance(meant_by(request, row), Refused):
        return None
    return f"{state_of(row)} ({row['pause_reason']})" if row["pause_reason"] else state_of(row)
