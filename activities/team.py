"""Steps that reach the team."""

from activities.mailing import Mail, build
from activities.members import members_of
from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.steps.team import NotifyMemberViaEmail


@runs("notify_member_via_email")
async def notify_member_via_email(step: NotifyMemberViaEmail, situation: Situation, services: Services) -> Result:
    subject, body = situation.render(step.subject), situation.render(step.body)
    async with services.database.connection() as connection:
        members = await members_of(connection, step.to, situation)
    if not members:
        raise ExpectedFailure("no_recipient", f"There is nobody to write to: {step.summary()}.")
    addresses = [member["email"] for member in members]
    settings = services.settings
    message = build(Mail(settings.mail_from, addresses, subject, str(situation.key), situation.now, body=body), settings)
    refused = await services.send_mail(message, services.settings)
    told = [address for address in addresses if address not in refused]
    return Result(output={"to": told, "subject": message["Subject"], **({"refused": refused} if refused else {})})
