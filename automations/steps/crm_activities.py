"""Steps that schedule crm activities, and take them back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from automations.crm_activities import ActivityType
from automations.event_triggers.dates import AroundDate
from automations.model import Model, Name, Template
from automations.steps.base import StepBase
from automations.steps.lengths import MOMENTS, Length
from automations.steps.members import Assignment, Role
from automations.steps.records import Records, describe_records, records_used
from automations.steps.uses import AnyUse, FieldUse, RecordUse, TextUse, VariableUse

ACTIVITY_IDS = frozenset({"uuid"})
"""The types of variables that name crm activities."""


class DueAfter(Model):
    """A length of time after the step, or a moment."""

    after: Length


class DueAround(Model):
    """By a date of the record."""

    around: AroundDate


class RoleAssignment(Model):
    """To a role, and to nobody in particular."""

    how: Literal["role"]
    role: Role

    def used_for(self, path: str = "") -> Iterator[AnyUse]:
        yield from ()

    def describe_who(self) -> str:
        return f"role {self.role}"


class ScheduleActivity(StepBase):
    """Schedules a call, meeting or task, for a member of the team or a role, on this record or on others.

    Several records get one each, and a round robin has a turn for each. With `notify` who is assigned gets a mail, with a role
    everybody who has it. `into` is a variable that takes the id, or a list of them.
    """

    timeout: ClassVar[timedelta] = timedelta(seconds=30)
    type: Literal["schedule_activity"] = "schedule_activity"
    activity_type: ActivityType
    due: Literal["now"] | DueAfter | DueAround = "now"
    assign: Annotated[Assignment | RoleAssignment, Field(discriminator="how")] | None = None
    records: Records = "this_record"
    note: Template = ""
    notify: bool = False
    into: Name | None = None

    @model_validator(mode="after")
    def _notifies_somebody(self) -> Self:
        if self.notify and self.assign is None:
            raise ValueError("There is nobody to notify: notify needs assign.")
        return self

    def summary(self) -> str:
        who = f" for {self.assign.describe_who()}" if self.assign else ""
        where = "" if self.records == "this_record" else f" on {describe_records(self.records)}"
        return f"{self.activity_type}{who}{where}, due {self._described_due()}"

    def _described_due(self) -> str:
        match self.due:
            case "now":
                return "now"
            case DueAfter():
                described = self.due.after.describe()
                return described if described.startswith(("until", "at")) else f"after {described}"
            case DueAround():
                return self.due.around.describe()

    def uses(self) -> Iterator[AnyUse]:
        match self.due:
            case "now":
                pass
            case DueAfter():
                yield from self.due.after.used("due.after")
            case DueAround():
                yield RecordUse("due.around")
                yield FieldUse("due.around.field", self.due.around.field, MOMENTS)
        if self.assign:
            yield from self.assign.used_for("assign")
        yield from records_used(self.records, "records")
        yield TextUse("note", self.note)
        if self.into:
            yield VariableUse("into", self.into, ACTIVITY_IDS, written=True, lists=True)


class DeleteScheduledActivity(StepBase):
    """Cancels crm activities that are still to be done, of the types named or of any. Finding none is no failure.

    `scheduled_by` leaves alone what others have scheduled: people, other automations, other executions of this one.
    """

    timeout: ClassVar[timedelta] = timedelta(seconds=30)
    type: Literal["delete_scheduled_activity"] = "delete_scheduled_activity"
    activity_types: list[ActivityType] = Field(default=[], max_length=50)
    records: Records = "this_record"
    scheduled_by: Literal["this_execution", "this_automation", "anyone"] = "anyone"

    def summary(self) -> str:
        what = ", ".join(self.activity_types) or "all"
        by = "" if self.scheduled_by == "anyone" else f" by {self.scheduled_by.replace('_', ' ')}"
        return f"{what} of {describe_records(self.records)}{by}"

    def uses(self) -> Iterator[AnyUse]:
        return records_used(self.records, "records")


CrmActivityStep = ScheduleActivity | DeleteScheduledActivity
