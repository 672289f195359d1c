"""Checks of single steps: what each type of step needs to mean something on this record."""

from collections.abc import Iterator

from automations.checks.draft import Draft
from automations.checks.filters import problems_of_condition
from automations.checks.names import (
    MOMENTS,
    NUMBERS,
    field_problems,
    field_type,
    leads_somewhere,
    variable_problems,
)
from automations.checks.sources import is_fixed
from automations.checks.triggers import event_trigger_problems
from automations.errors import FieldValueError
from automations.field_values import field_value
from automations.fields import FieldDefinition, RelationshipField, TeamSelectorField
from automations.problems import Problem, at
from automations.steps.base import StepBase
from automations.steps.control import Condition, Delay, StartAutomation
from automations.steps.fields import ChangeFieldValue, FieldChange, Math
from automations.steps.goals import Goal
from automations.steps.integration import HttpRequest
from automations.steps.lengths import FieldMoment, Length, VariableMoment
from automations.steps.team import EmployeesInField, NotifyMemberViaEmail
from automations.steps.variables import UpdateVariable


def records_needed(draft: Draft) -> Iterator[Problem]:
    """What a global automation cannot do."""
    for path, step in draft.walk if draft.is_global else ():
        place = _needs_record(step, path)
        if place is not None:
            sentence = f"A global automation has no record, which {step.step_type} needs here."
            yield Problem(path=place, code="needs_record", sentence=sentence)


def _needs_record(step: StepBase, path: str) -> str | None:
    match step:
        case StartAutomation() if step.on != "global":
            return at(path, "on")
        case NotifyMemberViaEmail() if step.to == "owner" or isinstance(step.to, EmployeesInField):
            return at(path, "to")
        case _:
            return path if step.needs_record else None


def step_problems(draft: Draft) -> Iterator[Problem]:
    for path, step in draft.walk:
        yield from _problems(draft, step, path)


def _problems(draft: Draft, step: StepBase, path: str) -> Iterator[Problem]:
    match step:
        case Condition():
            return problems_of_condition(draft, step.condition, at(path, "if"))
        case Delay():
            return _length_problems(draft, step, path)
        case Goal():
            return _goal_problems(draft, step, path)
        case ChangeFieldValue():
            return _changes_problems(draft, step, path)
        case Math():
            return _math_problems(draft, step, path)
        case NotifyMemberViaEmail():
            return _recipient_problems(draft, step, path)
        case StartAutomation():
            return _start_problems(draft, step, path)
        case _:
            return _target_problems(draft, step, path)


def _target_problems(draft: Draft, step: StepBase, path: str) -> Iterator[Problem]:
    """Of the variables that a step sets."""
    if isinstance(step, UpdateVariable):
        yield from variable_problems(draft, step.variable, at(path, "variable"))
    if isinstance(step, HttpRequest):
        for index, wanted in enumerate(step.into):
            yield from variable_problems(draft, wanted.variable, f"{path}.into[{index}].variable")


def _goal_problems(draft: Draft, step: Goal, path: str) -> Iterator[Problem]:
    yield from event_trigger_problems(draft, step.triggers, at(path, "triggers"), indexed=True)
    if step.limit is not None:
        yield from _length_problems(draft, step.limit, at(path, "timeout"))


def _length_problems(draft: Draft, length: Length, path: str) -> Iterator[Problem]:
    if length.amount is not None:
        yield from _variable_of(draft, length.amount.variable, NUMBERS, f"{path}.for.variable", "not_a_number")
    match length.until:
        case FieldMoment():
            yield from _field_of(draft, length.until.field, MOMENTS, f"{path}.until.field", "not_a_moment")
        case VariableMoment():
            yield from _variable_of(draft, length.until.variable, MOMENTS, f"{path}.until.variable", "not_a_moment")
        case _:
            return


_WORDS = {"not_a_number": "a number", "not_a_moment": "a date or a moment", "not_a_team_selector": "employees"}


