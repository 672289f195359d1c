"""Steps that write mails to the people of records, and what all mails have."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from automations.model import ApiName, Model, Name, Template
from automations.steps.base import Need, StepBase
from automations.steps.members import Members, members_used
from automations.steps.records import RelatedRecords, contacts_used, describe_records, whose_of
from automations.steps.uses import AnyUse, FieldUse, RecordUse, TextUse

EMAILS = frozenset({"email"})
FILES = frozenset({"files"})

Which = Literal["first", "all"]


class MailTexts(Model):
    """What a mail says: a `template` that is kept in the product, or a subject with a `body`, `html` or both."""

    template: ApiName | None = None
    subject: Annotated[Template, Field(min_length=1)] | None = None
    body: Template = ""
    html: Template | None = None
    cc: Annotated[list[Members], Field(max_length=10)] = []

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.template is None and self.subject is None:
            raise ValueError("A mail has a subject, or a template that has one.")
        if self.template is not None and (self.subject or self.body or self.html):
            raise ValueError("A mail of a template has no subject, body or html of its own.")
        return self

    def called(self) -> str:
        """In a line."""
        return self.subject or f"template {self.template}"

    def texts_used(self) -> Iterator[AnyUse]:
        for name in ("subject", "body", "html"):
            if text := getattr(self, name):
                yield TextUse(name, text)
        for index, members in enumerate(self.cc):
            yield from members_used(members, f"cc[{index}]")


class AttachedFiles(Model):
    """The files that a files field of the record names."""

    field: Name


class PeoplesMail(MailTexts):
    """A mail to people outside. It comes from the business, under another name with `from_name`, or with `from_owner` from the
    owner of the record; answers go to the address in `reply_to`, or to the owner.
    """

    from_owner: bool = False
    from_name: Template | None = None
    reply_to: Literal["owner"] | Template | None = None
    attachments: Annotated[list[AttachedFiles], Field(max_length=10)] = []
    unsubscribe: bool = True

    @model_validator(mode="after")
    def _comes_from_one(self) -> Self:
        if self.from_owner and self.from_name:
            raise ValueError("A mail from the owner has the name of the owner.")
        return self

    def mail_used(self) -> Iterator[AnyUse]:
        yield from self.texts_used()
        if self.from_owner:
            yield RecordUse("from_owner")
        if self.reply_to == "owner":
            yield RecordUse("reply_to")
        if self.from_name:
            yield TextUse("from_name", self.from_name)
        if self.reply_to and self.reply_to != "owner":
            yield TextUse("reply_to", self.reply_to)
        for index, attached in enumerate(self.attachments):
            yield RecordUse(f"attachments[{index}]")
            yield FieldUse(f"attachments[{index}].field", attached.field, FILES, attributes=False)


class SendEmail(PeoplesMail, StepBase):
    """Mails the person that the record is. Whoever unsubscribed or bounced gets none, which is an expected failure.

    `to` is an email field, the first one if it is left out. A mail links to a page to `unsubscribe` on, if the deployment
    has a public address. `from_owner` sends in the name and from the address of the record's owner.
    """

    type: Literal["send_email"] = "send_email"
    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(seconds=90)
    needs: ClassVar[Need] = "contact"
    to: Name | None = None

    def summary(self) -> str:
        return f"to {self.to or 'the contact'}: {self.called()}"

    def uses(self) -> Iterator[AnyUse]:
        if self.to:
            yield FieldUse("to", self.to, EMAILS, attributes=False)
        yield from self.mail_used()


class SendRelatedContactEmail(PeoplesMail, StepBase):
    """Mails each of the contacts behind a relationship, at most 100, a mail of their own; or only the first one.

    `contact` says who, `to` which email field of theirs has the address, the first one if it is left out. Where some of them
    cannot be written to and others can, the step does not fail: its output says who was left out, and why. Its
    `{{ record.… }}` is the automation's record.
    """

    type: Literal["send_related_contact_email"] = "send_related_contact_email"
    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(minutes=10)
    contact: RelatedRecords
    which: Which = "all"
    to: Name | None = None

    def summary(self) -> str:
        return f"to {'the first of ' if self.which == 'first' else ''}{describe_records(self.contact)}: {self.called()}"

    def uses(self) -> Iterator[AnyUse]:
        yield from contacts_used(self.contact, "contact")
        if self.to:
            yield FieldUse("to", self.to, EMAILS, whose_of(self.contact), attributes=False)
        yield from self.mail_used()


MailStep = SendEmail | SendRelatedContactEmail
