"""A document as far as it could be read: what the checks look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from automations.document import AutomationDocument
from automations.fields import ObjectDefinition
from automations.nesting import walk
from automations.notifications import ErrorNotification
from automations.positions import Positions
from automations.problems import at
from automations.steps.base import StepBase
from automations.steps.variables import InitializeVariable
from automations.triggers import Trigger


class UnreadStep(StepBase):
    """Stands where a step or variable could not be read, so that the others keep their places.

    `variable` is its name if it is a variable and has one that can be read; `children` are the steps below it, by their place
    inside it: `if_yes`, `lanes[0].steps`.
    """

    type: str = "unread"
    variable: str | None = None
    children: dict[str, Sequence[StepBase]] = {}

    def paths(self) -> dict[str, Sequence[StepBase]]:
        return self.children

    def path_at(self, path: str) -> str:
        return path

    def with_paths(self, paths: Mapping[str, Sequence[StepBase]]) -> Self:
        return self.model_copy(update={"children": {**self.children, **paths}})


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
    error_notification: ErrorNotification | None = None

    @staticmethod
    def of(document: AutomationDocument, objects: Mapping[str, ObjectDefinition]) -> "Draft":
        return Draft(
            document.api_name, document.object, document.triggers, document.variables, document.steps, objects,
            error_notification=document.error_notification,
        )  # fmt: skip

    def root(self) -> Sequence[StepBase]:
        return [*self.variables, *self.steps]

    @cached_property
    def walk(self) -> Sequence[tuple[str, StepBase]]:
        """Every variable and step with its path, in the order of the document."""
        return [*walk(self.variables, "variables"), *walk(self.steps, "steps")]

    @cached_property
    def positions(self) -> Positions:
        """Of the steps alone, each under an id of its own."""
        return Positions(_Tree(_distinct(self.steps, "steps", set())))

    @cached_property
    def places(self) -> Mapping[str, str]:
        """The path of each of those, by its id."""
        return dict(zip(self.positions.places, (path for path, _ in walk(self.steps, "steps")), strict=True))

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


@dataclass(frozen=True)
class _Tree:
    steps: Sequence[StepBase]

    def root(self) -> Sequence[StepBase]:
        return self.steps


def _distinct(steps: Sequence[StepBase], path: str, seen: set[str]) -> list[StepBase]:
    """The first step of an id keeps it; a later one of the same id has a problem already, and is told apart by its path here."""
    found: list[StepBase] = []
    for index, step in enumerate(steps):
        place = at(path, index)
        own = step.model_copy(update={"id": f"({place})"}) if step.id in seen else step
        seen.add(step.id)
        found.append(
            own.with_paths({name: _distinct(below, at(place, own.path_at(name)), seen) for name, below in own.paths().items()})
        )
    return found
