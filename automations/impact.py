"""What a save changes for the executions that are under way."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from automations.document import AutomationDocument
from automations.lanes import Standing
from automations.positions import Positions, surviving_step
from automations.ways import Ways


@dataclass(frozen=True)
class Changes:
    """By their ids: the steps that say something else than before, and those that are gone. Variables count as steps."""

    changed: frozenset[str]
    deleted: frozenset[str]


def changed_steps(before: AutomationDocument, after: AutomationDocument) -> Changes:
    """A step changes by what it says itself, not by the steps below it nor by where it stands."""
    old, new = Positions(before), Positions(after)
    kept = [id for id in old.places if id in new]
    changed = frozenset(id for id in kept if old.step(id).alone() != new.step(id).alone())
    return Changes(changed, frozenset(old.places) - frozenset(kept))


def affected(standing_step_ids: Collection[str], ways: Ways, changes: Changes) -> frozenset[str]:
    """The changed and deleted steps that an execution which stands before these steps may still come to, these included.

    `ways` are those of the document before the change; a step that it has not leads nowhere.
    """
    ahead = frozenset(id for start in standing_step_ids if start in ways.positions for id in ways.reached(start))
    return ahead & (changes.changed | changes.deleted)


@dataclass(frozen=True)
class Effect:
    """What a save means to one execution: the steps it stands on, and the changed and deleted ones that it may still come to."""

    steps: frozenset[str]
    affected: frozenset[str]

    @property
    def stands_on(self) -> bool:
        """Whether it stands on one of them."""
        return not self.steps.isdisjoint(self.affected)


class Impact:
    """What a save means to executions, told by where they stand."""

    def __init__(self, before: AutomationDocument, after: AutomationDocument) -> None:
        self.changes = changed_steps(before, after)
        self._ways = Ways(Positions(before))

    def on(self, standings: Iterable[Standing], documents: Mapping[int, Positions]) -> Effect:
        """On an execution with lanes that stand so. `documents` are those of the revisions in which their steps were found."""
        steps: set[str] = set()
        for standing in standings:
            found = standing.step and surviving_step(standing.step, documents[standing.revision], self._ways.positions)
            steps |= {found.id} if found else set()
        return Effect(frozenset(steps), affected(steps, self._ways, self.changes))
