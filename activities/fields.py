"""Steps that change fields of the record."""

from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import Any

from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from activities.variables import set_variable
from automations.errors import EverstepError
from automations.failures import ExpectedFailure
from automations.field_values import field_value
from automations.fields import DecimalField, FieldDefinition, MoneyField
from automations.scalars import is_blank
from automations.sources import source_value
from automations.steps.fields import ChangeFieldValue, FieldChange, Math, MathArgument

_UNCHANGED = object()


@runs("change_field_value")
async def change_field_value(step: ChangeFieldValue, situation: Situation, services: Services) -> Result:
    """The changes that can be made are made. Only if none can be is the step one that failed."""
    changed: dict[str, Any] = {}
    failures: list[tuple[FieldChange, EverstepError]] = []
    for change in step.changes:
        try:
            value = _changed_value(change, situation, changed)
            if value is not _UNCHANGED:
                changed[change.field] = value
        except EverstepError as failure:
            failures.append((change, failure))
    if len(failures) == len(step.changes):
        raise _all_failed([failure for _, failure in failures])
    return _some_failed(step, changed, failures) if failures else Result(fields=changed, output={"changed": changed})


def _all_failed(failures: list[EverstepError]) -> EverstepError:
    if len(failures) == 1:
        return failures[0]
    return ExpectedFailure("all_changes_failed", " ".join(failure.sentence for failure in failures))


def _some_failed(step: ChangeFieldValue, changed: dict[str, Any], failures: list[tuple[FieldChange, EverstepError]]) -> Result:
    """Completed, with an error that pauses nothing: it names what was not changed, and why."""
    said = " ".join(failure.sentence for _, failure in failures)
    sentence = f"{len(failures)} of the {len(step.changes)} changes of step {step.id} failed: {said}"
    not_changed = [{"field": change.field, "code": failure.code, "sentence": failure.sentence} for change, failure in failures]
    output = {"changed": changed, "not_changed": not_changed}
    error = {"code": "partial_failure", "sentence": sentence}
    return Result(fields=changed, output=output, error=error, warning=sentence)


def _changed_value(change: FieldChange, situation: Situation, changed: dict[str, Any]) -> Any:
    """The field's new canonical value; later changes of a step see what earlier ones did."""
    field = situation.field_definition(change.field)
    current = changed.get(change.field, situation.field(change.field))
    if change.how == "clear":
        value = None
    else:
        given = field_value(field, _given(change, situation))
        value = _resolved(change, current, given)
    if value is None and field.required:
        raise ExpectedFailure("required_field", f"Field {field.name} is required and may not become blank.")
    return field_value(field, value) if value is not _UNCHANGED else value


def _given(change: FieldChange, situation: Situation) -> Any:
    if change.source is not None:
        return source_value(change.source, situation)
    return situation.render_inside(change.value)


def _resolved(change: FieldChange, current: Any, given: Any) -> Any:
    match change.how:
        case "overwrite" | "clear":
            return given
        case "only_if_blank":
            return given if is_blank(current) else _UNCHANGED
        case "overwrite_unless_blank":
            return _UNCHANGED if is_blank(given) else given
        case "add":
            return [*_listed(change, current), *(item for item in _listed(change, given) if item not in _listed(change, current))]
        case "remove":
            return [item for item in _listed(change, current) if item not in _listed(change, given)]


def _listed(change: FieldChange, value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise ExpectedFailure("not_a_list", f"Field {change.field} holds one value: {change.how} is for lists.")
    return value or []


@runs("math")
async def math(step: Math, situation: Situation, services: Services) -> Result:
    used: list[dict[str, Any]] = []
    numbers = [_number(argument, situation, used) for argument in step.arguments]
    result = _calculated(step, numbers)
    text = format(result, "f")
    output = {"result": text}
    if step.into.field is not None:
        field = situation.field_definition(step.into.field)
        value = field_value(field, _fitted(field, result))
        return Result(fields={field.name: value}, output=output, used=used)
    name = step.into.variable or ""
    situation.variable(name)
    return Result(variables=set_variable(situation, name, text).variables, output=output, used=used)


def _fitted(field: FieldDefinition, result: Decimal) -> int | str:
    """Rounded to the digits that the field keeps after the point, half to even."""
    if field.type == "integer" and result == int(result):
        return int(result)
    scale = field.scale if isinstance(field, DecimalField | MoneyField) else None
    return format(result if scale is None else round(result, scale), "f")


def _number(argument: MathArgument, situation: Situation, used: list[dict[str, Any]]) -> Decimal:
    if argument.constant is not None:
        return argument.constant
    ref = f"variable {argument.variable}" if argument.variable else f"field {argument.field}"
    found = situation.variable(argument.variable) if argument.variable else situation.field(argument.field or "")
    used.append({"ref": ref, "found": found})
    try:
        return Decimal(str(found)) if not isinstance(found, bool) and found is not None else _not_a_number(ref, found)
    except InvalidOperation:
        return _not_a_number(ref, found)


def _not_a_number(ref: str, found: Any) -> Decimal:
    raise ExpectedFailure(
        "not_a_number", f"{ref.capitalize()} is {'blank' if is_blank(found) else 'no number'}, so nothing can be calculated."
    )


def _calculated(step: Math, numbers: list[Decimal]) -> Decimal:
    """Exact where a result is; 34 digits where a division does not end."""
    try:
        with localcontext(prec=60) as context:
            context.traps[DivisionByZero] = context.traps[Overflow] = context.traps[InvalidOperation] = True
            result = Decimal(0) if step.operation == "add" else Decimal(1)
            for argument, number in zip(step.arguments, numbers, strict=True):
                signed = -number if argument.negate else number
                inverted = 1 / signed if argument.invert else signed
                result = result + inverted if step.operation == "add" else result * inverted
        with localcontext(prec=34):
            return +result
    except DivisionByZero as error:
        raise ExpectedFailure("division_by_zero", "The calculation divides by zero.") from error
    except (InvalidOperation, Overflow) as error:
        raise ExpectedFailure("not_a_number", "The calculation has no number as its result.") from error
