"""Triggers that an event of a record fires: those that goals wait for as well, and those that only start."""

from typing import Any, Literal, Self

from pydantic import model_validator

from automations.event_triggers import (
    ActivityLogged,
    ActivityOverdue,
    EmailEvent,
    Event,
    EventTrigger,
    FieldUpdated,
    FormSubmitted,
    Listen,
    OnOrAroundDate,
    StageUpdated,
    SurveySubmitted,
    TagAdded,
    TagRemoved,
    TextReceived,
    WebsiteVisited,
)
from automations.triggers.base import RecordTrigger


class RecordCreatedTrigger(EventTrigger, RecordTrigger):
    """A record came to be, or came back from the archive. It sees the values that the record has at first."""

    type: Literal["record_created"] = "record_created"
    action: Literal["create", "create_or_unarchive", "unarchive"] = "create"

    def summary(self) -> str:
        return {"create": "record is created", "unarchive": "record is unarchived"}.get(
            self.action, "record is created or unarchived"
        )

    def listens(self) -> frozenset[Listen]:
        created, unarchived = Listen("record_created"), Listen("record_unarchived")
        return frozenset({"create": {created}, "unarchive": {unarchived}}.get(self.action, {created, unarchived}))

    def mismatch(self, event: Event) -> str | None:
        return None


class _OnCreate(EventTrigger):
    """With `fire_on_create` a new record counts as one that was blank before."""

    fire_on_create: bool = False

    def listens(self) -> frozenset[Listen]:
        return super().listens() | frozenset({Listen("record_created")} if self.fire_on_create else ())


class FieldUpdatedTrigger(_OnCreate, FieldUpdated, RecordTrigger):
    """A field of the record changed, from and to what is said; with `fire_on_create` also a new record whose field fits."""

    type: Literal["field_updated"] = "field_updated"


class StageUpdatedTrigger(_OnCreate, StageUpdated, RecordTrigger):
    """The record came into another stage; with `fire_on_create` also a new record that begins in it."""

    type: Literal["stage_updated"] = "stage_updated"

    def mismatch(self, event: Event) -> str | None:
        if event.kind == "record_created":
            return self._mismatch(None, event.part("new").get("stage"))
        return super().mismatch(event)

    def told(self, event: Event) -> dict[str, Any]:
        return {"old": None, "new": event.part("new").get("stage")} if event.kind == "record_created" else super().told(event)


class TagAddedTrigger(TagAdded, RecordTrigger):
    pass


class TagRemovedTrigger(TagRemoved, RecordTrigger):
    pass


class ActivityLoggedTrigger(ActivityLogged, RecordTrigger):
    pass


class FormSubmittedTrigger(FormSubmitted, RecordTrigger):
    pass


class SurveySubmittedTrigger(SurveySubmitted, RecordTrigger):
    pass


class EmailEventTrigger(EmailEvent, RecordTrigger):
    pass


class TextReceivedTrigger(TextReceived, RecordTrigger):
    pass


class WebsiteVisitedTrigger(WebsiteVisited, RecordTrigger):
    pass


class OnOrAroundDateTrigger(OnOrAroundDate, RecordTrigger):
    """A date field's day came, or the day so many days before or after it: the next one of each record, future ones only."""

    @model_validator(mode="after")
    def _is_no_goal(self) -> Self:
        if self.past is not None:
            raise ValueError("past is for goals: a trigger fires for what is yet to come.")
        return self

    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("date_reached")})


class ActivityOverdueTrigger(ActivityOverdue, RecordTrigger):
    def listens(self) -> frozenset[Listen]:
        return frozenset({Listen("activity_overdue")})


AnyRecordTrigger = (
    RecordCreatedTrigger
    | FieldUpdatedTrigger
    | StageUpdatedTrigger
    | TagAddedTrigger
    | TagRemovedTrigger
    | ActivityLoggedTrigger
    | FormSubmittedTrigger
    | SurveySubmittedTrigger
    | EmailEventTrigger
    | TextReceivedTrigger
    | WebsiteVisitedTrigger
    | OnOrAroundDateTrigger
    | ActivityOverdueTrigger
)
