"""Steps that change fields of the record."""

from decimal import Decimal
from typing import Any

from activities.changing import Changed, changed_values, given_for
from activities.creating import origin_of
from activities.references import known_only
from activities.registry import reads, runs, writes
from activities.results import ChangedMeanwhileError, Result
from activities.services import Services
from activities.situation import Situation
from activities.variables import set_variable
from automations import scalars
from automations.arithmetic import inverse, product, rounded, total
from automations.failures import ExpectedFailure
from automations.field_values import field_value
from automations.fields import DecimalField, FieldDefinition, MoneyField
from automations.scalars import UnfitError, is_blank
from automations.steps.changes import FieldChange
from automations.steps.fields import ChangeFieldValue, ChangeTags, Math, MathArgument, UpdateStage
from store.database import Connection
from store.errors import RecordChangedError
from store.records import change_record


@reads("change_field_value")
async def change_field_value(step: ChangeFieldValue, situation: Situation, services: Services, connection: Connection) -> Result:
    """The changes that can be made are made. Only if none can be is the step one that failed."""
    given = await known_only(connection, given_for(step.changes, situation), situation)
    changed = changed_values(given, situation)
    if changed.failed:
        raise changed.failure()
    return _some_failed(step, changed) if changed.failures else Result(fields=changed.values, output={"changed": changed.values})


def _some_failed(step: ChangeFieldValue, changed: Changed) -> Result:
    """Completed, with an error that pauses nothing: it names what was not changed, and why."""
    sentence = f"{len(changed.failures)} of the {changed.tried} changes of step {step.id} failed: {changed.said()}"
    output = {"changed": changed.values, "not_changed": changed.not_changed()}
    error = {"code": "partial_failure", "sentence": sentence}
    return Result(fields=changed.values, output=output, error=error, warning=sentence)


@runs("change_tags")
async def change_tags(step: ChangeTags, situation: Situation, services: Services) -> Result:
    field = _tags_field(step, situation)
    kinds = (("add", step.add), ("remove", step.remove))
    changes = [FieldChange.model_validate({"field": field.name, "value": tags, "how": how}) for how, tags in kinds if tags]
    changed = changed_values(given_for(changes, situation), situation)
    if changed.failures:
        raise changed.failure()
    before, after = situation.field(field.name) or [], changed.values[field.name] or []
    output = {
        "field": field.name,
        "added": [tag for tag in after if tag not in before],
        "removed": [tag for tag in before if tag not in after],
    }
    return Result(fields=changed.values, output=output)


def _tags_field(step: ChangeTags, situation: Situation) -> FieldDefinition:
    """That of the step, or the only one of the object. Raises ExpectedFailure."""
    if step.field is not None or situation.definition is None:
        found = situation.field_definition(step.field or "")
        if found.type != "tags":
            raise ExpectedFailure("not_tags", f"Field {found.name} is of type {found.type}; tags are needed here.")
        return found
    fields, whose = situation.definition.of_type("tags"), situation.definition.name
    if not fields:
        raise ExpectedFailure("no_tags_field", f"{whose} has no field of tags (any more).")
    if len(fields) > 1:
        names = ", ".join(field.name for field in fields)
        raise ExpectedFailure("several_tag_fields", f"{whose} has several fields of tags: {names}. field says which is meant.")
    return fields[0]


@writes("update_stage")
async def update_stage(step: UpdateStage, situation: Situation, services: Services, connection: Connection) -> Result:
    stands, stage, row = situation.field("stage"), situation.render(step.stage).strip(), situation.row
    stages = _known_stages(stage, step, situation)
    why_not = _why_not(step, stands, stage, stages)
    if why_not:
        return Result(output={"stage": stands, "moved": False, "why": why_not})
    origin = origin_of(situation)
    try:
        await change_record(
            connection, row["record_id"], stage=stage, now=situation.now, revision=row["record_revision"], origin=origin
        )
    except RecordChangedError:
        raise ChangedMeanwhileError from None
    return Result(output={"stage": stage, "moved": True, "from": stands})


def _known_stages(stage: str, step: UpdateStage, situation: Situation) -> list[str]:
    """All of the object. Raises ExpectedFailure if the step names one that is none of them."""
    definition = situation.definition
    assert definition, "without a record there is no stage to read"
    unknown = next((each for each in (stage, *step.only_from) if each not in definition.stages), None)
    if unknown is not None:
        known = ", ".join(definition.stages) or "none"
        sentence = f"{unknown or 'Nothing'} is no stage of {definition.name} (any more); its stages: {known}."
        raise ExpectedFailure("unknown_stage", sentence)
    return definition.stages


def _why_not(step: UpdateStage, stands: str | None, stage: str, stages: list[str]) -> str | None:
    """A stage that the object has no more comes before all others."""
    if stands == stage:
        return "It stands there already."
    if step.only_from and stands not in step.only_from:
        return f"It stands in {stands or 'no stage'}, not in {' or '.join(step.only_from)}."
    if step.forward_only and stands in stages and stages.index(stage) < stages.index(stands):
        return f"It stands in {stands}, further on than {stage}."
    return None


@runs("math")
async def math(step: Math, situation: Situation, services: Services) -> Result:
    used: list[dict[str, Any]] = []
    parts = [_part(argument, _number(argument, step, situation, used)) for argument in step.arguments]
    result = total(parts) if step.operation == "add" else product(parts)
    if step.round is not None:
        result = rounded(result, step.round.digits, step.round.mode)
    text = format(result, "f")
    output = {"result": text}
    if step.into.field is not None:
        field = situation.field_definition(step.into.field)
        value = field_value(field, _fitted(field, result))
        return Result(fields={field.name: value}, output=output, used=used)
    name = step.into.variable or ""
    situation.variable(name)
    return Result(variables=set_variable(situation, name, text).variables, output=output, used=used)


def _part(argument: MathArgument, number: Decimal) -> Decimal:
    signed = number.copy_negate() if argument.negate else number
    return inverse(signed) if argument.invert else signed


def _fitted(field: FieldDefinition, result: Decimal) -> str:
    """Rounded to the digits that the field keeps after the point, half to even."""
    scale = field.scale if isinstance(field, DecimalField | MoneyField) else None
    return format(result if scale is None else rounded(result, scale), "f")


def _number(argument: MathArgument, step: Math, situation: Situation, used: list[dict[str, Any]]) -> Decimal:
    if argument.constant is not None:
        return argument.constant
    ref = f"variable {argument.variable}" if argument.variable else f"field {argument.field}"
    found = situation.variable(argument.variable) if argument.variable else situation.field(argument.field or "")
    used.append({"ref": ref, "found": found})
    if is_blank(found) and step.blank_as is not None:
        return step.blank_as
    try:
        return scalars.number(found)
    except UnfitError:
        what = "blank" if is_blank(found) else "no number"
        raise ExpectedFailure("not_a_number", f"{ref.capitalize()} is {what}, so nothing can be calculated.") from None
