"""Steps that reach the team."""

from email.message import EmailMessage
from typing import Any
from uuid import UUID

import aiosmtplib

from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.settings import Settings
from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.steps.team import EmployeeByEmail, EmployeesByRole, EmployeesInField, NotifyMemberViaEmail
from store.team import find_employee_by_email, list_employees_by_ids, list_employees_by_role


@runs("notify_member_via_email")
async def notify_member_via_email(step: NotifyMemberViaEmail, situation: Situation, services: Services) -> Result:
    subject, body = situation.render(step.subject), situation.render(step.body)
    members = await _members(step, situation, services)
    if not members:
        raise ExpectedFailure("no_recipient", f"There is nobody to write to: {step.summary()}.")
    message = _message(members, subject, body, str(situation.key), services.settings)
    refused = await _send(message, services.settings)
    told = [member["email"] for member in members if member["email"] not in refused]
    return Result(output={"to": told, "subject": message["Subject"], **({"refused": refused} if refused else {})})


async def _members(step: NotifyMemberViaEmail, situation: Situation, services: Services) -> list[Any]:
    async with services.database.connection() as connection:
        match step.to:
            case "owner":
                owner = situation.field("owner")
                return await list_employees_by_ids(connection, [UUID(owner)]) if owner else []
            case EmployeeByEmail():
                found = await find_employee_by_email(connection, step.to.employee)
                return [found] if found else []
            case EmployeesByRole():
                return await list_employees_by_role(connection, step.to.role)
            case EmployeesInField():
                ids = situation.field(step.to.field) or []
                return await list_employees_by_ids(connection, [UUID(employee) for employee in ids])


def _message(members: list[Any], subject: str, body: str, key: str, settings: Settings) -> EmailMessage:
    """The Message-ID is made from the step run: a mailbox that gets a repeat can tell."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = ", ".join(member["email"] for member in members)
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = f"<{key.replace(':', '.')}@everstep>"
    message.set_content(body)
    return message


async def _send(message: EmailMessage, settings: Settings) -> list[str]:
    """Who was refused while others were not: a second try would tell those twice.

    A server that refuses the mail for good is an expected failure; one that is away, or busy, an unexpected one.
    """
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    try:
        refused, _ = await aiosmtplib.send(
            message, hostname=settings.smtp_host, port=settings.smtp_port, username=settings.smtp_username, password=password,
            use_tls=settings.smtp_tls == "tls", start_tls=settings.smtp_tls == "starttls", timeout=30,
        )  # fmt: skip
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [refused.code for refused in error.recipients]
        if all(code >= 500 for code in codes):
            raise ExpectedFailure(
                "mail_refused", f"The mail server refuses the recipients: {error.recipients[0].message}."
            ) from error
        raise
    except aiosmtplib.SMTPResponseException as error:
        if error.code >= 500:
            raise ExpectedFailure("mail_refused", f"The mail server refuses the mail: {error.code} {error.message}.") from error
        raise
    return list(refused)
