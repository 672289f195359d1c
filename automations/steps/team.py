"""Steps that reach the team."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import EmailStr, Field

from automations.model import Model, Name, Template
from automations.steps.base import StepBase


class EmployeeByEmail(Model):
    employee: EmailStr


class EmployeesByRole(Model):
    """Every active employee with the role."""

    role: str = Field(min_length=1, max_length=63)


class EmployeesInField(Model):
    """Those whom a team selector field of the record names."""

    field: Name


class NotifyMemberViaEmail(StepBase):
    """Mails members of the team. The same Message-ID goes out on every attempt, so that a mailbox can tell a repeat."""

    type: Literal["notify_member_via_email"] = "notify_member_via_email"
    local: ClassVar[bool] = False
    timeout: ClassVar[timedelta] = timedelta(seconds=60)
    to: Literal["owner"] | EmployeeByEmail | EmployeesByRole | EmployeesInField
    subject: Template = Field(min_length=1)
    body: Template = ""

    def summary(self) -> str:
        return f"to {self._recipient()}: {self.subject}"

    def _recipient(self) -> str:
        match self.to:
            case "owner":
                return "the owner"
            case EmployeeByEmail():
                return self.to.employee
            case EmployeesByRole():
                return f"all of {self.to.role}"
            case EmployeesInField():
                return f"field {self.to.field}"

    def templates(self) -> Iterator[tuple[str, str]]:
        yield "subject", self.subject
        yield "body", self.body


TeamStep = NotifyMemberViaEmail
