"""What became of a goal's dates while nobody looked: a change moves only what was still to come when it happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from automations.event_triggers import Event
from automations.filter_evaluation import FilterValues
from automations.goal_moments import DatedWait, Seen, Verdict, decide

_ENDINGS = frozenset({"activity_completed", "activity_canceled"})
"""Of a crm activity that was still to be done until then."""


@dataclass(frozen=True)
class Change:
    """An event of the record that may have moved a date. `before`: the crm activity that it changed, as it was told of then."""

    at: datetime
    event: Event
    before: Mapping[str, Any] | None = None


def decide_over(wait: DatedWait, changes: Sequence[Change], seen: Seen, values: FilterValues | None, now: datetime) -> Verdict:
    """As `decide` by `now`, by what the record held at each time: `changes` in their order, and what it is `seen` to hold now."""
    for earlier, until in _stages(changes, seen):
        verdict = decide(wait, earlier, values, min(until, now))
        if verdict.by is not None or (wait.timeout is not None and wait.timeout < until):
            return verdict
        wait = replace(wait, refused=verdict.refused)
    return decide(wait, seen, values, now)


def _stages(changes: Sequence[Change], seen: Seen) -> list[tuple[Seen, datetime]]:
    """What it held before each change, and when that came."""
    stages: list[tuple[Seen, datetime]] = []
    for change in reversed(changes):
        seen = _before(change, seen)
        stages.append((seen, change.at))
    return stages[::-1]


def _before(change: Change, seen: Seen) -> Seen:
    event = change.event
    if event.kind == "field_updated":
        return replace(seen, values={**seen.values, **event.part("old")})
    told = event.part("activity")
    others = [each for each in seen.activities if str(each["id"]) != told.get("id")]
    return replace(seen, activities=[*others, *_open_before(change, told)])


def _open_before(change: Change, told: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    was = told if change.event.kind in _ENDINGS else change.before
    if was is not None and was.get("due_at"):
        yield {**was, "due_at": datetime.fromisoformat(was["due_at"]), "completed_at": None}
