"""Steps that reach the team."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from automations.steps.base import StepBase
from automations.steps.mails import MailTexts
from automations.steps.members import Members, describe_members, members_used
from automations.steps.uses import AnyUse


class NotifyMemberViaEmail(MailTexts, StepBase):
    """Mails members of the team, from the business. The same Message-ID goes out on every attempt, so that a mailbox can tell."""

    type: Literal["notify_member_via_email"] = "notify_member_via_email"
    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(seconds=60)
    to: Members

    def summary(self) -> str:
        return f"to {describe_members(self.to)}: {self.called()}"

    def uses(self) -> Iterator[AnyUse]:
        yield from members_used(self.to, "to")
        yield from self.texts_used()


TeamStep = NotifyMemberViaEmail
