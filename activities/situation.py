"""What one step sees: its execution, record, variables and trigger at this moment."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from activities.definitions import Plan
from activities.results import Key
from automations.errors import FilterError
from automations.failures import ExpectedFailure
from automations.fields import FieldDefinition, ObjectDefinition
from automations.filter_evaluation import Typed
from automations.templates import render, render_inside

_OWN_ATTRIBUTES = {
    "name": ("text", "record_name"),
    "stage": ("stage", "stage"),
    "owner": ("team_selector", "owner_id"),
    "created_at": ("datetime", "record_created_at"),
    "updated_at": ("datetime", "record_updated_at"),
}


class Situation:
    """Answers sources, filters and templates. A name that means nothing here is an expected failure."""

    def __init__(
        self,
        row: Any,
        plan: Plan,
        definition: ObjectDefinition | None,
        related: Mapping[str, "RelatedRecord | None"],
        body: Any,
        now: datetime,
        key: Key,
    ) -> None:
        self.row = row
        self.plan = plan
        self.definition = definition
        self.now = now
        self.key = key
        self._related = related
        self._body = body

    @property
    def variables(self) -> dict[str, Any]:
        return self.row["variables"]

    @property
    def overrides(self) -> dict[str, Any]:
        return self.row["overrides"]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.row["timezone"])

    def field_definition(self, name: str) -> FieldDefinition:
        """Raises ExpectedFailure `no_record` or `unknown_field`."""
        if self.definition is None:
            raise ExpectedFailure("no_record", f"Field {name} cannot be used: the execution has no record.")
        found = self.definition.field(name)
        if found is None:
            raise ExpectedFailure("unknown_field", f"{self.definition.name} has no field {name} (any more).")
        return found

    def field(self, name: str) -> Any:
        """The canonical value of a field, or of one of the record's own attributes."""
        if name in _OWN_ATTRIBUTES and self.definition is not None:
            value = self.row[_OWN_ATTRIBUTES[name][1]]
            return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
        return self.row["field_values"].get(self.field_definition(name).name)

    def related(self, relationship: str, name: str) -> Any:
        record = self._related_record(relationship)
        return record.value(name) if record else None

    def _related_record(self, relationship: str) -> "RelatedRecord | None":
        if relationship != "owner":
            self.field_definition(relationship)
        return self._related.get(relationship)

    def variable(self, name: str) -> Any:
        if name not in self.plan.variables:
            raise ExpectedFailure("unknown_variable", f"There is no variable {name} (any more).")
        return self.variables.get(name)

    def webhook_value(self, webhook: str, value: str) -> Any:
        trigger = self.row["trigger"]
        return trigger.get("values", {}).get(value) if trigger.get("webhook") == webhook else None

    def webhook_body(self, webhook: str) -> Any:
        return self._body if self.row["trigger"].get("webhook") == webhook else None

    def trigger_time(self) -> str:
        return self.row["trigger"].get("event_at", "")

    def render(self, text: str) -> str:
        return render(text, self.context)

    def render_inside(self, value: Any) -> Any:
        return render_inside(value, self.context)

    @cached_property
    def context(self) -> dict[str, Any]:
        """What templates read."""
        row = self.row
        trigger = row["trigger"]
        return {
            "record": self._record_context(),
            "variables": {name: self.variables.get(name) for name in self.plan.variables},
            "trigger": {**trigger, "time": trigger.get("event_at"), "values": trigger.get("values", {}), "body": self._body},
            "execution": {"id": str(self.key.execution_id)},
            "automation": {"api_name": row["api_name"], "name": self.plan.name},
            "business": {"name": row["business_name"], "timezone": row["timezone"]},
        }

    def _record_context(self) -> dict[str, Any]:
        if self.definition is None:
            return {}
        own = {name: self.field(name) for name in _OWN_ATTRIBUTES}
        values = {field.name: self.row["field_values"].get(field.name) for field in self.definition.fields}
        related = {name: record.context if record else RelatedRecord.none() for name, record in self._related.items()}
        return {"id": str(self.row["record_id"]), **own, **values, **related}

    def for_filters(self) -> "FilterView":
        return FilterView(self)


class _Blank(dict[str, Any]):
    """Has everything, and all of it is blank."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> None:
        return None

    def __str__(self) -> str:
        return ""


class RelatedRecord:
    """The first record behind a relationship, or the employee who owns the record."""

    def __init__(self, name: str, values: Mapping[str, Any], definition: ObjectDefinition | None) -> None:
        self._name = name
        self._values = values
        self._definition = definition

    @staticmethod
    def none() -> dict[str, Any]:
        """A relationship that leads nowhere: all that it would lead to is blank."""
        return _Blank()

    @property
    def context(self) -> dict[str, Any]:
        blank = {field.name: None for field in self._definition.fields} if self._definition else {}
        return {**blank, **self._values, "name": self._name}

    def value(self, name: str) -> Any:
        if name not in self.context:
            raise ExpectedFailure("unknown_field", f"The related record has no field {name} (any more).")
        return self.context[name]

    def typed(self, name: str) -> Typed:
        field = self._definition.field(name) if self._definition else None
        if field is None and name != "name":
            raise FilterError("unknown_field", f"The related record has no field {name} (any more).")
        return Typed(field.type if field else "text", self.value(name))


class FilterView:
    """A situation as filters read it: values with their types."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation

    def field(self, name: str) -> Typed:
        try:
            if name in _OWN_ATTRIBUTES:
                value = self._situation.field(name)
                return Typed(_OWN_ATTRIBUTES[name][0], [value] if name == "owner" and value else value)
            return Typed(self._situation.field_definition(name).type, self._situation.field(name))
        except ExpectedFailure as failure:
            raise FilterError("unknown_field", failure.sentence) from failure

    def variable(self, name: str) -> Typed:
        try:
            value = self._situation.variable(name)
        except ExpectedFailure as failure:
            raise FilterError("unknown_variable", failure.sentence) from failure
        kind, is_list = self._situation.plan.variables[name]
        return Typed(f"{kind}[]" if is_list else kind, value)

    def related(self, path: str) -> Typed:
        relationship, name = path.split(".", 1)
        try:
            record = self._situation._related_record(relationship)  # pyright: ignore[reportPrivateUsage]
        except ExpectedFailure as failure:
            raise FilterError("unknown_field", failure.sentence) from failure
        return record.typed(name) if record else Typed("text", None)
