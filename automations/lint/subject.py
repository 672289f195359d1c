"""A document as the lints look at it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from automations.document import AutomationDocument
from automations.filters import Filter
from automations.lint.reading import names_read
from automations.nesting import walk
from automations.positions import Positions
from automations.problems import Problem, at
from automations.steps.base import StepBase, Written
from automations.steps.control import GoToStep
from automations.steps.uses import AnyUse, FilterUse, TriggersUse, within

Steps = Sequence[tuple[str, StepBase]]
"""Steps, each with its place in the document."""


@dataclass(frozen=True)
class Subject:
    document: AutomationDocument

    @cached_property
    def steps(self) -> Steps:
        """All of them, in the order of the document."""
        return list(walk(self.document.steps, "steps"))

    @cached_property
    def variables(self) -> Steps:
        return list(walk(self.document.variables, "variables"))

    @cached_property
    def lists(self) -> Sequence[Steps]:
        """Each list of steps."""
        lists = [_placed(self.document.steps, "steps")]
        for path, step in self.steps:
            lists += [_placed(below, at(path, step.path_at(name))) for name, below in step.paths().items()]
        return lists

    @property
    def neighbours(self) -> Iterator[tuple[tuple[str, StepBase], tuple[str, StepBase]]]:
        """Two steps of which the second always comes right after the first: neither is skipped, no go-to leads between them."""
        for steps in self.lists:
            for first, second in pairwise(steps):
                if not first[1].skip and not second[1].skip and second[1].id not in self.targets:
                    yield first, second

    @cached_property
    def targets(self) -> frozenset[str]:
        """The ids of the steps that go-to steps name."""
        return frozenset(step.step for _, step in self.steps if isinstance(step, GoToStep))

    @cached_property
    def positions(self) -> Positions:
        """Of the steps alone."""
        return Positions(self.document.model_copy(update={"variables": []}))

    @cached_property
    def reads(self) -> Sequence[tuple[StepBase, frozenset[Written] | None]]:
        """What each variable and step reads, in the order in which they run; None where there is no telling."""
        return [(step, names_read(step)) for _, step in (*self.variables, *self.steps)]

    @cached_property
    def filters(self) -> Sequence[tuple[str, Filter]]:
        """Those of triggers and of steps."""
        found = [
            (f"triggers[{index}].filter", getattr(each, "filter", None)) for index, each in enumerate(self.document.triggers)
        ]
        for path, step in self.steps:
            found += [(within(path, place), filter) for use in step.uses() for place, filter in _filters(use)]
        return [(path, filter) for path, filter in found if filter is not None]


def _filters(use: AnyUse) -> Iterator[tuple[str, Filter | None]]:
    match use:
        case FilterUse():
            yield use.path, use.filter
        case TriggersUse():
            yield from ((f"{use.path}[{index}].filter", trigger.filter) for index, trigger in enumerate(use.triggers))
        case _:
            return


def _placed(steps: Sequence[StepBase], path: str) -> Steps:
    return [(at(path, index), step) for index, step in enumerate(steps)]


def hint(path: str, code: str, sentence: str) -> Problem:
    return Problem(path=path, code=code, sentence=sentence, severity="hint")


def warning(path: str, code: str, sentence: str) -> Problem:
    return Problem(path=path, code=code, sentence=sentence, severity="warning")
