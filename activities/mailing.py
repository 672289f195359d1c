"""Mail: a message for the mail server, and what the server's answers mean."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from typing import Any

import aiosmtplib

from activities.failures import NotSentError
from activities.mail_addresses import mailbox, one_line, read_mailbox
from activities.settings import Settings
from activities.smtp_pool import SmtpPool
from automations.failures import ExpectedFailure
from automations.html_text import text_of

SendMail = Callable[[EmailMessage, Settings], Awaitable[list[str]]]
"""What `MailServer.send` does."""


@dataclass(frozen=True)
class Attachment:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """A mail to be. `key` is what its Message-ID is made from: a mailbox that gets a repeat can tell.

    `sender` and `reply_to` may have a name before the address. With `html` alone, the plain text is made from it.
    """

    sender: str
    recipients: Sequence[str]
    subject: str
    key: str
    at: datetime
    body: str = ""
    html: str | None = None
    cc: Sequence[str] = ()
    reply_to: str | None = None
    attachments: Sequence[Attachment] = ()
    unsubscribe_url: str | None = None


class _WholeHeader(UnstructuredHeader):
    """Stays on one line, however long: a URL that is folded or encoded is none to those who read it."""

    def fold(self: Any, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("List-Unsubscribe", _WholeHeader)  # pyright: ignore[reportArgumentType] (it is joined to the base class)
_POLICY = default.clone(header_factory=_HEADERS)


def build(mail: Mail, settings: Settings) -> EmailMessage:
    """Raises InvalidMailboxError for an address that is none."""
    message = EmailMessage(_POLICY)
    sender, ours = read_mailbox(mail.sender), read_mailbox(settings.mail_from)
    message["From"] = sender
    if sender.addr_spec != ours.addr_spec:
        message["Sender"] = ours
    message["To"] = _mailboxes(mail.recipients)
    if mail.cc:
        message["Cc"] = _mailboxes(mail.cc)
    if mail.reply_to:
        message["Reply-To"] = read_mailbox(mail.reply_to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.key.replace(':', '.')}@everstep>"
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    _fill(message, mail)
    return message


def _mailboxes(addresses: Sequence[str]) -> list[Address]:
    return [mailbox(address) for address in addresses]


def _fill(message: EmailMessage, mail: Mail) -> None:
    message.set_content(mail.body or text_of(mail.html or ""))
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for attachment in mail.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        message.add_attachment(attachment.content, maintype=kind, subtype=subtype, filename=one_line(attachment.name))


async def send(message: EmailMessage, settings: Settings) -> list[str]:
    """On a connection of its own: see `MailServer.send`."""
    async with aclosing(MailServer()) as server:
        return await server.send(message, settings)


class MailServer:
    """Sends over connections that it keeps, until it is closed."""

    def __init__(self) -> None:
        self.pool = SmtpPool()

    async def aclose(self) -> None:
        await self.pool.close()

    async def send(self, message: EmailMessage, settings: Settings) -> list[str]:
        """Who was refused while others were not: a second try would tell those twice.

        A server that refuses the mail for good is an expected failure; one that is away, or busy, an unexpected one:
        NotSentError where it certainly did not take the mail.
        """
        sender = settings.mail_bounces_to or read_mailbox(settings.mail_from).addr_spec
        recipients = [address.addr_spec for name in ("To", "Cc") if message[name] for address in message[name].addresses]
        try:
            return await self.pool.send(message, sender, recipients, settings)
        except NotSentError as error:
            refused = _refusal(error.__cause__)
            if refused is None:
                raise
            raise refused from error


def _refusal(error: BaseException | None) -> ExpectedFailure | None:
    """None for what another try may change."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=refused) if all(each.code >= 500 for each in refused):
            return _refused(f"the recipients: {refused[0].message}")
        case aiosmtplib.SMTPResponseException(code=code, message=said) if code >= 500:
            return _refused(f"the mail: {code} {said}")
        case aiosmtplib.SMTPNotSupported(message=said):
            return _refused(f"the mail: {said}")
        case _:
            return None


def _refused(what: str) -> ExpectedFailure:
    return ExpectedFailure("mail_refused", f"The mail server refuses {what.rstrip('.')}.")
