"""Steps that make, change, archive and find records beside the one that the automation works on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from automations.filters import Filter, describe_filter, leaves_of
from automations.model import ApiName, Model, Name, Template
from automations.steps.base import StepBase
from automations.steps.changes import FieldChange, NewValue
from automations.steps.integration import texts_inside
from automations.steps.members import Assignment
from automations.steps.records import RECORD_LISTS, RECORDS, Records, RelatedRecords, describe_records, records_used, whose_of
from automations.steps.uses import (
    AnyUse,
    AutomationUse,
    FieldUse,
    FilterUse,
    HopUse,
    ObjectUse,
    OfObject,
    RecordUse,
    StageUse,
    TextUse,
    VariableUse,
)

MAX_FOUND = 1_000
"""Records that a search may answer."""

ListChange = Literal["overwrite", "only_if_blank", "overwrite_unless_blank", "add", "remove"]


def _variable_used(name: str, how: ListChange) -> VariableUse:
    """That takes records; what they are added to or removed from is a list."""
    is_list = how in ("add", "remove")
    return VariableUse("into", name, RECORD_LISTS if is_list else RECORDS, written=True, lists=not is_list)


class Link(Model):
    """The relationship field of the automation's record that leads to the new one; `add` is for fields that hold several."""

    field: Name
    how: Literal["overwrite", "only_if_blank", "add"] = "overwrite"


class CreateRecord(StepBase):
    """Creates a record of an object, links it to this one, keeps it in a variable and starts automations on it.

    `existing` says what happens if there is a record of that name: the new one is told apart by a suffix, as in "Ada (2)", the
    step fails, or that record is taken as it is. `archived` says the same of one that is archived, if there is no other: the new
    one is told apart, the step fails, or the archived one comes back, as it was or with these values, owner and stage.
    """

    type: Literal["create_record"] = "create_record"
    object: Name
    name: Template = Field(min_length=1)
    values: list[NewValue] = Field([], max_length=100)
    owner: Assignment | None = None
    stage: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    existing: Literal["append_suffix", "refuse", "use"] = "append_suffix"
    archived: Literal["append_suffix", "refuse", "unarchive", "overwrite"] = "append_suffix"
    link: Link | None = None
    into: Name | None = None
    into_how: Literal["overwrite", "only_if_blank", "add"] = "overwrite"
    start: list[ApiName] = Field([], max_length=20)

    def summary(self) -> str:
        return f"{self.object}: {self.name}"

    def uses(self) -> Iterator[AnyUse]:
        whose = OfObject(self.object)
        yield ObjectUse("object", self.object)
        yield TextUse("name", self.name)
        for index, value in enumerate(self.values):
            yield from value.used(f"values[{index}]", whose)
        if self.owner is not None:
            yield from self.owner.used_for("owner")
        if self.stage is not None:
            yield StageUse("stage", self.stage, whose)
            yield TextUse("stage", self.stage)
        yield from self._kept()
        for index, api_name in enumerate(self.start):
            yield AutomationUse(f"start[{index}]", api_name, starts=True)

    def _kept(self) -> Iterator[AnyUse]:
        if self.link is not None:
            yield RecordUse("link")
            yield HopUse("link.field", [self.link.field], object=self.object)
            yield FieldUse("link.field", self.link.field, written=True, attributes=False)
        if self.into is not None:
            yield _variable_used(self.into, self.into_how)


class ModifyRelatedRecords(StepBase):
    """Changes fields of related records, all of them alike. Fails only if none of them could be changed.

    Sources and texts read this execution's record and variables; `how` is asked of each related record. Archived ones are
    passed over.
    """

    type: Literal["modify_related_records"] = "modify_related_records"
    local: ClassVar[bool] = False
    stays_inside: ClassVar[bool] = True
    timeout: ClassVar[timedelta] = timedelta(minutes=30)
    records: RelatedRecords
    changes: list[FieldChange] = Field(min_length=1, max_length=100)

    def summary(self) -> str:
        return f"{describe_records(self.records)}: {', '.join(change.describe() for change in self.changes)}"

    def uses(self) -> Iterator[AnyUse]:
        yield from records_used(self.records, "records")
        for index, change in enumerate(self.changes):
            yield from change.used(f"changes[{index}]", whose_of(self.records))


class ArchiveRecord(StepBase):
    """Archives records and cancels what runs on them. If this execution's own is among them, this is its last step."""

    type: Literal["archive_record"] = "archive_record"
    timeout: ClassVar[timedelta] = timedelta(seconds=30)
    records: Records = "this_record"

    def summary(self) -> str:
        return describe_records(self.records)

    def uses(self) -> Iterator[AnyUse]:
        return records_used(self.records, "records")


class SortKey(Model):
    """A field of the records, or one of name, stage, created_at and updated_at. Blanks come last."""

    by: Name
    direction: Literal["asc", "desc"] = "asc"


class SearchRecords(StepBase):
    """Finds the records of an object that fit a filter, and keeps them in a variable. Finding none is no failure.

    The texts in the filter's values may hold `{{ … }}`. A variable that is no list takes the first of them.
    """

    type: Literal["search_records"] = "search_records"
    local: ClassVar[bool] = False
    stays_inside: ClassVar[bool] = True
    timeout: ClassVar[timedelta] = timedelta(minutes=1)
    object: Name
    filter: Filter | None = None
    sort: list[SortKey] = Field([], max_length=3)
    limit: int = Field(100, ge=1, le=MAX_FOUND)
    archived: bool = False
    into: Name
    how: ListChange = "overwrite"

    def summary(self) -> str:
        asked = f" where {describe_filter(self.filter)}" if self.filter is not None else ""
        return f"{self.into} = {self.object}{asked}"

    def uses(self) -> Iterator[AnyUse]:
        whose = OfObject(self.object)
        yield ObjectUse("object", self.object)
        if self.filter is not None:
            yield FilterUse("filter", self.filter, whose, renders=True)
            for path, leaf in leaves_of(self.filter, "filter"):
                yield from (TextUse(place, text) for place, text in texts_inside(leaf.value, f"{path}.value"))
        for index, key in enumerate(self.sort):
            yield FieldUse(f"sort[{index}].by", key.by, whose=whose)
        yield _variable_used(self.into, self.how)


RelatedStep = CreateRecord | ModifyRelatedRecords | ArchiveRecord | SearchRecords
