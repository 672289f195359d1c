"""Steps that reach the team."""

from typing import Any

from activities.assigning import assigned
from activities.creating import origin_of
from activities.letters import Letter, copied_to, delivered, told
from activities.members import members_of
from activities.message_texts import mail_texts
from activities.registry import runs, writes
from activities.results import ChangedMeanwhileError, Result
from activities.services import Services
from activities.situation import Situation
from automations.failures import ExpectedFailure
from automations.fields import TeamSelectorField
from automations.steps.team import OWNER, AssignTeamMember, NotifyMemberViaEmail
from store.database import Connection
from store.errors import RecordChangedError
from store.records import Attributes, change_record


@writes("assign_team_member")
async def assign_team_member(step: AssignTeamMember, situation: Situation, services: Services, connection: Connection) -> Result:
    there = _there(step, situation)
    used = [{"ref": f"field {step.into}", "found": there or None}]
    if there and step.if_assigned == "keep":
        return Result(output={"into": step.into, "kept": there}, used=used)
    member = await assigned(connection, step, situation, step.id)
    await _assign(step, situation, connection, there, str(member["id"]))
    return Result(output={"into": step.into, "assigned": told_member(member)}, used=used)


def told_member(member: Any) -> dict[str, str]:
    """An employee as outputs tell of them."""
    return {"id": str(member["id"]), "name": member["name"], "email": member["email"]}


def _there(step: AssignTeamMember, situation: Situation) -> list[str]:
    """The ids of who is there already."""
    if step.into == OWNER:
        owner = situation.field(OWNER)
        return [owner] if owner else []
    field = situation.field_definition(step.into)
    if not isinstance(field, TeamSelectorField):
        sentence = f"The field {field.name} is of type {field.type}: nobody of the team can be assigned there."
        raise ExpectedFailure("not_a_team_selector", sentence)
    if step.if_assigned == "add" and not field.many:
        raise ExpectedFailure("not_a_list", f"The field {field.name} holds one member of the team; add is for lists.")
    return situation.field(step.into) or []


async def _assign(step: AssignTeamMember, situation: Situation, connection: Connection, there: list[str], member: str) -> None:
    """Raises ChangedMeanwhileError if the record is not as the step saw it."""
    row = situation.row
    origin = origin_of(situation)
    kept = there if step.if_assigned == "add" else []
    attributes = Attributes(owner=member) if step.into == OWNER else Attributes()
    values = {} if step.into == OWNER else {step.into: list(dict.fromkeys([*kept, member]))}
    try:
        await change_record(
            connection, row["record_id"], values=values, now=situation.now, revision=row["record_revision"], origin=origin,
            **attributes,
        )  # fmt: skip
    except RecordChangedError as error:
        raise ChangedMeanwhileError from error


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
