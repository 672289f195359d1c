"""Changes of the record itself."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from automations.event_triggers.base import Event, EventTrigger, Finding, Listen
from automations.event_triggers.states import ADDED_AND_REMOVED, FieldState, fits, settled_state, shown, state_problem, told
from automations.fields import ObjectDefinition
from automations.model import Name

_TOLD_ATTRIBUTES = frozenset({"name", "owner"})
"""What of a record itself is among the changed fields; stages have events of their own."""

Stage = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class FieldUpdated(EventTrigger):
    """A field of the record changed, from and to what is said."""

    type: Literal["field_updated"] = "field_updated"
    field: Name
    before: FieldState = Field("any", alias="from")
    after: FieldState = Field("any", alias="to")

    @model_validator(mode="after")
    def _tells_of_changes_at_the_end(self) -> Self:
        if isinstance(self.before, dict) and ADDED_AND_REMOVED & self.before.keys():
            raise ValueError("What was added or removed is said under to.")
        return self

    def summary(self) -> str:
        before, after = told(self.before), told(self.after)
        changes = f"becomes {after}" if after else "changes"
        return f"{self.field} {changes}{f' from {before}' if before else ''}"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("field_updated", self.field)})

    def mismatch(self, event: Event) -> str | None:
        old, new = event.part("old").get(self.field), event.part("new").get(self.field)
        if fits(self.before, old) and fits(self.after, new, old):
            return None
        return f"{self.field} changed from {shown(old)} to {shown(new)}; wanted: {self.summary()}."

    def told(self, event: Event) -> dict[str, Any]:
        return {
            "field": self.field,
            "old": event.part("old").get(self.field),
            "new": event.part("new").get(self.field),
        }

    def settled(self, definition: ObjectDefinition) -> Self:
        states = {"before": self.before, "after": self.after}
        return self.model_copy(update={key: settled_state(state, self.field, definition) for key, state in states.items()})

    def unfit(self, definition: ObjectDefinition) -> Iterator[Finding]:
        if self.field == "stage":
            yield Finding("field", "unknown_field", "For the stage there is stage_updated.")
        elif self.field not in _TOLD_ATTRIBUTES and definition.field(self.field) is None:
            sentence = f"{definition.api_name} has no field {self.field} whose changes are told of."
            yield Finding("field", "unknown_field", sentence)
        else:
            for key, state in (("from", self.before), ("to", self.after)):
                if problem := state_problem(state, self.field, definition):
                    yield Finding(key, *problem)


class StageUpdated(EventTrigger):
    """The record came into another stage; from any, or to any, where nothing is said."""

    type: Literal["stage_updated"] = "stage_updated"
    before: Stage | None = Field(None, alias="from")
    after: Stage | None = Field(None, alias="to")

    def summary(self) -> str:
        changes = f"becomes {self.after}" if self.after else "changes"
        return f"stage {changes}{f' from {self.before}' if self.before else ''}"

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("stage_updated")})

    def mismatch(self, event: Event) -> str | None:
        return self._mismatch(event.payload.get("old"), event.payload.get("new"))

    def _mismatch(self, old: JsonValue, new: JsonValue) -> str | None:
        if self.before in (None, old) and self.after in (None, new):
            return None
        return f"stage changed from {shown(old)} to {shown(new)}; wanted: {self.summary()}."

    def told(self, event: Event) -> dict[str, Any]:
        return {"old": event.payload.get("old"), "new": event.payload.get("new")}

    def unfit(self, definition: ObjectDefinition) -> Iterator[Finding]:
        for key, stage in (("from", self.before), ("to", self.after)):
            if stage is not None and stage not in definition.stages:
                yield Finding(key, "unknown_stage", f"{definition.api_name} has no stage {stage}.")


class _TagTrigger(EventTrigger):
    field: Name
    tag: Tag | None = None

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("field_updated", self.field)})

    def _changed(self, event: Event) -> list[str]:
        raise NotImplementedError

    def mismatch(self, event: Event) -> str | None:
        changed = self._changed(event)
        if changed and (self.tag is None or self.tag in changed):
            return None
        return f"{self.field} changed otherwise; wanted: {self.summary()}."

    def told(self, event: Event) -> dict[str, Any]:
        return {"field": self.field, "tags": self._changed(event)}

    def unfit(self, definition: ObjectDefinition) -> Iterator[Finding]:
        field = definition.field(self.field)
        if field is None or field.type != "tags":
            yield Finding("field", "not_tags", f"{definition.api_name} has no field {self.field} of type tags.")


class TagAdded(_TagTrigger):
    """A tag came to one of the record's fields of tags: the one named, or any."""

    type: Literal["tag_added"] = "tag_added"

    def summary(self) -> str:
        return f"tag {self.tag or 'any'} is added to {self.field}"

    def _changed(self, event: Event) -> list[str]:
        return _without(event.part("new").get(self.field), event.part("old").get(self.field))


class TagRemoved(_TagTrigger):
    """A tag went from one of the record's fields of tags: the one named, or any."""

    type: Literal["tag_removed"] = "tag_removed"

    def summary(self) -> str:
        return f"tag {self.tag or 'any'} is removed from {self.field}"

    def _changed(self, event: Event) -> list[str]:
        return _without(event.part("old").get(self.field), event.part("new").get(self.field))


def _without(tags: JsonValue, others: JsonValue) -> list[str]:
    """What is no list of tags holds none."""
    held = others if isinstance(others, list) else []
    return [tag for tag in tags if isinstance(tag, str) and tag not in held] if isinstance(tags, list) else []
