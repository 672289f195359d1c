"""What every trigger that an event may fit can be asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self, cast

from automations.fields import ObjectDefinition
from automations.filters import Filter
from automations.model import Model


@dataclass(frozen=True)
class Event:
    """What happened, as it is told: `payload` by `kind` is

    record_created      {"new": {"status": "Open", …, "name", "owner", "stage"}}
    field_updated       {"old": {"status": null}, "new": {"status": "Booked"}}     the changed fields only
    stage_updated       {"old": "New", "new": "Booked"}
    activity_…          {"activity": {"id", "type", "note", "due_at", "assigned_to", "assigned_role", "by", "completed_at"}}
    form_submitted      {"form": "demo", "values": {…}}, of a survey {"survey": …}
    email_event         {"event": "clicked", "message": "…", "link": "…"}
    text_received       {"from": "+49…", "to": "+49…", "body": "…", "message": id of the one that it answers}
    website_visited     {"url": "https://…"}
    date_reached, activity_overdue, schedule            to one trigger alone
    """

    kind: str
    payload: Mapping[str, Any]

    @property
    def keys(self) -> frozenset[str]:
        """What a trigger may listen to within the kind; "" is all of it."""
        return frozenset({"", *self._special()})

    def _special(self) -> Iterator[str]:
        if self.kind == "field_updated":
            yield from self.part("new")
        elif self.kind.startswith("activity_"):
            yield str(self.part("activity").get("type", ""))
        yield from (str(self.payload[key]) for key in ("form", "survey", "event") if key in self.payload)

    def part(self, key: str) -> dict[str, Any]:
        found = self.payload.get(key)
        return cast(dict[str, Any], found) if isinstance(found, dict) else {}


class Listen(NamedTuple):
    """Events of a kind, and of a key within it: the field, form or type of crm activity; "" for all."""

    kind: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.key}"


class Finding(NamedTuple):
    """The key of a trigger that is wrong, a code and a sentence."""

    key: str
    code: str
    sentence: str


class EventTrigger(Model):
    """Fits events of one record; with a `filter` only while the record is so."""

    type: Any  # each type narrows it to its own name
    filter: Filter | None = None

    def summary(self) -> str:
        """What has to happen, as in "stage becomes Booked"."""
        raise NotImplementedError

    def listens(self) -> frozenset[Listen]:
        """The events that may fit."""
        raise NotImplementedError

    def moved_by(self) -> frozenset[Listen]:
        """The events after which a moment that it waits for may be another one."""
        return frozenset()

    def mismatch(self, event: Event) -> str | None:
        """Why an event that it listens to does not fit, as a sentence; None if it does. The trigger has been `settled`."""
        raise NotImplementedError

    def told(self, event: Event) -> dict[str, Any]:
        """What an execution is to know of the event that started it."""
        return {}

    def settled(self, definition: ObjectDefinition) -> Self:
        """The same with its values in the form in which events tell them. Raises FieldValueError."""
        return self

    def unfit(self, definition: ObjectDefinition) -> Iterator[Finding]:
        """Why no record of the object can ever have such an event."""
        return iter(())

    def as_json(self) -> dict[str, Any]:
        """As its author wrote it."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
