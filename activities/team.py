"""Steps that reach the team."""

from typing import Any
from uuid import UUID

from activities.mailing import message_of
from activities.registry import runs
from activities.results import Result
from activities.services import Services
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
    addresses = [member["email"] for member in members]
    message = message_of(addresses, subject, body, str(situation.key), services.settings)
    refused = await services.send_mail(message, services.settings)
    told = [address for address in addresses if address not in refused]
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
