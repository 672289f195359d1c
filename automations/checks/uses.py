"""Checks of what steps use, whatever their types."""

from collections.abc import Iterator
from typing import assert_never

from automations.checks.draft import Draft
from automations.checks.filters import problems_of_condition, problems_of_record_filter
from automations.checks.names import field_problems, hop_problems, tags_problems, variable_problems, whose_definition
from automations.checks.sources import compared_problems, is_fixed, source_use_problems
from automations.checks.triggers import event_trigger_problems
from automations.errors import FieldValueError
from automations.field_values import field_value
from automations.fields import FieldDefinition, RelationshipField, TeamSelectorField
from automations.problems import Problem
from automations.steps.base import StepBase
from automations.steps.fields import TAGS
from automations.steps.lengths import MOMENTS, NUMBERS
from automations.steps.members import EMPLOYEES, TEAM_SELECTORS
from automations.steps.records import RECORD_LISTS, RECORDS
from automations.steps.uses import (
    OWN,
    AnyUse,
    AutomationUse,
    ComparedUse,
    FieldUse,
    FilterUse,
    HopUse,
    Kinds,
    ObjectUse,
    RecordUse,
    SourceUse,
    StageUse,
    TagsUse,
    TextUse,
    TriggersUse,
    ValueUse,
    VariableUse,
    within,
)

_KINDS: dict[Kinds, tuple[str, str]] = {
    NUMBERS: ("not_a_number", "a number"),
    MOMENTS: ("not_a_moment", "a date or a moment"),
    TEAM_SELECTORS: ("not_a_team_selector", "employees"),
    EMPLOYEES: ("not_a_team_selector", "employees"),
    RECORDS: ("not_a_record", "a record"),
    RECORD_LISTS: ("not_a_list", "a list of records"),
    TAGS: ("not_tags", "tags"),
}
"""The code of a use of another type, and what is needed, in words."""

_UNFIT = "wrong_type"


def unmet_needs(draft: Draft) -> Iterator[Problem]:
    """Steps that do not exist in an automation on such records, or on none."""
    for path, step in draft.walk:
        yield from _unmet(draft, step, path)


def _unmet(draft: Draft, step: StepBase, path: str) -> Iterator[Problem]:
    definition = draft.definition
    if draft.is_global:
        place = path if step.needs != "nothing" else _place_of_record(step, path)
        if place is not None:
            sentence = f"A global automation has no record, which {step.step_type} needs here."
            yield Problem(path=place, code="needs_record", sentence=sentence)
    elif definition is not None and step.needs == "contact" and not definition.contact:
        sentence = f"{step.step_type} writes to people, and records of {draft.object} are none: its object has no contact: true."
        yield Problem(path=path, code="needs_contact", sentence=sentence)
    elif definition is not None and step.needs == "stages" and not definition.stages:
        yield Problem(path=path, code="needs_stages", sentence=f"Records of {draft.object} have no stages.")


def _place_of_record(step: StepBase, path: str) -> str | None:
    return next((within(path, use.path) for use in step.uses() if isinstance(use, RecordUse)), None)


def use_problems(draft: Draft) -> Iterator[Problem]:
    for path, step in draft.walk:
        lacks_record = any(_unmet(draft, step, path))  # said once, and not of each of its fields
        for use in step.uses():
            if not (lacks_record and isinstance(use, FieldUse | HopUse)):
                yield from _problems(draft, use, within(path, use.path))


