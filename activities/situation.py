"""What one step sees: its execution, record, variables and trigger at this moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, get_args
from zoneinfo import ZoneInfo

from activities.definitions import Plan
from activities.related import RelatedRecord, own_attributes, typed_value
from activities.results import Key
from activities.secrets import NO_SECRETS, StepSecrets
from automations.calendars import BusinessCalendar
from automations.errors import FilterError
from automations.failures import ExpectedFailure
from automations.fields import ATTRIBUTES, FieldDefinition, ObjectDefinition
from automations.filter_evaluation import Typed
from automations.sources import CallPart
from automations.templates import Escape, render, render_inside, render_url
from automations.trigger_facts import fact_of, facts_of


class Situation:
    """Answers sources, filters and templates. A name that means nothing here is an expected failure."""

    def __init__(
        self,
        row: Any,
        plan: Plan,
        definition: ObjectDefinition | None,
        related: Mapping[str, RelatedRecord],
        brought: Mapping[str, Any],
        now: datetime,
        key: Key,
        activities: Sequence[Any] = (),
        secrets: StepSecrets = NO_SECRETS,
        in_variables: Mapping[str, RelatedRecord] = MappingProxyType({}),
        attempt: int = 1,
    ) -> None:
        self.row = row
        self.plan = plan
        self.definition = definition
        self.now = now
        self.key = key
        self.activities = activities
        self.secrets = secrets
        self.attempt = attempt
        self._related = related
        self._brought = brought
        self._in_variables = in_variables

    def seeing(self, related: Mapping[str, RelatedRecord], brought: Mapping[str, Any]) -> "Situation":
        """The same, with more of what stands around it."""
        return Situation(
            self.row, self.plan, self.definition, {**self._related, **related}, {**self._brought, **brought}, self.now, self.key,
            self.activities, self.secrets, self._in_variables, self.attempt,
        )  # fmt: skip

    @property
    def variables(self) -> dict[str, Any]:
        return self.row["variables"]

    @property
    def overrides(self) -> dict[str, Any]:
        return self.row["overrides"]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.row["timezone"])

    @cached_property
    def calendar(self) -> BusinessCalendar:
        """That of the business."""
        return BusinessCalendar.model_validate(self.row["calendar"])

    def skipping_calendar(self, own: bool | None) -> BusinessCalendar | None:
        """The calendar where days that are not worked are skipped: a part's own word counts for more than the automation's."""
        skips = self.plan.calendar.skip_non_working_days if own is None else own
        return self.calendar if skips else None

    @cached_property
    def own(self) -> dict[str, Any]:
        """What the record has beside its fields."""
        row = self.row
        return own_attributes(
            name=row["record_name"], stage=row["stage"], owner_id=row["owner_id"], created_at=row["record_created_at"],
            updated_at=row["record_updated_at"],
        )  # fmt: skip

    def field_definition(self, name: str) -> FieldDefinition:
        """Raises ExpectedFailure `no_record` or `unknown_field`."""
        found = self.definition.field(name) if self.definition else None
        if found is None:
            raise self._unknown(name)
        return found

    def _unknown(self, name: str) -> ExpectedFailure:
        if self.definition is None:
            return ExpectedFailure("no_record", f"Field {name} cannot be used: the execution has no record.")
        return ExpectedFailure("unknown_field", f"{self.definition.name} has no field {name} (any more).")

    def field(self, name: str) -> Any:
        """The canonical value of a field, or of one of the record's own attributes."""
        if name in ATTRIBUTES and self.definition is not None:
            return self.own[name]
        field = self.field_definition(name)
        return self.row["field_values"].get(field.name)

    def typed(self, name: str) -> Typed:
        """The same with its type, as filters read it."""
        found = typed_value(self.own, self.row["field_values"], self.definition, name) if self.definition else None
        if found is None:
            raise self._unknown(name)
        return found

    def related(self, relationship: str, name: str) -> Any:
        record = self.related_record(relationship)
        return record.value(name) if record else None

    def related_record(self, relationship: str) -> RelatedRecord | None:
        """None where there is no record that could lead to one."""
        if relationship != "owner":
            self.field_definition(relationship)
        return self._related.get(relationship)

    def variable(self, name: str) -> Any:
        if name not in self.plan.variables:
            raise ExpectedFailure("unknown_variable", f"There is no variable {name} (any more).")
        return self.variables.get(name)

    def field_of_variable(self, name: str, field: str) -> Any:
        """Of the record that the variable names; blank where it names none."""
        record = self.record_of_variable(name)
        return record.value(field) if record else None

    def record_of_variable(self, name: str) -> RelatedRecord | None:
        self.variable(name)
        return self._in_variables.get(name)

    def webhook_value(self, webhook: str, value: str) -> Any:
        trigger = self.row["trigger"]
        return trigger.get("values", {}).get(value) if trigger.get("webhook") == webhook else None

    def webhook_part(self, webhook: str, part: CallPart) -> Any:
        return self._brought.get(part) if self.row["trigger"].get("webhook") == webhook else None

    def trigger_fact(self, fact: str) -> Any:
        return fact_of(self.row["trigger"], fact)

    def render(self, text: str, escape: Escape | None = None) -> str:
        return render(text, self.context, escape)

    def render_url(self, text: str) -> str:
        return render_url(text, self.context)

    def render_inside(self, value: Any) -> Any:
        return render_inside(value, self.context)

    @cached_property
    def context(self) -> dict[str, Any]:
        """What templates read."""
        row = self.row
        return {
            "record": self._record_context(),
            "variables": {name: self.variables.get(name) for name in self.plan.variables},
            "trigger": {
                **facts_of(row["trigger"]),
                **{part: self._brought.get(part) for part in get_args(CallPart)},
            },
            "execution": {"id": str(self.key.execution_id)},
            "automation": {"api_name": row["api_name"], "name": self.plan.name},
            "business": {"name": row["business_name"], "timezone": row["timezone"]},
            "secrets": self.secrets,
        }

    def _record_context(self) -> dict[str, Any]:
        if self.definition is None:
            return {}
        values = {field.name: self.row["field_values"].get(field.name) for field in self.definition.fields}
        related = {name: record.context for name, record in self._related.items()}
        return {"id": str(self.row["record_id"]), **self.own, **values, **related}

    def for_filters(self) -> "FilterView":
        return FilterView(self)


class FilterView:
    """A situation as filters read it: values with their types."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation

    def field(self, name: str) -> Typed:
        try:
            return self._situation.typed(name)
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
            record = self._situation.related_record(relationship)
        except ExpectedFailure as failure:
            raise FilterError("unknown_field", failure.sentence) from failure
        return record.typed(name) if record else Typed("text", None)
