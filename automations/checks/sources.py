"""Checks of sources, wherever they stand: the names in them, and fixed values against the variable or field that they are for."""

from collections.abc import Iterator, Sequence
from typing import Any

from automations.checks.draft import Draft, UnreadTrigger
from automations.checks.names import field_problems, related_problems, variable_problems, whose_definition
from automations.errors import FieldValueError
from automations.field_values import VariableType, variable_value
from automations.operators import comparable
from automations.problems import Problem, at
from automations.scalars import UnfitError
from automations.sources import FieldSource, Source, StaticSource, TriggerSource, VariableSource, WebhookSource, describe_source
from automations.steps.base import StepBase
from automations.steps.integration import texts_inside
from automations.steps.records import RECORDS
from automations.steps.uses import OWN, Behind, ComparedUse, SourceUse
from automations.steps.variables import InitializeVariable, UpdateVariable
from automations.templates import is_template
from automations.triggers import WebhookTrigger


def sources_of(step: StepBase) -> Iterator[tuple[str, Source]]:
    """A step's sources, each with its path inside the step."""
    return ((use.path, use.source) for use in step.uses() if isinstance(use, SourceUse))


def fixed_values(draft: Draft) -> Iterator[Problem]:
    """Those that do not fit the variable that they are for."""
    for path, step in draft.walk:
        yield from _fixed_values(draft, step, path)


def source_use_problems(draft: Draft, source: Source, path: str) -> Iterator[Problem]:
    match source:
        case FieldSource(through=None):
            yield from field_problems(draft, source.field, at(path, "field"))
        case FieldSource():
            yield from related_problems(draft, source.through or "", source.field, path)
        case VariableSource():
            yield from variable_problems(draft, source.variable, at(path, "variable"))
            yield from _record_problems(draft, source, path)
        case WebhookSource():
            yield from _webhook_problems(draft, source, path)
        case StaticSource() | TriggerSource():
            return


def compared_problems(draft: Draft, use: ComparedUse, path: str) -> Iterator[Problem]:
    """Values that can never be what the source gives, as its type is another."""
    kind = _type_of(draft, use.source)
    for index, value in enumerate(use.values):
        try:
            comparable(kind, value)
        except UnfitError as unfit:
            sentence = unfit.sentence(f"A value to compare with {describe_source(use.source) if use.source else 'text'}", value)
            yield Problem(path=at(path, index), code="invalid_map_value", sentence=sentence)


def _type_of(draft: Draft, source: Source | None) -> str | None:
    """None where there is no telling."""
    match source:
        case FieldSource():
            whose = Behind((source.through,)) if source.through else OWN
            definition = whose_definition(draft, whose)
            return definition.type_of(source.field) if definition else None
        case VariableSource(field=None):
            return draft.variable_types.get(source.variable)
        case _:
            return None


def _record_problems(draft: Draft, source: VariableSource, path: str) -> Iterator[Problem]:
    kind = (draft.variable_types.get(source.variable) or "record").removesuffix("[]")
    if source.field is not None and kind not in RECORDS:
        sentence = f"The variable {source.variable} is of type {kind}; a record is needed here."
        yield Problem(path=at(path, "variable"), code="not_a_record", sentence=sentence)


def _webhook_problems(draft: Draft, source: WebhookSource, path: str) -> Iterator[Problem]:
    if not can_tell_webhooks(draft, source.webhook):
        return
    named = [trigger for trigger in webhooks(draft) if trigger.name == source.webhook]
    if not named:
        sentence = f"There is no webhook trigger named {source.webhook}."
        yield Problem(path=at(path, "webhook"), code="unknown_webhook", sentence=sentence)
    elif source.value is not None and not any(source.value in trigger.extract for trigger in named):
        sentence = f"The webhook {source.webhook} extracts no value {source.value[:80]}."
        yield Problem(path=at(path, "value"), code="unknown_webhook_value", sentence=sentence)
    elif source.raw and not any(trigger.raw_body for trigger in named):
        sentence = f"The webhook {source.webhook} does not keep the raw body: raw_body: true says that it does."
        yield Problem(path=at(path, "raw"), code="unknown_webhook_value", sentence=sentence)


def webhooks(draft: Draft) -> list[WebhookTrigger]:
    return [trigger for trigger in draft.triggers if isinstance(trigger, WebhookTrigger)]


def can_tell_webhooks(draft: Draft, name: str | None = None) -> bool:
    """Not if a trigger that could not be read may be the one; without a name, if any is."""
    unread = [trigger for trigger in draft.triggers if isinstance(trigger, UnreadTrigger)]
    return "triggers" not in draft.unread and not any(name is None or trigger.name in (None, name) for trigger in unread)


def _fixed_values(draft: Draft, step: StepBase, path: str) -> Iterator[Problem]:
    match step:
        case InitializeVariable():
            yield from _fixed(step.type, step.list, step.name, step.sources, path)
        case UpdateVariable():
            variable = next((each for each in _variables(draft) if each.name == step.variable), None)
            if variable is not None:
                yield from _fixed(variable.type, variable.list, variable.name, step.sources, path)
        case _:
            return


def _variables(draft: Draft) -> list[InitializeVariable]:
    return [variable for variable in draft.variables if isinstance(variable, InitializeVariable)]


def _fixed(kind: VariableType, is_list: bool, name: str, sources: Sequence[Source], path: str) -> Iterator[Problem]:
    for index, source in enumerate(sources):
        if not isinstance(source, StaticSource) or not is_fixed(source.static):
            continue
        try:
            variable_value(kind, is_list, source.static, name=name)
        except FieldValueError as error:
            yield Problem(path=f"{path}.sources[{index}].static", code="invalid_variable_value", sentence=error.sentence)


def is_fixed(value: Any) -> bool:
    """Whether a value is what it shows: no text in it is a template."""
    return not any(is_template(text) for _, text in texts_inside(value, ""))