def _problems(draft: Draft, use: AnyUse, path: str) -> Iterator[Problem]:  # noqa: C901 (a case for each use)
    match use:
        case FieldUse():
            yield from _field(draft, use, path)
        case TagsUse():
            yield from tags_problems(draft, path)
        case ValueUse():
            yield from _value(draft, use, path)
        case ComparedUse():
            yield from compared_problems(draft, use, path)
        case VariableUse():
            yield from _variable(draft, use, path)
        case SourceUse():
            yield from source_use_problems(draft, use.source, path)
        case FilterUse(whose=whose) if whose == OWN:
            yield from problems_of_condition(draft, use.filter, path)
        case FilterUse():
            definition = whose_definition(draft, use.whose)
            yield from problems_of_record_filter(draft, use.filter, path, definition, renders=use.renders)
        case TriggersUse():
            yield from event_trigger_problems(draft, use.triggers, path, indexed=True)
        case HopUse():
            yield from hop_problems(draft, use, path)
        case ObjectUse():
            if use.object not in draft.objects:
                yield Problem(path=path, code="unknown_object", sentence=f"There is no object {use.object}.")
        case StageUse():
            yield from _stage(draft, use, path)
        case AutomationUse():
            yield from _automation(draft, use, path)
        case TextUse() | RecordUse():
            return  # texts are checked by `texts`, records by `unmet_needs`
        case _:
            assert_never(use)


def _field(draft: Draft, use: FieldUse, path: str) -> Iterator[Problem]:
    found = list(field_problems(draft, use.name, path, use.whose, attributes=use.attributes))
    if found or use.kinds is None:
        yield from found
        return
    definition = whose_definition(draft, use.whose)
    kind = definition.type_of(use.name) if definition else None
    if kind is not None and kind not in use.kinds:
        yield _unfit("field", use.name, kind, use.kinds, path)


def _variable(draft: Draft, use: VariableUse, path: str) -> Iterator[Problem]:
    kind = draft.variable_types.get(use.name)
    told = kind.removesuffix("[]") if kind and use.lists else kind
    if told is not None and use.kinds is not None and told not in use.kinds:
        yield _unfit("variable", use.name, kind or "", use.kinds, path)
    yield from variable_problems(draft, use.name, path)


def _unfit(what: str, name: str, kind: str, kinds: Kinds, path: str) -> Problem:
    code, needed = _KINDS.get(kinds, (_UNFIT, " or ".join(sorted(kinds))))
    return Problem(path=path, code=code, sentence=f"The {what} {name} is of type {kind}; {needed} is needed here.")


def _value(draft: Draft, use: ValueUse, path: str) -> Iterator[Problem]:
    definition = whose_definition(draft, use.whose)
    field = definition.changeable(use.field) if definition else None
    if field is None:
        return
    place = path.removesuffix(use.path)
    if use.how in ("add", "remove") and not _is_list(field):
        sentence = f"The field {field.name} holds one value; {use.how} is for lists."
        yield Problem(path=place + use.how_path, code="not_a_list", sentence=sentence)
    if use.how == "clear" or (use.value is not None and is_fixed(use.value)):
        yield from _fixed_value(field, use, path, place + use.how_path)


def _is_list(field: FieldDefinition) -> bool:
    if isinstance(field, RelationshipField | TeamSelectorField):
        return field.many
    return field.type in ("checkboxes", "tags", "files")


def _fixed_value(field: FieldDefinition, use: ValueUse, path: str, how_path: str) -> Iterator[Problem]:
    try:
        value = field_value(field, use.value)
    except FieldValueError as error:
        yield Problem(path=path, code=error.code, sentence=error.sentence)
        return
    if value is None and field.required and use.how in ("clear", "overwrite"):
        place = how_path if use.how == "clear" else path
        yield Problem(path=place, code="required_field", sentence=f"The field {field.name} is required and may not become blank.")


def _stage(draft: Draft, use: StageUse, path: str) -> Iterator[Problem]:
    definition = whose_definition(draft, use.whose)
    if definition is not None and definition.stages and use.stage not in definition.stages and is_fixed(use.stage):
        known = ", ".join(definition.stages)
        sentence = f"{use.stage} is no stage of {definition.api_name}; its stages: {known}."
        yield Problem(path=path, code="unknown_stage", sentence=sentence)


def _automation(draft: Draft, use: AutomationUse, path: str) -> Iterator[Problem]:
    if use.starts and use.api_name == draft.api_name:
        sentence = "The automation starts itself: only the limit on a chain of executions ends that."
        yield Problem(path=path, code="self_start", sentence=sentence, severity="warning")
