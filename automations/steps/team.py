"""Steps that reach the team."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from automations.model import Template
from automations.steps.base import StepBase
from automations.steps.members import Members, describe_members, members_used
from automations.steps.uses import AnyUse, TextUse


class NotifyMemberViaEmail(StepBase):
    """Mails members of the team. The same Message-ID goes out on every attempt, so that a mailbox can tell a repeat."""

    type: Literal["notify_member_via_email"] = "notify_member_via_email"
    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(seconds=60)
    to: Members
    subject: Template = Field(min_length=1)
    body: Template = ""

    def summary(self) -> str:
        return f"to {describe_members(self.to)}: {self.subject}"

    def uses(self) -> Iterator[AnyUse]:
        yield from members_used(self.to, "to")
        yield TextUse("subject", self.subject)
        yield TextUse("body", self.body)


TeamStep = NotifyMemberViaEmail
