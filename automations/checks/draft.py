"""A document as far as it could be read: what the checks look at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from automations.problems import at
from automations.steps.base import StepBase
from automations.steps.variables import InitializeVariable
from automations.triggers import Trigger


class UnreadStep(StepBase):
    """Stands where a step or variable could not be read, so that the others keep their places.

    `variable` is its name if it is a variable and has one that can be read; `children` are the steps below it, by their path.
    """

    type: str = "unread"
    variable: str | None = None
    children: dict[str, Sequence[StepBase]] = {}

    def paths(self) -> dict[str, Sequence[StepBase]]:
        return self.children


class UnreadTrigger(Trigger):
    type: str = "unread"
    name: str | None = None


@dataclass(frozen=True)
class Draft:
    """`unread` holds the keys of the document that could not be read at all."""

    api_name: str | None
    object: str | None
    triggers: Sequence[Trigger]
    variables: Sequence[StepBase]
    steps: Sequence[StepBase]
    objects: Mapping[str, ObjectDefinition]
    unread: frozenset[str] = field(default=frozenset())

    @staticmethod
    def of(document: AutomationDocument, objects: Mapping[str, ObjectDefinition]) -> "Draft":
        return Draft(document.api_name, document.object, document.triggers, document.variables, document.steps, objects)

    def root(self) -> Sequence[StepBase]:
        return [*self.variables, *self.steps]

    @cached_property
    def walk(self) -> Sequence[tuple[str, StepBase]]:
        """Every variable and step with its path, in the order of the document."""
        return [*_walk("variables", self.variables), *_walk("steps", self.steps)]

    @property
    def is_global(self) -> bool:
        return self.object is None and "object" not in self.unread

    @property
    def definition(self) -> ObjectDefinition | None:
        """Of the record's object; None in a global automation, and where the object is not known."""
        return self.objects.get(self.object) if self.object else None

    @property
    def can_tell_fields(self) -> bool:
        """Not if the object is unknown: then every field would be."""
        return self.is_global or self.definition is not None

    @cached_property
    def variable_types(self) -> Mapping[str, str | None]:
        """By name, a list variable's as `number[]`; None where it could not be read."""
        types: dict[str, str | None] = {}
        for variable in self.variables:
            if isinstance(variable, InitializeVariable):
                types[variable.name] = f"{variable.type}[]" if variable.list else variable.type
            elif isinstance(variable, UnreadStep) and variable.variable is not None:
                types[variable.variable] = None
        return types

    @cached_property
    def can_tell_variables(self) -> bool:
        """Not if one of them has no name that can be read: any could be meant by it."""
        nameless = (isinstance(variable, UnreadStep) and variable.variable is None for variable in self.variables)
        return "variables" not in self.unread and not any(nameless)


def _walk(path: str, steps: Sequence[StepBase]) -> Iterator[tuple[str, StepBase]]:
    for index, step in enumerate(steps):
        place = at(path, index)
        yield place, step
        for name, children in step.paths().items():
            yield from _walk(at(place, f"if_{name}"), children)
