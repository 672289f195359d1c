"""Steps that send text messages."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from automations.model import ApiName, Model, Name, Template
from automations.steps.base import Need, StepBase
from automations.steps.goals import AwaitingStep
from automations.steps.members import Members, describe_members, members_used
from automations.steps.records import RelatedRecords, contacts_used, describe_records, whose_of
from automations.steps.uses import AnyUse, FieldUse, TextUse, VariableUse

if TYPE_CHECKING:
    from automations.steps import AnyStep

PHONES = frozenset({"phone"})
"""The types of fields that hold numbers."""


class TextStepBase(StepBase):
    """What it says is a `body`, or that of a `template` for texts, under its api_name; both may hold `{{ … }}`."""

    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(seconds=60)
    body: Annotated[Template, Field(min_length=1)] | None = None
    template: ApiName | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.body is None) == (self.template is None):
            raise ValueError("A text takes either body or template.")
        return self

    def says(self) -> str:
        return self.body if self.body is not None else f"template {self.template}"

    def uses(self) -> Iterator[AnyUse]:
        yield from super().uses()
        if self.body is not None:
            yield TextUse("body", self.body)


class SendText(TextStepBase):
    """Sends a text to the record's person. It counts as sent once the provider has taken it.

    `to` is the phone field with the number; without it the first one of the object that holds one. Whoever has stopped texts
    gets none.
    """

    type: Literal["send_text"] = "send_text"
    needs: ClassVar[Need] = "contact"
    to: Name | None = None

    def summary(self) -> str:
        return f"to {self.to or 'the first number'}: {self.says()}"

    def uses(self) -> Iterator[AnyUse]:
        yield from super().uses()
        if self.to is not None:
            yield FieldUse("to", self.to, PHONES, attributes=False)


class SendRelatedContactText(TextStepBase):
    """Sends a text to each of the contacts behind a relationship, at most 100. It fails if nobody of them could be written to.

    `contact` says who, `to` which phone field of theirs has the number. Its `{{ record.… }}` is the automation's record.
    """

    type: Literal["send_related_contact_text"] = "send_related_contact_text"
    timeout: ClassVar[timedelta] = timedelta(minutes=10)
    contact: RelatedRecords
    to: Name | None = None

    def summary(self) -> str:
        return f"to {describe_records(self.contact)}: {self.says()}"

    def uses(self) -> Iterator[AnyUse]:
        yield from super().uses()
        yield from contacts_used(self.contact, "contact")
        if self.to is not None:
            yield FieldUse("to", self.to, PHONES, whose_of(self.contact), attributes=False)


class NotifyMemberViaText(TextStepBase):
    """Sends a text to members of the team, to the numbers of the employees. It fails if nobody of them has one."""

    type: Literal["notify_member_via_text"] = "notify_member_via_text"
    timeout: ClassVar[timedelta] = timedelta(minutes=10)
    to: Members

    def summary(self) -> str:
        return f"to {describe_members(self.to)}: {self.says()}"

    def uses(self) -> Iterator[AnyUse]:
        yield from super().uses()
        yield from members_used(self.to, "to")


class AnswerPlaces(Model):
    """Where an answer goes: into a field of the record, a variable, or both."""

    field: Name | None = None
    variable: Name | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.field is None and self.variable is None:
            raise ValueError("An answer goes into a field, a variable, or both.")
        return self


class RequestInfoViaText(AwaitingStep, TextStepBase):  # pyright: ignore[reportIncompatibleVariableOverride]
    """Asks the record's person by text, and waits for the next text from that number: down `if_answered`, else `if_not_answered`.

    An answer that does not fit where it goes is an expected failure: resumed, the step asks again. Without a `timeout` it waits
    for ever. Where a path is to be named, `if_answered` is met, `if_not_answered` is not_met.
    """

    type: Literal["request_info_via_text"] = "request_info_via_text"
    needs: ClassVar[Need] = "contact"
    to: Name | None = None
    into: AnswerPlaces | None = None
    if_answered: list[Annotated["AnyStep", Field(discriminator="type")]] = []
    if_not_answered: list[Annotated["AnyStep", Field(discriminator="type")]] = []

    def summary(self) -> str:
        return f"ask {self.to or 'the first number'}: {self.says()}{self.patience()}"

    def awaits(self, said: str) -> str:
        return f"the answer to what {said} asked by text"

    def uses(self) -> Iterator[AnyUse]:
        yield from super().uses()
        if self.to is not None:
            yield FieldUse("to", self.to, PHONES, attributes=False)
        if self.into and self.into.field is not None:
            yield FieldUse("into.field", self.into.field, written=True, attributes=False)
        if self.into and self.into.variable is not None:
            yield VariableUse("into.variable", self.into.variable, written=True)

    def paths(self) -> dict[str, Sequence[StepBase]]:
        return {"met": self.if_answered, "not_met": self.if_not_answered}

    def path_at(self, path: str) -> str:
        return {"met": "if_answered", "not_met": "if_not_answered"}[path]


TextStep = SendText | SendRelatedContactText | NotifyMemberViaText | RequestInfoViaText
