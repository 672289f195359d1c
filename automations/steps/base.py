"""What all steps have in common."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from automations.fields import ObjectDefinition
from automations.model import Model, Severity, StepId
from automations.steps.uses import OWN, AnyUse, FieldUse, TagsUse, VariableUse, text_of

OnError = Literal["pause", "continue", "continue_silently"]

Need = Literal["nothing", "record", "contact", "stages"]
"""A record; one that is a contact; one whose object has stages."""

Written = tuple[Literal["field", "variable"], str]
"""A field of the record, or a variable, by its name."""


class StepBase(Model):
    """A node of an automation.

    The class attributes tell the interpreter how to run a step type: they are facts of the type, not options.
    """

    local: ClassVar[bool] = True
    """A quick database step runs as a local activity; what leaves the house or takes long as an ordinary one."""

    stays_inside: ClassVar[bool] = False
    """No local step only because it may take long: it calls no other system."""

    timeout: ClassVar[timedelta] = timedelta(seconds=10)
    """How long one attempt may take before it counts as lost."""

    needs: ClassVar[Need] = "nothing"
    """What an automation must have for such a step to exist in it."""

    waits: ClassVar[bool] = False
    """It holds the execution up, so that a loop with it in it is no runaway."""

    retries: ClassVar[bool] = True
    """Whether an unexpected failure takes the retry ladder; conditions pause instead."""

    parallel: ClassVar[bool] = False
    """Its paths are lanes: they run side by side, and what comes after it waits for all of them."""

    takes_secrets: ClassVar[bool] = False
    """Its texts may hold `{{ secrets.name }}`."""

    type: Any  # each type narrows it to its own name
    id: StepId
    description: str = ""
    skip: bool = False
    skip_to: str | None = None
    on_error: OnError = "pause"
    severity: Severity | None = None

    @property
    def step_type(self) -> str:
        """The name of the activity that runs it."""
        return self.type

    @classmethod
    def reaches_outside(cls) -> bool:
        """It calls other systems."""
        return not cls.local and not cls.stays_inside

    def summary(self) -> str:
        """One line that says what this step does, for the history and the Temporal UI."""
        return self.step_type.replace("_", " ")

    def paths(self) -> dict[str, Sequence["StepBase"]]:
        """The step lists below this step by their path's name; they come together again after it."""
        return {}

    def path_after(self, phase: str) -> str | None:
        """The path to take once a wait of this step is over; None: to what comes after the step."""
        return None

    def path_at(self, path: str) -> str:
        """Where the steps of a path stand inside this step, as in `if_yes`."""
        return f"if_{path}"

    def with_paths(self, paths: Mapping[str, Sequence["StepBase"]]) -> Self:
        """The same step with other steps on the named paths."""
        return self.model_copy(update={self.path_at(name): list(steps) for name, steps in paths.items()})

    def alone(self) -> Self:
        """The same step with nothing on its paths."""
        return self.with_paths({name: [] for name in self.paths()})

    def uses(self) -> Iterable[AnyUse]:
        """What it uses: fields, variables, sources, texts, … The steps on its paths say so for themselves."""
        return ()

    def writes(self, definition: ObjectDefinition | None = None) -> Iterator[Written]:
        """The fields of its record and the variables that it may set.

        A field that it does not name is among them only where the `definition` of the record's object is given.
        """
        for use in self.uses():
            if isinstance(use, FieldUse) and use.written and use.whose == OWN:
                yield "field", use.name
            if isinstance(use, VariableUse) and use.written:
                yield "variable", use.name
            if isinstance(use, TagsUse) and definition is not None and len(tags := definition.of_type("tags")) == 1:
                yield "field", tags[0].name

    def templates(self) -> Iterator[tuple[str, str]]:
        """Every text with `{{ … }}` in it, with its path inside the step."""
        return (found for use in self.uses() for found in text_of(use))
