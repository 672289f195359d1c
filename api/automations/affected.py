"""The executions that a save affects, and their pause."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from api.automations.saving import Saved
from automations.document import AutomationDocument
from automations.executions import Request
from automations.impact import Changes, Effect, Impact
from automations.positions import Positions
from automations.transitions import applies
from store.audit import Actor, Deed, write_audits
from store.automations import read_document
from store.database import Connection
from store.impact import ask_to_pause, lock_open, open_of_automation
from store.standings import standings_of


@dataclass(frozen=True)
class AffectedExecution:
    """The row has id, state and pause_reason, with the columns of an open execution's standings."""

    row: Any
    effect: Effect


@dataclass(frozen=True)
class PausedExecutions:
    """The rows of those that were asked, as they are handed over; `already` are those that waited for a person before."""

    rows: list[Any]
    already: list[UUID]


class Affected:
    """Finds the open executions of one automation that a save affects."""

    def __init__(
        self, connection: Connection, automation_id: UUID, before: AutomationDocument, after: AutomationDocument
    ) -> None:
        self._connection = connection
        self._automation_id = automation_id
        self._impact = Impact(before, after)
        self._documents: dict[int, Positions] = {}
        self._effects: dict[frozenset[tuple[str | None, int]], Effect] = {}

    @property
    def changes(self) -> Changes:
        return self._impact.changes

    async def executions(self) -> AsyncIterator[AffectedExecution]:
        """By id. Many stand at few places: each place is looked at once."""
        if not (self.changes.changed or self.changes.deleted):
            return
        async for row in open_of_automation(self._connection, self._automation_id):
            effect = await self.effect(row)
            if effect.affected:
                yield AffectedExecution(row, effect)

    async def effect(self, row: Any) -> Effect:
        standings = standings_of(row).walked.values()
        place = frozenset((standing.step, standing.revision) for standing in standings)
        if place not in self._effects:
            for revision in {standing.revision for standing in standings} - self._documents.keys():
                self._documents[revision] = Positions(await read_document(self._connection, self._automation_id, revision))
            self._effects[place] = self._impact.on(standings, self._documents)
        return self._effects[place]


async def pause_affected(connection: Connection, saved: Saved, *, actor: Actor, why: str) -> PausedExecutions:
    """In the save's transaction: what runs a step meanwhile finds its row changed, and reads the request and the new document.

    They are looked for before they are locked: what goes on in between comes to no step that it would not have come to before.
    """
    if saved.before is None:
        return PausedExecutions([], [])
    document = AutomationDocument.model_validate(saved.row["document"])
    affected = Affected(connection, saved.row["id"], saved.before, document)
    found = [each.row["id"] async for each in affected.executions()]
    locked = [row for row in await lock_open(connection, found) if (await affected.effect(row)).affected]
    free = [row["id"] for row in locked if _can_be_paused(row)]
    request = Request(id=f"save-{uuid4()}", kind="pause", by=actor.name, why=why)
    rows = await ask_to_pause(connection, free, request, datetime.now(UTC))
    await write_audits(connection, actor, [Deed("execution.paused", "execution", str(row["id"]), why=why) for row in rows])
    return PausedExecutions(rows, [row["id"] for row in locked if row["id"] not in set(free)])


def _can_be_paused(row: Any) -> bool:
    lanes = standings_of(row).walked.values()
    return row["request"] is None and any(applies("pause", lane.state, lane.pause_reason) for lane in lanes)
