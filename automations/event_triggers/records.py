"""What an event has to be like to be counted: of a goal that waits for it.

An event has a `kind` and a payload, written with the change that it tells of:

    field_updated    {"old": {"status": null}, "new": {"status": "Booked"}}    the changed fields only
    stage_updated    {"old": "New", "new": "Booked"}

To add a type, write its model and add it to `AnyEventTrigger`: the type checker names the functions here that must know it.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, assert_never

from pydantic import AfterValidator, Field, JsonValue, StringConstraints
from pydantic_core import PydanticCustomError

from automations import scalars
from automations.errors import FieldValueError
from automations.field_values import field_value
from automations.fields import ObjectDefinition
from automations.model import Model, Name
from automations.scalars import UnfitError, is_blank

_WORDS = frozenset({"any", "blank", "not_blank"})
_TOLD_ATTRIBUTES = frozenset({"name", "owner"})
"""What of a record itself is among the changed fields; stages have events of their own."""


def _said_well(raw: JsonValue) -> JsonValue:
    value = raw.get("value") if isinstance(raw, dict) and len(raw) == 1 else raw
    if isinstance(value, dict) or is_blank(value):
        sentence = "It is any, blank, not_blank or a value; a value that is one of these words is written {value: …}."
        raise PydanticCustomError("invalid_value", sentence)
    return raw


FieldState = Annotated[JsonValue, AfterValidator(_said_well)]
"""What a field holds: one of the words `any`, `blank`, `not_blank`, or a value, also as `{"value": …}`."""

Stage = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class EventTrigger(Model):
    kind: ClassVar[str]
    """The kind of event that may fit."""

    type: Any  # each type narrows it to its own name

    def summary(self) -> str:
        """What has to happen, as in "stage becomes Booked"."""
        raise NotImplementedError


class FieldUpdated(EventTrigger):
    """A field of the record changed, from and to what is said. Text is compared without case."""

    kind: ClassVar[str] = "field_updated"

    type: Literal["field_updated"] = "field_updated"
    field: Name
    before: FieldState = Field("any", alias="from")
    after: FieldState = Field("any", alias="to")

    def summary(self) -> str:
        before, after = _told(self.before), _told(self.after)
        changes = f"becomes {after}" if after else "changes"
        return f"{self.field} {changes}{f' from {before}' if before else ''}"


class StageUpdated(EventTrigger):
    """The record came into another stage; from any, or to any, where nothing is said."""

    kind: ClassVar[str] = "stage_updated"

    type: Literal["stage_updated"] = "stage_updated"
    before: Stage | None = Field(None, alias="from")
    after: Stage | None = Field(None, alias="to")

    def summary(self) -> str:
        changes = f"becomes {self.after}" if self.after else "changes"
        return f"stage {changes}{f' from {self.before}' if self.before else ''}"


AnyEventTrigger = FieldUpdated | StageUpdated
EventTriggerUnion = Annotated[AnyEventTrigger, Field(discriminator="type")]


def _told(state: JsonValue) -> str | None:
    match state:
        case "any":
            return None
        case "not_blank":
            return "not blank"
        case dict():
            return str(state["value"])
        case _:
            return str(state)


def _exact(state: JsonValue) -> JsonValue:
    """The value that is meant; None where a word is said."""
    if isinstance(state, dict):
        return state["value"]
    return None if isinstance(state, str) and state in _WORDS else state


def matches(trigger: AnyEventTrigger, kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether an event is what the trigger waits for. The trigger has been `settled`."""
    if kind != trigger.kind:
        return False
    match trigger:
        case FieldUpdated():
            old, new = _changed(payload, "old"), _changed(payload, "new")
            is_told = trigger.field in new
            return is_told and _fits(trigger.before, old.get(trigger.field)) and _fits(trigger.after, new.get(trigger.field))
        case StageUpdated():
            return trigger.before in (None, payload.get("old")) and trigger.after in (None, payload.get("new"))
        case _:
            assert_never(trigger)


def _changed(payload: Mapping[str, Any], when: str) -> dict[str, JsonValue]:
    return payload.get(when) or {}


def _fits(state: JsonValue, found: JsonValue) -> bool:
    match state:
        case "any":
            return True
        case "blank":
            return is_blank(found)
        case "not_blank":
            return not is_blank(found)
        case _:
            return _comparable(_exact(state)) == _comparable(found)


def _comparable(value: JsonValue) -> object:
    """Lists hold each value once, in no order that means anything. True is no number."""
    match value:
        case list():
            return frozenset(map(str, value))
        case str():
            return value.lower()
        case bool():
            return str(value)
        case _:
            return value


def settled(trigger: AnyEventTrigger, definition: ObjectDefinition) -> AnyEventTrigger:
    """The same with its values in the form in which events tell them. Raises FieldValueError."""
    match trigger:
        case FieldUpdated():
            states = {"before": trigger.before, "after": trigger.after}
            values = {key: {"value": _canonical(definition, trigger.field, _exact(state))} for key, state in states.items()
                      if _exact(state) is not None}  # fmt: skip
            return trigger.model_copy(update=values)
        case StageUpdated():
            return trigger
        case _:
            assert_never(trigger)


def _canonical(definition: ObjectDefinition, name: str, value: JsonValue) -> JsonValue:
    field = definition.field(name)
    if field is not None:
        return field_value(field, value)
    try:
        return scalars.uuid_text(value) if name == "owner" else scalars.text(value)
    except UnfitError as unfit:
        raise FieldValueError(name, "owner", value, unfit.sentence(name, value)) from None


Finding = tuple[str, str, str]
"""The key of the trigger that is wrong, a code and a sentence."""


def unfit(trigger: AnyEventTrigger, definition: ObjectDefinition) -> Iterator[Finding]:
    """Why no record of the object can ever have such an event."""
    match trigger:
        case FieldUpdated():
            yield from _unfit_field(trigger, definition)
        case StageUpdated():
            for key, stage in (("from", trigger.before), ("to", trigger.after)):
                if stage is not None and stage not in definition.stages:
                    yield key, "unknown_stage", f"{definition.api_name} has no stage {stage}."
        case _:
            assert_never(trigger)


def _unfit_field(trigger: FieldUpdated, definition: ObjectDefinition) -> Iterator[Finding]:
    if trigger.field == "stage":
        yield "field", "unknown_field", "For the stage there is stage_updated."
    elif trigger.field not in _TOLD_ATTRIBUTES and definition.field(trigger.field) is None:
        yield "field", "unknown_field", f"{definition.api_name} has no field {trigger.field} whose changes are told of."
    else:
        for key, state in (("from", trigger.before), ("to", trigger.after)):
            yield from _unfit_value(trigger.field, key, _exact(state), definition)


def _unfit_value(field: str, key: str, value: JsonValue, definition: ObjectDefinition) -> Iterator[Finding]:
    try:
        if value is not None:
            _canonical(definition, field, value)
    except FieldValueError as error:
        yield key, error.code, error.sentence


def as_json(trigger: AnyEventTrigger) -> dict[str, Any]:
    """As its author wrote it."""
    return trigger.model_dump(mode="json", by_alias=True, exclude_unset=True)
