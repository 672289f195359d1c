"""What a save changes for the executions that are under way."""

from collections.abc import Collection
from dataclasses import dataclass

from automations.document import AutomationDocument
from automations.positions import Positions
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
