"""What a dry run is told beforehand: what others would answer, and which paths are taken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from automations.model import Model, StepId
from automations.positions import Positions
from automations.problems import Problem
from automations.steps.base import StepBase

Choice = Literal["yes", "no", "met", "not_met"]


class Answer(Model):
    """What an outside call is answered: an HTTP status and a body. Or the sentence that says why it `fails`."""

    status: int = Field(default=200, ge=200, le=599)
    body: Any = None
    fails: str | None = Field(default=None, min_length=1, max_length=500)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.fails is not None and {"status", "body"} & self.model_fields_set:
            raise ValueError("A call that fails has no status and no body.")
        return self


@dataclass(frozen=True)
class Script:
    """By step id."""

    answers: Mapping[StepId, Answer] = field(default_factory=dict[StepId, Answer])
    choices: Mapping[StepId, Choice] = field(default_factory=dict[StepId, Choice])

    def problems(self, positions: Positions) -> Iterator[Problem]:
        """What does not fit the document."""
        for kind, ids in (("answers", self.answers), ("choices", self.choices)):
            for id in ids:
                if id not in positions:
                    yield Problem(path=f"{kind}.{id}", code="unknown_step", sentence=f"The automation has no step {id}.")
        for id in self.answers:
            if id in positions and not positions.step(id).reaches_outside():
                sentence = f"Step {id} reaches nobody outside: it takes no answer."
                yield Problem(path=f"answers.{id}", code="no_outside_call", sentence=sentence)
        for id, choice in self.choices.items():
            if id in positions and choice not in _paths(positions.step(id)):
                sentence = f"Step {id} has no path {choice} to choose."
                yield Problem(path=f"choices.{id}", code="no_such_path", sentence=sentence)


def _paths(step: StepBase) -> frozenset[str]:
    """Lanes are no choice: all of them are taken."""
    return frozenset() if step.parallel else frozenset(step.paths())
