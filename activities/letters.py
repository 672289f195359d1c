"""Mails of steps, on their way out: the same in the list of messages, in the mail server and in the history."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from activities.mail_addresses import one_line
from activities.mailing import Attachment, Mail, build
from activities.members import members_of
from activities.message_texts import Texts
from activities.sending import Sent, deliver
from activities.services import Services
from activities.situation import Situation
from automations.steps.mails import MailTexts
from store.database import Connection
from store.messages import NewMessage


@dataclass(frozen=True)
class Letter:
    """What all mails of a step share: all but who gets it."""

    sender: str
    texts: Texts
    cc: Sequence[str] = ()
    reply_to: str | None = None
    attachments: Sequence[Attachment] = ()
    with_link: bool = False


async def copied_to(connection: Connection, step: MailTexts, situation: Situation) -> list[str]:
    """Each address once; nobody at all is no failure."""
    members = [member for each in step.cc for member in await members_of(connection, each, situation)]
    return list(dict.fromkeys(member["email"] for member in members))


async def delivered(
    letter: Letter, recipients: Sequence[str], situation: Situation, services: Services, record_id: UUID | None, place: int = 0
) -> Any:
    """The row of the message. What was handed over before is said again as it was said then."""
    settings, texts, key = services.settings, letter.texts, situation.key
    token = secrets.token_urlsafe(32) if letter.with_link and settings.public_url else None
    new = NewMessage(
        key.execution_id, key.sequence, "email", letter.sender, recipients, place, record_id, letter.cc, texts.subject,
        texts.body, texts.html, texts.template, token,
    )  # fmt: skip

    async def send(row: Any) -> Sent:
        link = f"{settings.public_url}/unsubscribe/{row['unsubscribe_token']}" if row["unsubscribe_token"] else None
        mail = Mail(
            row["sender"], row["recipients"], row["subject"], f"{key}:{place}" if place else str(key), situation.now,
            body=row["body"], html=row["html"], cc=row["cc"], reply_to=letter.reply_to, attachments=letter.attachments,
            unsubscribe_url=link,
        )  # fmt: skip
        return Sent(refused=await services.send_mail(build(mail, settings), settings))

    return await deliver(services, new, send, attempt=situation.attempt, now=situation.now)


def told(row: Any) -> dict[str, Any]:
    """For the history."""
    refused = list(row["refused"])
    parts = {"cc": [address for address in row["cc"] if address not in refused], "refused": refused, "template": row["template"]}
    to = [address for address in row["recipients"] if address not in refused]
    return {"to": to, "subject": one_line(row["subject"]), "message": str(row["id"])} | {
        name: value for name, value in parts.items() if value
    }
