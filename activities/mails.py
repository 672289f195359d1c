"""Steps that write mails to the people of records."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from activities.letters import Letter, copied_to, delivered, told
from activities.mail_addresses import InvalidMailboxError, mailbox, one_line, read_mailbox
from activities.mailing import Attachment
from activities.message_texts import mail_texts
from activities.named_records import definition_of_contact, named_records
from activities.registry import runs
from activities.results import Key, Result
from activities.services import Services
from activities.situation import Situation
from automations.errors import EverstepError
from automations.failures import ExpectedFailure
from automations.fields import ObjectDefinition
from automations.steps.mails import PeoplesMail, SendEmail, SendRelatedContactEmail
from automations.steps.records import MAX_CONTACTS, describe_records
from store.database import Connection
from store.files import list_files, read_files
from store.messages import places_taken
from store.records import list_records_by_ids
from store.suppressions import suppressed_among
from store.team import list_employees_by_ids

MAX_ATTACHED = 25 * 1024 * 1024
"""Bytes of all that is attached to a mail: mail servers take little more."""


@runs("send_email")
async def send_email(step: SendEmail, situation: Situation, services: Services) -> Result:
    async with services.database.connection() as connection:
        letter = await _letter(connection, step, situation, services)
        row = situation.row
        address = _address(situation.definition, row["field_values"], step.to, row["record_name"])
        await _refuse_suppressed(connection, address)
    sent = await delivered(letter, [address], situation, services, row["record_id"])
    return Result(output=told(sent))


@runs("send_related_contact_email")
async def send_related_contact_email(step: SendRelatedContactEmail, situation: Situation, services: Services) -> Result:
    """What can be sent is sent; it fails if nothing can."""
    async with services.database.connection() as connection:
        contacts = await _contacts(connection, step, situation)
        letter = await _letter(connection, step, situation, services)
        places = await _places(connection, situation.key, contacts)
    sent, left_out = list[Any](), list[tuple[Any, EverstepError]]()
    for contact in contacts:
        try:
            sent.append(await _sent_to(contact, step.to, letter, situation, services, places[contact["id"]]))
        except EverstepError as failure:
            left_out.append((contact, failure))
    if not sent:
        raise left_out[0][1]
    those = [{"record": str(contact["id"]), "code": error.code, "sentence": error.sentence} for contact, error in left_out]
    return Result(output={"sent": [told(row) for row in sent], **({"left_out": those} if those else {})})


async def _letter(connection: Connection, step: PeoplesMail, situation: Situation, services: Services) -> Letter:
    owner = await _owner(connection, situation)
    return Letter(
        _sender(step, situation, owner, services.settings.mail_from),
        await mail_texts(connection, step, situation, services),
        await copied_to(connection, step, situation),
        _reply_to(step, situation, owner),
        await _attached(connection, step, situation),
        step.unsubscribe,
    )


async def _owner(connection: Connection, situation: Situation) -> Any | None:
    """If the record has an active one."""
    owner = situation.row["owner_id"]
    rows = await list_employees_by_ids(connection, [owner]) if owner else []
    return next((row for row in rows if row["active"]), None)


def _sender(step: PeoplesMail, situation: Situation, owner: Any | None, ours: str) -> str:
    """The business, where there is no owner."""
    if step.from_owner and owner is not None:
        return str(mailbox(owner["email"], owner["name"]))
    if step.from_name and (name := one_line(situation.render(step.from_name))):
        return str(mailbox(read_mailbox(ours).addr_spec, name))
    return ours


def _reply_to(step: PeoplesMail, situation: Situation, owner: Any | None) -> str | None:
    if step.reply_to == "owner":
        return str(mailbox(owner["email"], owner["name"])) if owner else None
    written = situation.render(step.reply_to or "").strip()
    if not written:
        return None
    try:
        return str(read_mailbox(written))
    except InvalidMailboxError as error:
        raise ExpectedFailure("invalid_address", f"Answers cannot go to reply_to: {error}.") from error


async def _attached(connection: Connection, step: PeoplesMail, situation: Situation) -> list[Attachment]:
    """Raises ExpectedFailure `unknown_field`, `unknown_file` and `attachments_too_large`."""
    named = [(attached.field, id) for attached in step.attachments for id in situation.field(attached.field) or []]
    ids = [_file_id(field, id) for field, id in named]
    known = await list_files(connection, ids)
    for (field, id), file_id in zip(named, ids, strict=True):
        if file_id not in known:
            raise _unknown_file(field, id)
    size = sum(row["size"] for row in known.values())
    if size > MAX_ATTACHED:
        said = f"What is to be attached has {size:,} bytes; a mail takes {MAX_ATTACHED:,}."
        raise ExpectedFailure("attachments_too_large", said)
    files = await read_files(connection, ids) if ids else {}
    found = [files[id] for id in dict.fromkeys(ids)]
    return [Attachment(row["name"], row["media_type"], row["content"]) for row in found]


def _file_id(field: str, written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError:
        raise _unknown_file(field, written) from None


def _unknown_file(field: str, id: str) -> ExpectedFailure:
    return ExpectedFailure("unknown_file", f"The field {field} names {id[:100]!r}, which is no file (any more).")


def _address(definition: ObjectDefinition | None, values: Any, name: str | None, called: str) -> str:
    """In that field, or in the first email field. Raises ExpectedFailure `unknown_field` and `no_recipient`."""
    assert definition is not None, "the step needs a record"
    fields = [field for field in definition.fields if field.type == "email" and name in (None, field.name)]
    if not fields:
        wanted = f"email field {name}" if name else "email field"
        raise ExpectedFailure("unknown_field", f"{definition.name} has no {wanted} (any more).")
    address = values.get(fields[0].name)
    if not address:
        raise ExpectedFailure("no_recipient", f"There is nobody to write to: {called} has no {fields[0].name}.")
    return address


async def _refuse_suppressed(connection: Connection, address: str) -> None:
    if await suppressed_among(connection, "email", [address]):
        raise ExpectedFailure("suppressed", f"{address} gets no mails any more: it is on the list of suppressions.")


async def _contacts(connection: Connection, step: SendRelatedContactEmail, situation: Situation) -> list[Any]:
    """Rows of those that are not archived. Raises ExpectedFailure `unknown_field`, `too_many_records` and `no_recipient`."""
    ids = await named_records(connection, step.contact, situation, most=MAX_CONTACTS)
    rows = {row["id"]: row for row in await list_records_by_ids(connection, ids)}
    found = [rows[id] for id in ids if id in rows and rows[id]["archived_at"] is None]
    if not found:
        raise ExpectedFailure("no_recipient", f"There is nobody to write to: {describe_records(step.contact)} leads to nobody.")
    return found[:1] if step.which == "first" else found


async def _places(connection: Connection, key: Key, contacts: Sequence[Any]) -> dict[UUID, int]:
    """Whoever has a place keeps it: on a second attempt others may have come or gone."""
    rows = await places_taken(connection, key.execution_id, key.sequence)
    taken = {row["record_id"]: row["place"] for row in rows if row["record_id"]}
    free = max(taken.values(), default=-1) + 1
    new = [contact["id"] for contact in contacts if contact["id"] not in taken]
    return taken | {id: free + index for index, id in enumerate(new)}


async def _sent_to(contact: Any, field: str | None, letter: Letter, situation: Situation, services: Services, place: int) -> Any:
    async with services.database.connection() as connection:
        definition = await definition_of_contact(connection, contact, services.definitions)
        address = _address(definition, contact["field_values"], field, contact["name"])
        await _refuse_suppressed(connection, address)
    return await delivered(letter, [address], situation, services, contact["id"], place)
