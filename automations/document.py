"""The automation document: the same in a file, in the API and in the database."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from automations.fields import ObjectDefinition
from automations.model import ApiName, Model, Name, Priority
from automations.nesting import walk
from automations.notifications import ErrorNotification
from automations.steps import FlowStep, Step
from automations.steps.base import StepBase
from automations.steps.uses import AutomationUse, within
from automations.steps.variables import InitializeVariable
from automations.throttle import QuietWindow
from automations.triggers import TriggerUnion, WebhookTrigger


class CalendarOptions(Model):
    """What the business calendar means to an automation; its delays, goals and triggers may say otherwise."""

    skip_non_working_days: bool = False


class AutomationDocument(Model):
    """Triggers, variables and a tree of steps. Record-scoped with an `object`, global without one."""

    api_name: ApiName
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    object: Name | None = None
    priority: Priority = "regular"
    active: bool = False
    throttle: QuietWindow | None = None
    error_notification: ErrorNotification | None = None
    calendar: CalendarOptions = CalendarOptions()
    triggers: list[TriggerUnion] = []
    variables: list[InitializeVariable] = []
    steps: list[Step] = Field(default=[])

    def root(self) -> list[FlowStep]:
        """The steps in the order they run: variables first."""
        return [*self.variables, *self.steps]

    def webhooks(self, name: str) -> list[WebhookTrigger]:
        """Those of a name: one for each method that it takes."""
        return [trigger for trigger in self.triggers if isinstance(trigger, WebhookTrigger) and trigger.name == name]

    def variable(self, name: str) -> InitializeVariable | None:
        return next((variable for variable in self.variables if variable.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """The document as its author would write it: what was not said stays unsaid."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def named_automations(self) -> dict[str, str]:
        """The automations that its steps name, by their place in the document."""
        return {path: use.api_name for path, use in _automations(self.steps)}

    def started_automations(self) -> dict[str, str]:
        """Those among them that its steps start."""
        return {path: use.api_name for path, use in _automations(self.steps) if use.starts}

    def written_fields(self, definition: ObjectDefinition | None) -> set[str]:
        """The fields of the record that its steps may change; `definition` is that of the record's object."""
        written = (each for _, step in walk(self.steps, "steps") for each in step.writes(definition))
        return {name for kind, name in written if kind == "field"}


def document_schema() -> dict[str, Any]:
    """The JSON Schema of a document as its author writes it."""
    return AutomationDocument.model_json_schema(by_alias=True)


def _automations(steps: Sequence[StepBase]) -> Iterator[tuple[str, AutomationUse]]:
    for path, step in walk(steps, "steps"):
        for use in step.uses():
            if isinstance(use, AutomationUse):
                yield within(path, use.path), use