def _variable_of(draft: Draft, name: str, kinds: frozenset[str], path: str, code: str) -> Iterator[Problem]:
    kind = draft.variable_types.get(name)
    if kind is not None and kind not in kinds:
        yield Problem(path=path, code=code, sentence=f"The variable {name} is of type {kind}; {_WORDS[code]} is needed here.")
    yield from variable_problems(draft, name, path)


def _field_of(draft: Draft, name: str, kinds: frozenset[str], path: str, code: str) -> Iterator[Problem]:
    kind = field_type(draft, name)
    if kind is not None and kind not in kinds:
        yield Problem(path=path, code=code, sentence=f"The field {name} is of type {kind}; {_WORDS[code]} is needed here.")
    yield from field_problems(draft, name, path)


def _math_problems(draft: Draft, step: Math, path: str) -> Iterator[Problem]:
    places = [(f"{path}.arguments[{index}]", argument) for index, argument in enumerate(step.arguments)]
    for place, number in [*places, (f"{path}.into", step.into)]:
        if number.variable is not None:
            yield from _variable_of(draft, number.variable, NUMBERS, f"{place}.variable", "not_a_number")
        if number.field is not None:
            yield from _field_of(draft, number.field, NUMBERS, f"{place}.field", "not_a_number")


def _changes_problems(draft: Draft, step: ChangeFieldValue, path: str) -> Iterator[Problem]:
    for index, change in enumerate(step.changes):
        yield from _change_problems(draft, change, f"{path}.changes[{index}]")


def _change_problems(draft: Draft, change: FieldChange, path: str) -> Iterator[Problem]:
    if draft.definition is None:
        return
    field = draft.definition.field(change.field)
    if field is None:
        sentence = f"{draft.object} has no field {change.field} that this step could change."
        yield Problem(path=f"{path}.field", code="unknown_field", sentence=sentence)
        return
    if change.how in ("add", "remove") and not _is_list(field):
        sentence = f"The field {field.name} holds one value; {change.how} is for lists."
        yield Problem(path=f"{path}.how", code="not_a_list", sentence=sentence)
    yield from _value_problems(field, change, path)


def _is_list(field: FieldDefinition) -> bool:
    if isinstance(field, RelationshipField | TeamSelectorField):
        return field.many
    return field.type in ("checkboxes", "tags", "files")


def _value_problems(field: FieldDefinition, change: FieldChange, path: str) -> Iterator[Problem]:
    if change.how != "clear" and (change.value is None or not is_fixed(change.value)):
        return
    try:
        value = field_value(field, change.value)
    except FieldValueError as error:
        yield Problem(path=f"{path}.value", code=error.code, sentence=error.sentence)
        return
    if value is None and field.required and change.how in ("clear", "overwrite"):
        place = f"{path}.how" if change.how == "clear" else f"{path}.value"
        yield Problem(path=place, code="required_field", sentence=f"The field {field.name} is required and may not become blank.")


def _recipient_problems(draft: Draft, step: NotifyMemberViaEmail, path: str) -> Iterator[Problem]:
    if isinstance(step.to, EmployeesInField) and not draft.is_global:
        kinds = frozenset({"team_selector"})
        yield from _field_of(draft, step.to.field, kinds, f"{path}.to.field", "not_a_team_selector")


def _start_problems(draft: Draft, step: StartAutomation, path: str) -> Iterator[Problem]:
    if isinstance(step.on, FieldMoment) and draft.definition is not None and not leads_somewhere(draft, step.on.field):
        sentence = f"{draft.object} has no relationship {step.on.field}."
        yield Problem(path=f"{path}.on.field", code="unknown_field", sentence=sentence)
    for index, name in enumerate(step.automations):
        if name == draft.api_name:
            sentence = "The automation starts itself: only the limit on a chain of executions ends that."
            yield Problem(path=f"{path}.automations[{index}]", code="self_start", sentence=sentence, severity="warning")
