"""Steps that reach the team."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from automations.model import Name
from automations.steps.base import Need, StepBase
from automations.steps.mails import MailTexts
from automations.steps.members import TEAM_SELECTORS, Assignment, Members, describe_members, members_used
from automations.steps.uses import AnyUse, Change, FieldUse, ValueUse

OWNER = "owner"
IfAssigned = Literal["replace", "keep", "add"]

_AS_CHANGE: dict[IfAssigned, Change] = {"replace": "overwrite", "keep": "only_if_blank", "add": "add"}


class AssignTeamMember(Assignment, StepBase):
    """Makes a member of the team the owner of the record, or puts them into a team selector field of it.

    `if_assigned` says what becomes of who is there: with `keep` they stay, and no turn of a round robin is used; `add` is for
    fields that take several.
    """

    type: Literal["assign_team_member"] = "assign_team_member"
    needs: ClassVar[Need] = "record"
    into: Name = OWNER
    if_assigned: IfAssigned = "replace"

    @model_validator(mode="after")
    def _adds_to_a_field(self) -> Self:
        if self.into == OWNER and self.if_assigned == "add":
            raise ValueError("A record has one owner; add is for a field that takes several, which into names.")
        return self

    def summary(self) -> str:
        return f"{self.into} = {self.describe_who()}"

    def uses(self) -> Iterator[AnyUse]:
        yield from self.used_for()
        yield FieldUse("into", self.into, TEAM_SELECTORS, written=True)
        yield ValueUse("into", self.into, None, _AS_CHANGE[self.if_assigned], "if_assigned")


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


TeamStep = AssignTeamMember | NotifyMemberViaEmail
