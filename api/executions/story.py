"""What a listener has been told of an execution, and what there is to tell."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from uuid import UUID

from pydantic import BaseModel

from api.executions.views import ExecutionView, StepRunView

_WRITTEN = re.compile(r"([0-9a-f]{8})\.([0-9a-f]{8}|-)\.([0-9]{1,9})\.((?:[0-9]{1,9}-[0-9a-f]{8}~?)*)")
_LONGEST = 16_000


def digest(view: BaseModel) -> str:
    """The same as long as the view shows the same; what a later save says of a step run does not count."""
    return blake2b(view.model_dump_json(exclude={"deleted"}).encode(), digest_size=4).hexdigest()


@dataclass(frozen=True)
class Told:
    """How far a listener is: the `id` of an event, small enough for a header.

    `last` is the highest sequence number that was told of, `moving` has the digests of the step runs up to there that may still
    change, and `execution` is that of the execution's view.
    """

    execution_id: UUID
    execution: str = "-"
    last: int = 0
    moving: Mapping[int, str] = field(default_factory=dict[int, str])

    def __str__(self) -> str:
        moving = "~".join(f"{sequence}-{seen}" for sequence, seen in sorted(self.moving.items()))
        return f"{_short(self.execution_id)}.{self.execution}.{self.last}.{moving}"

    @classmethod
    def read(cls, execution_id: UUID, text: str | None) -> "Told":
        """From the beginning where the text is none of this execution."""
        found = _WRITTEN.fullmatch(text) if text and len(text) <= _LONGEST else None
        if found is None or found[1] != _short(execution_id):
            return cls(execution_id)
        pairs = (pair.split("-") for pair in found[4].split("~") if pair)
        return cls(execution_id, found[2], int(found[3]), {int(sequence): seen for sequence, seen in pairs})

    @property
    def asked(self) -> list[int]:
        """Step runs up to the last one that have to be looked at again."""
        return sorted({*self.moving, self.last})

    def step_run(self, view: StepRunView, *, may_change: bool) -> "Told":
        others = {sequence: seen for sequence, seen in self.moving.items() if sequence != view.sequence}
        moving = {**others, view.sequence: digest(view)} if may_change else others
        return replace(self, last=max(self.last, view.sequence), moving=moving)

    def whole(self, view: ExecutionView) -> "Told":
        return replace(self, execution=digest(view))

    def knows(self, view: StepRunView) -> bool:
        seen = digest(view)
        return view.sequence <= self.last and self.moving.get(view.sequence, seen) == seen

    def without(self, final: Set[int]) -> "Told":
        return replace(self, moving={sequence: seen for sequence, seen in self.moving.items() if sequence not in final})


def final(views: Sequence[StepRunView]) -> Set[int]:
    """Step runs that are over for good, by sequence: one that another one of its lane has followed does not change any more."""
    newest = {view.lane: view.sequence for view in views}
    return {view.sequence for view in views if view.finished_at is not None and newest[view.lane] != view.sequence}


@dataclass(frozen=True)
class News:
    """An event, and how far a listener is who has it."""

    kind: str
    view: StepRunView | ExecutionView
    told: Told


def news(told: Told, step_runs: Sequence[StepRunView], execution: ExecutionView | None) -> Iterator[News]:
    """What the listener does not know: step runs in order, and then the execution, if it is to be told of.

    The step runs are those that were `asked` for, and what came after them.
    """
    over = final(step_runs)
    for view in step_runs:
        if not told.knows(view):
            told = told.step_run(view, may_change=view.sequence not in over)
            yield News("step_run", view, told)
    told = told.without(over)
    if execution is not None and told.execution != digest(execution):
        yield News("execution", execution, told.whole(execution))


def _short(execution_id: UUID) -> str:
    return execution_id.hex[-8:]
