"""Executions whose workflow is gone from Temporal: a few are ended, of more an operator decides.

A few may have been deleted by hand. Many at once look like a Temporal that was restored from an older backup, or set up anew.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from activities.services import Services
from store import missing_workflows as stored

_LATELY = timedelta(minutes=10)
_SAY_AGAIN = timedelta(minutes=1)
_ADVICE = (
    "Temporal has forgotten them, as one that was restored from an older backup: look whether it is the right one, "
    "then `everstep recover start-again`, or `everstep recover end` if they are to end."
)
_LOG = structlog.get_logger("everstep.reconciling")


class MissingWorkflows:
    """Concludes only after a whole round through the open rows, when it is known how many are missing."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._round_began = datetime.now(UTC)
        self._said_at = datetime.min.replace(tzinfo=UTC)
        self.in_doubt = False
        """Some are missing: the next round is to be a quick one."""

    async def mark(self, execution_id: UUID) -> None:
        self.in_doubt = True
        async with self._services.database.connection() as connection:
            await stored.mark_missing(connection, execution_id)

    async def unmark(self, execution_id: UUID) -> None:
        async with self._services.database.connection() as connection:
            await stored.unmark_missing(connection, execution_id)

    async def to_end(self, suspects: int) -> list[Any]:
        """At the end of a round: those that are few enough to be ended. `suspects` have been missed once so far."""
        began, self._round_began = self._round_began, datetime.now(UTC)
        async with self._services.database.connection() as connection:
            missing = await stored.list_missing(connection, size=self._most + 1)
            counted = await stored.count_lately_missing(connection, _LATELY) + suspects
        self.in_doubt = bool(missing)
        if not missing:
            return []
        if counted > self._most or not await self._knows_any():
            self._say(counted)
            return []
        return [row for row in missing if row["found_at"] <= began]

    async def mark_ended(self, execution_id: UUID) -> None:
        async with self._services.database.connection() as connection:
            await stored.mark_ended(connection, execution_id)

    @property
    def _most(self) -> int:
        return self._services.settings.max_missing_workflows

    async def _knows_any(self) -> bool:
        """A Temporal without a single execution is more likely another one than one from which all were deleted."""
        client = self._services.temporal
        return (await client.count_workflows("WorkflowType = 'Execution'")).count > 0

    def _say(self, count: int) -> None:
        now = datetime.now(UTC)
        if now - self._said_at < _SAY_AGAIN:
            return
        self._said_at = now
        namespace = self._services.temporal.namespace
        _LOG.error("workflows_missing", count=count, namespace=namespace, what_to_do=_ADVICE)
