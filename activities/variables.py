"""Variables: snapshots, taken when their step runs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from activities.changing import UNCHANGED, not_a_list, resolved
from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.field_values import variable_value
from automations.scalars import is_blank
from automations.sources import first_value
from automations.steps.uses import Change
from automations.steps.variables import InitializeVariable, UpdateVariable


def set_variable(situation: Situation, name: str, raw: Any) -> Result:
    """A variable's new value in its type's canonical form."""
    kind, is_list = situation.plan.variables[name]
    value = variable_value(kind, is_list, raw, name=name)
    used = [{"ref": f"variable {name}", "found": raw}]
    return Result(variables={name: value}, output={name: value}, used=used)


def keep_records(situation: Situation, name: str, ids: Sequence[UUID], how: Change) -> dict[str, Any]:
    """The changed variable, if it is one, that takes these records: all of them, or the first if it is no list.

    Raises ExpectedFailure `unknown_variable` and `not_a_list`, and FieldValueError where it takes no records.
    """
    current = situation.variable(name)
    is_list = situation.plan.variables[name][1]
    if how in ("add", "remove") and not is_list:
        raise not_a_list(how, f"Variable {name}")
    found = resolved(how, f"Variable {name}", current, [str(id) for id in (ids if is_list else ids[:1])])
    return {} if found is UNCHANGED else set_variable(situation, name, found).variables


@runs("initialize_variable")
async def initialize_variable(step: InitializeVariable, situation: Situation, services: Services) -> Result:
    """Whoever starts an execution may give a value, also a blank one, in place of the sources."""
    is_given = step.name in situation.overrides
    raw = situation.overrides[step.name] if is_given else first_value(step.sources, situation)
    if is_blank(raw) and step.required:
        raise ExpectedFailure("required_variable_blank", f"Variable {step.name} is required and no source gives a value.")
    return set_variable(situation, step.name, raw)


@runs("update_variable")
async def update_variable(step: UpdateVariable, situation: Situation, services: Services) -> Result:
    current = situation.variable(step.variable)
    raw = first_value(step.sources, situation)
    keeps = (step.how == "only_if_blank" and not is_blank(current)) or (step.how == "overwrite_unless_blank" and is_blank(raw))
    return Result(output={step.variable: current}) if keeps else set_variable(situation, step.variable, raw)
