"""Steps that reach the team."""

from activities.letters import Letter, copied_to, delivered, told
from activities.members import members_of
from activities.message_texts import mail_texts
from activities.registry import runs
from activities.results import Result
from activities.services import Services
from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.steps.team import NotifyMemberViaEmail


@runs("notify_member_via_email")
async def notify_member_via_email(step: NotifyMemberViaEmail, situation: Situation, services: Services) -> Result:
    async with services.database.connection() as connection:
        members = await members_of(connection, step.to, situation)
        if not members:
            raise ExpectedFailure("no_recipient", f"There is nobody to write to: {step.summary()}.")
        texts = await mail_texts(connection, step, situation, services)
        letter = Letter(services.settings.mail_from, texts, await copied_to(connection, step, situation))
    recipients = [member["email"] for member in members]
    return Result(output=told(await delivered(letter, recipients, situation, services, situation.row["record_id"])))
